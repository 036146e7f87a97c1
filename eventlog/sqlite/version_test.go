package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
)

// version1 makes a file as the first release did, with one event.
func version1(t *testing.T, path string, o eventlog.Ref) {
	t.Helper()
	tables, err := os.ReadFile(filepath.Join("testdata", "version1.sql"))
	if err != nil {
		t.Fatal(err)
	}
	change(t, path, string(tables))
	change(t, path, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 1; PRAGMA journal_mode = WAL", 0x44627931))
	change(t, path, "INSERT INTO settings VALUES ('partitions', ?)", fmt.Sprint(logtest.Partitions))
	at := entry.FormatTime(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	p := eventlog.PartitionOf(o, logtest.Partitions)
	e := entry.Entry{
		Partition: p, Seq: 1, Version: 1, At: at, Input: "{}", Changes: "[]",
		Meta: fmt.Sprintf(`{"e":%q,"i":%q,"n":"Placed","t":"PLACED","cmd":"old"}`, o.Entity, o.ID),
	}
	for i := range logtest.Partitions {
		change(t, path, "INSERT INTO partitions (partition) VALUES (?)", i)
	}
	change(t, path, "UPDATE partitions SET seq = 1, hash = ?, clock = ? WHERE partition = ?", e.Sum(), at, p)
	change(t, path, "INSERT INTO events VALUES (?, 0, 1, 0, ?, '', ?, ?, ?, ?)", p<<47+1, at, e.Sum(), e.Meta, e.Changes, e.Input)
	change(t, path, "INSERT INTO heads VALUES (?, ?, 1, 'PLACED', 0, 0, 1, ?, ?, '{}')", o.Entity, o.ID, at, at)
}

// A file of version 1 opens, has its events still, and takes timers, cursors and notes from then on.
func TestVersion1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	o := eventlog.Ref{Entity: "Order", ID: "o1"}
	version1(t, path, o)
	for i, l := range []eventlog.Log{open(t, path), open(t, path)} { // the second finds it up to date
		p := l.PartitionOf(o)
		a := logtest.Step(o, int64(i+1), fmt.Sprintf("c%d", i), nil)
		a.Timers = []eventlog.Timer{{TimerKey: eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: o, Name: fmt.Sprint(i)}, At: time.Unix(1, 0)}}
		if _, err := l.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if events := logtest.ReadAll(t.Context(), t, l, p); len(events) != i+2 || events[0].Name != "Placed" {
			t.Fatalf("events %+v", events)
		}
		if d, err := l.Due(t.Context(), p, eventlog.TimeoutTimer, 10); err != nil || len(d.Timers) != i+1 {
			t.Fatalf("due %+v, %v", d, err)
		}
		if err := l.AddNote(t.Context(), "k", eventlog.Note{ID: "a"}, 1, true); err != nil {
			t.Fatal(err)
		}
		if err := l.SetCursor(t.Context(), "r", p, eventlog.Cursor{}); err != nil {
			t.Fatal(err)
		}
	}
	var version int
	if err := database(t, path).QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 2 {
		t.Fatalf("version %d, %v", version, err)
	}
}

// The tables of an upgraded file are those of a new one.
func TestUpgradedTables(t *testing.T) {
	old, fresh := filepath.Join(t.TempDir(), "old.db"), filepath.Join(t.TempDir(), "new.db")
	version1(t, old, eventlog.Ref{Entity: "Order", ID: "o1"})
	tables := func(path string) (out []string) {
		open(t, path).Close()
		rows, err := database(t, path).Query("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name, sql string
			if err := rows.Scan(&name, &sql); err != nil {
				t.Fatal(err)
			}
			out = append(out, name+": "+sql)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if a, b := fmt.Sprint(tables(old)), fmt.Sprint(tables(fresh)); a != b {
		t.Fatalf("%s\n\n%s", a, b)
	}
}

// Lowering how many notes are kept takes several calls, each of a bounded number; the count stays right all the while.
func TestNotesAreTrimmedInPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := open(t, path)
	add := func(id string, keep int) {
		t.Helper()
		if err := l.AddNote(t.Context(), "k", eventlog.Note{ID: id}, keep, false); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 250 {
		add(fmt.Sprint(i), 1000)
	}
	for i, want := range []int{151, 52, 10, 10} {
		add(fmt.Sprint("more", i), 10)
		var rows, count int
		if err := database(t, path).QueryRow("SELECT count(*), (SELECT count FROM note_counts WHERE kind = 'k') FROM notes").Scan(&rows, &count); err != nil {
			t.Fatal(err)
		}
		if rows != want || count != want {
			t.Fatalf("after %d more: %d notes, %d counted, want %d", i+1, rows, count, want)
		}
	}
}
