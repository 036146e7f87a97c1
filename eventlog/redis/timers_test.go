package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

var order = eventlog.Ref{Entity: "Order", ID: "o1"}

func timer(name string) eventlog.TimerKey {
	return eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: order, Name: name}
}

// A key of another type is found before anything is written, by the calls about timers, cursors and notes too.
func TestOtherKeysOfAnotherType(t *testing.T) {
	url := testredis.URL(t)
	c := client(t, url)
	fire := eventlog.Fire{TimerKey: timer("t"), Token: "c1"}
	notes := func(l eventlog.Log) error {
		_, err := l.RemoveNote(t.Context(), "k", "a")
		return errors.Join(err, l.AddNote(t.Context(), "k", eventlog.Note{ID: "b"}, 9, false))
	}
	for what, call := range map[string]func(l eventlog.Log) error{
		"timers:timeout":      func(l eventlog.Log) error { _, err := l.MoveTimer(t.Context(), fire, -1); return err },
		"timers:timeout:data": func(l eventlog.Log) error { _, err := l.MoveTimer(t.Context(), fire, 0); return err },
		"cursors":             func(l eventlog.Log) error { return l.SetCursor(t.Context(), "a", 0, eventlog.Cursor{}) },
		"notes:k":             notes,
		"notedata:k":          notes,
	} {
		prefix := testredis.Prefix(t)
		l := open(t, url, prefix)
		a := logtest.Step(order, 0, "c1", nil)
		a.Timers = []eventlog.Timer{{TimerKey: timer("t"), After: time.Hour}}
		if _, err := l.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := l.AddNote(t.Context(), "k", eventlog.Note{ID: "a"}, 9, false); err != nil {
			t.Fatal(err)
		}
		for p := range logtest.Partitions { // whichever partition keeps it
			if err := c.Del(t.Context(), key(prefix, p, what)).Err(); err != nil {
				t.Fatal(err)
			}
			if err := c.SAdd(t.Context(), key(prefix, p, what), "garbage").Err(); err != nil {
				t.Fatal(err)
			}
		}
		before := dump(t, c, prefix)
		if err := call(l); err == nil || !strings.Contains(err.Error(), "holds something else") {
			t.Errorf("%s is a set: %v", what, err)
		}
		if after := dump(t, c, prefix); after != before {
			t.Errorf("%s is a set: the refused call wrote\n%s\nbefore\n%s", what, after, before)
		}
	}
}

// Timers alone are all or nothing too when the memory ends.
func TestOutOfMemoryWithTimers(t *testing.T) {
	s := testredis.Start(t, testredis.Args("--maxmemory", "4mb"))
	l := open(t, s.URL, "x")
	set := map[string]bool{}
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		a := logtest.Step(order, 0, fmt.Sprintf("c%d", i), nil)
		a.Events, a.Conditions = nil, nil
		for _, name := range []string{"a", "b"} {
			a.Timers = append(a.Timers, eventlog.Timer{TimerKey: timer(fmt.Sprint(name, i)), After: time.Hour, Data: []byte(`"` + strings.Repeat("x", 20_000) + `"`)})
		}
		if _, full = l.Append(t.Context(), a); full == nil {
			set[fmt.Sprint("a", i)], set[fmt.Sprint("b", i)] = true, true
		}
	}
	if full == nil || !strings.Contains(full.Error(), "out of memory") || len(set) == 0 {
		t.Fatalf("after %d timers: %v", len(set), full)
	}
	got, err := l.Timers(t.Context(), l.PartitionOf(order), eventlog.TimeoutTimer, nil, eventlog.MaxTimers)
	if err != nil || len(got) != len(set) {
		t.Fatalf("%d timers, %d were set: %v", len(got), len(set), err)
	}
	for _, one := range got {
		if !set[one.Name] {
			t.Errorf("%s was not acknowledged", one.Name)
		}
	}
}

// A timer whose data is gone is no timer that is not there: somebody has to know.
func TestTimerWithoutData(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	l, c := open(t, url, prefix), client(t, url)
	a := logtest.Step(order, 0, "c1", nil)
	a.Timers = []eventlog.Timer{{TimerKey: timer("t"), At: time.Unix(1, 0)}}
	if _, err := l.Append(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	p := l.PartitionOf(order)
	if err := c.Del(t.Context(), key(prefix, p, "timers:timeout:data")).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Due(t.Context(), p, eventlog.TimeoutTimer, 1); err == nil || !strings.Contains(err.Error(), "lost a part") {
		t.Errorf("due: %v", err)
	}
	if _, err := l.Timers(t.Context(), p, eventlog.TimeoutTimer, nil, 1); err == nil || !strings.Contains(err.Error(), "lost a part") {
		t.Errorf("timers: %v", err)
	}
}

// Lowering how many notes are kept takes several calls, each of a bounded number.
func TestNotesAreTrimmedInPieces(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	l, c := open(t, url, prefix), client(t, url)
	add := func(id string, keep int) {
		t.Helper()
		if err := l.AddNote(t.Context(), "k", eventlog.Note{ID: id}, keep, false); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 250 {
		add(fmt.Sprint(i), 1000)
	}
	for i, want := range []int64{151, 52, 10, 10} {
		add(fmt.Sprint("more", i), 10)
		notes, data := c.ZCard(t.Context(), key(prefix, 0, "notes:k")).Val(), c.HLen(t.Context(), key(prefix, 0, "notedata:k")).Val()
		if notes != want || data != want {
			t.Fatalf("after %d more: %d notes, data of %d, want %d", i+1, notes, data, want)
		}
	}
}
