// Package testmongo gives tests a server that speaks MongoDB's protocol: the one that MONGODB_URI names, else an embedded FerretDB, built
// from the module beside this package and run for as long as the test binary.
package testmongo

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Database returns the name of a database that no other test uses, and drops it when the test ends.
func Database(t testing.TB, uri string) string {
	t.Helper()
	name := fmt.Sprintf("daybook_test_%x", rand.Text())[:36]
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 30*time.Second) // the test's own context has ended
		defer stop()
		client, err := mongo.Connect(options.Client().ApplyURI(uri))
		if err != nil {
			t.Error(err)
			return
		}
		if err := errors.Join(client.Database(name).Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return name
}

// URI returns the URI of a server to test with. Each test must use a database of its own (see Database). Where neither MONGODB_URI is set nor
// FerretDB can be built, the test is skipped, loudly; with DAYBOOK_TEST_STRICT=1 it fails.
func URI(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		return uri
	}
	uri, err := embedded()
	if err == nil {
		return uri
	}
	without(t, err)
	return ""
}

// without ends a test that has no server.
func without(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("DAYBOOK_TEST_STRICT") == "1" {
		t.Fatalf("no MongoDB to test with (DAYBOOK_TEST_STRICT=1): %v", err)
	}
	fmt.Fprintf(os.Stderr, "\n*** %s IS SKIPPED: no MongoDB to test with. Set MONGODB_URI, or let FerretDB be built: %v\n\n", t.Name(), err)
	t.Skipf("no MongoDB to test with: %v", err)
}

// embedded starts one server per test binary. It is never stopped here: it ends when its standard input closes, which the end of this process
// does however it comes about, and removes its files.
var embedded = sync.OnceValues(func() (string, error) {
	program, err := build()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "daybook-ferretdb-*")
	if err != nil {
		return "", err
	}
	_, stdin, uri, err := start(program, "-dir", dir)
	kept = append(kept, stdin) // else the garbage collector closes it
	return uri, err
})

// start runs the program until its standard input closes or it is killed.
func start(program string, args ...string) (*exec.Cmd, io.Closer, string, error) {
	cmd := exec.Command(program, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, "", err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = stdin.Close()
		return nil, nil, "", fmt.Errorf("FerretDB did not start (%w): %w", cmd.Wait(), err)
	}
	return cmd, stdin, strings.TrimSpace(line), nil
}

// kept holds the standard inputs of the servers that run.
var kept []io.Closer

// build returns the helper program, built once per version of its sources and kept in the user's cache, so that the test binaries of several packages share it.
func build() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	src := filepath.Join(filepath.Dir(file), "ferretdb")
	hash := sha256.New()
	for _, name := range []string{"main.go", "atomic.go", "go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join(src, name))
		if err != nil {
			return "", fmt.Errorf("the sources of the FerretDB helper: %w", err)
		}
		hash.Write(b)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "daybook-test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(dir, fmt.Sprintf("ferretdb-%s-%x", runtime.Version(), hash.Sum(nil)[:8]))
	unlock, err := lock(program + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	return program, compile(src, program)
}

func compile(src, program string) error {
	part := fmt.Sprintf("%s.%d", program, os.Getpid())
	cmd := exec.Command("go", "build", "-o", part, ".")
	cmd.Dir = src
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build of the FerretDB helper: %w\n%s", err, out)
	}
	return os.Rename(part, program)
}
