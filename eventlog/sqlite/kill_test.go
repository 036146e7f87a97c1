package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/eventlog/sqlite"
)

const childEnv = "DAYBOOK_TEST_CHILD_LOG"

// appendForever is the child: eight callers append and name on stdout every append that was acknowledged, until the process is killed.
func appendForever(path string) {
	l, err := sqlite.Open(context.Background(), path, sqlite.Options{Partitions: logtest.Partitions})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for v := int64(0); ; v++ {
				ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprintf("o%d-%d", os.Getpid(), n)}
				if _, err := l.Append(context.Background(), logtest.Step(ref, v, fmt.Sprintf("%s-%d", ref.ID, v), nil)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				mu.Lock()
				fmt.Printf("%s %d\n", ref.ID, v+1)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// Kill -9 loses no acknowledged append and leaves a whole chain, again and again on one file.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	acknowledged := map[eventlog.Ref]int64{}
	for range 3 {
		killChildAfter(t, path, 200, acknowledged)
		l := open(t, path)
		logtest.CheckAcknowledged(t.Context(), t, l, acknowledged)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func killChildAfter(t *testing.T, path string, appends int, acknowledged map[eventlog.Ref]int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		ref := eventlog.Ref{Entity: "Order"}
		var version int64
		if _, err := fmt.Sscan(lines.Text(), &ref.ID, &version); err != nil {
			break // the last line may be cut
		}
		acknowledged[ref] = version
		if n == appends {
			cmd.Process.Kill() //nolint:errcheck // it is ours and alive; what it still wrote is read to the end
		}
	}
	cmd.Wait() //nolint:errcheck // killed: it always fails
	if len(acknowledged) == 0 {
		t.Fatal("the child appended nothing")
	}
}
