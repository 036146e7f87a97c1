// Package teststore runs the program of this checkout as a process of its own, as its users do, so that tests may kill it.
package teststore

import (
	"bufio"
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/internal/testsrc"
)

// Main runs the tests of a package that uses Spawn. TestMain calls it.
func Main(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// built is the directory of the program, "" as long as no test has asked for it.
var built string

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "daybook-test-*")
	if err != nil {
		return "", err
	}
	built = dir
	file := filepath.Join(dir, "daybook")
	cmd := exec.Command("go", "build", "-o", file, ".")
	cmd.Dir = testsrc.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

// Process is the program running.
type Process struct {
	Addr string // "127.0.0.1:12345"
	Cmd  *exec.Cmd

	t    testing.TB
	args []string
	logs bytes.Buffer // what it logged, for tests that fail
}

// Spawn starts the program on a free port, and ends it with the test.
func Spawn(t testing.TB, args ...string) *Process {
	t.Helper()
	testsrc.Look(t)
	p := &Process{t: t, args: args}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the process %s logged:\n%s", args, &p.logs)
		}
	})
	p.start("127.0.0.1:0")
	return p
}

// Command returns the program with these arguments, not started.
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	testsrc.Look(t)
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), file, args...)
}

var playground = regexp.MustCompile(`http://(\S+)/playground`)

func (p *Process) start(listen string) {
	p.t.Helper()
	file, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	p.Cmd = exec.Command(file, append([]string{"--listen", listen}, p.args...)...)
	p.Cmd.Stderr = &p.logs
	out, err := p.Cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.Cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := playground.FindStringSubmatch(lines.Text()); m != nil {
			p.Addr = m[1]
			return
		}
	}
	p.t.Fatal("it did not start")
}

// Kill ends the process as a power failure would. It may be called again.
func (p *Process) Kill() {
	if p.Cmd == nil || p.Cmd.Process == nil {
		return // it never started
	}
	p.Cmd.Process.Kill() //nolint:errcheck // it may have ended
	p.Cmd.Wait()         //nolint:errcheck // it was killed
}

// Restart starts the killed program again, on the same address and data.
func (p *Process) Restart() {
	p.t.Helper()
	p.Kill()
	p.start(p.Addr)
}

// GraphQL is the URL of the endpoint for everything.
func (p *Process) GraphQL() string { return "http://" + p.Addr + "/graphql" }

// Pairs runs a test on every pair of engines, with the arguments that name them.
func Pairs(t *testing.T, test func(t *testing.T, args []string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, []string{"--data", t.TempDir()}) })
	t.Run("redis and mongo", func(t *testing.T) { test(t, Servers(t)) })
}

// Servers returns the arguments for a Redis and a MongoDB of this test's own.
func Servers(t testing.TB) []string {
	t.Helper()
	uri, err := url.Parse(testmongo.URI(t))
	if err != nil {
		t.Fatal(err)
	}
	uri.Path = "/" + testmongo.Database(t, uri.String())
	return []string{"--redis-url", testredis.Start(t).URL, "--mongodb-uri", uri.String()}
}
