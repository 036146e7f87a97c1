package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/eventlog/sqlite"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		appendForever(path)
	}
	goleak.VerifyTestMain(m)
}

// files remembers which file a test's log is in.
type files struct{ path string }

func (f *files) open(t *testing.T) eventlog.Log {
	t.Helper()
	f.path = filepath.Join(t.TempDir(), "log ?#%.db") // what a URL would trip over
	return open(t, f.path)
}

func open(t testing.TB, path string) *sqlite.Log {
	t.Helper()
	l, err := sqlite.Open(t.Context(), path, sqlite.Options{Partitions: logtest.Partitions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func database(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func change(t testing.TB, path, query string, args ...any) {
	t.Helper()
	db := database(t, path)
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestLog(t *testing.T) {
	f := &files{}
	logtest.Run(t, f.open, logtest.Features{
		Durability: "fsync",
		Reopen: func(t *testing.T, l eventlog.Log) eventlog.Log {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, f.path)
		},
		LoseTail: func(t *testing.T, _ eventlog.Log, partition int, keep uint64, hash string) {
			change(t, f.path, "DELETE FROM events WHERE place > ? AND place < ?", partition<<47+int(keep), (partition+1)<<47)
			change(t, f.path, "UPDATE partitions SET seq = ?, hash = ? WHERE partition = ?", keep, hash, partition)
		},
		Tamper: func(t *testing.T, _ eventlog.Log, partition int, seq uint64) {
			change(t, f.path, `UPDATE events SET input = '{"step":null}' WHERE place = ?`, partition<<47+int(seq))
		},
		Fork: func(t *testing.T, _ eventlog.Log, partition int, seq uint64, prev string) {
			place := partition<<47 + int(seq)
			e := entry.Entry{Partition: partition, Seq: seq, Prev: prev}
			db := database(t, f.path)
			err := db.QueryRow("SELECT epoch, version, back, at, meta, changes, input FROM events WHERE place = ?", place).
				Scan(&e.Epoch, &e.Version, &e.Back, &e.At, &e.Meta, &e.Changes, &e.Input)
			if err != nil {
				t.Fatal(err)
			}
			change(t, f.path, "UPDATE events SET prev = ?, hash = ? WHERE place = ?", prev, e.Sum(), place)
		},
	})
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.db")
	change(t, other, "CREATE TABLE theirs (x)")
	newer := filepath.Join(dir, "newer.db")
	open(t, newer).Close()
	change(t, newer, "PRAGMA user_version = 3")
	for _, c := range []struct {
		path string
		o    sqlite.Options
		want string
	}{
		{garbage, sqlite.Options{}, "not a Daybook log"},
		{other, sqlite.Options{}, "another program"},
		{newer, sqlite.Options{}, "version 3"},
		{dir, sqlite.Options{}, "no file"},
		{filepath.Join(dir, "no", "such", "folder.db"), sqlite.Options{}, "folder"},
		{"", sqlite.Options{}, "path"},
		{":memory:", sqlite.Options{}, "path"},
		{filepath.Join(dir, "x.db"), sqlite.Options{Partitions: -1}, "partitions"},
		{filepath.Join(dir, "x.db"), sqlite.Options{Partitions: eventlog.MaxPartitions + 1}, "partitions"},
		{filepath.Join(dir, "x.db"), sqlite.Options{ReceiptWindow: time.Second}, "receipt window"},
	} {
		l, err := sqlite.Open(t.Context(), c.path, c.o)
		if err == nil {
			l.Close()
			t.Errorf("%s opened", c.path)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", c.path, err, c.want)
		}
	}
}

// A log that has to be there is not made, and its file is not either.
func TestOpenExisting(t *testing.T) {
	dir := t.TempDir()
	none, empty, there := filepath.Join(dir, "none.db"), filepath.Join(dir, "empty.db"), filepath.Join(dir, "there.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{none, empty} {
		if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Existing: true}); !errors.Is(err, eventlog.ErrNoLog) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := os.Stat(none); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	open(t, there)
	l, err := sqlite.Open(t.Context(), there, sqlite.Options{Existing: true})
	if err != nil || l.Partitions() != 4 {
		t.Fatal(err)
	}
	l.Close()
}

func TestPartitionsAreFixed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	open(t, path)
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{Partitions: 9})
	if !errors.Is(err, eventlog.ErrPartitions) || !strings.Contains(err.Error(), "has 4, not 9") {
		t.Fatalf("%v", err)
	}
	l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil || l.Partitions() != 4 {
		t.Fatalf("taking what is there: %v", err)
	}
	l.Close()
}

// Another process's appends wake a waiting read: here another Log on the same file, which shares nothing in memory.
func TestReadSeesOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	here, there := open(t, path), open(t, path)
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	got := make(chan error, 1)
	go func() {
		events, err := here.Read(t.Context(), here.PartitionOf(ref), 0, "", 1, 20*time.Second)
		if err == nil && len(events) != 1 {
			err = fmt.Errorf("%d events", len(events))
		}
		got <- err
	}()
	start := time.Now()
	if _, err := there.Append(t.Context(), logtest.Step(ref, 0, "c1", nil)); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("it took %s", took)
	}
}

func TestReceiptsAreForgottenAfterTheWindow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := open(t, path)
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	if _, err := l.Append(t.Context(), logtest.Step(ref, 0, "c1", nil)); err != nil {
		t.Fatal(err)
	}
	change(t, path, "UPDATE receipts SET kept_from = kept_from - 8*24*3600")
	for v := int64(1); v < 70; v++ {
		if _, err := l.Append(t.Context(), logtest.Step(ref, v, fmt.Sprintf("more-%d", v), nil)); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[string]bool{"c1": false, "more-1": true} {
		loaded, err := l.Load(t.Context(), eventlog.Load{Primary: ref, CommandID: id})
		if err != nil || (loaded.Receipt != nil) != want {
			t.Fatalf("receipt of %s: %+v, %v", id, loaded, err)
		}
	}
}

func TestPlacementIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	logtest.RunPlacement(t, func(p eventlog.Placement) (eventlog.Log, error) {
		return sqlite.Open(t.Context(), path, sqlite.Options{Partitions: logtest.Partitions, Placement: p})
	})
}
