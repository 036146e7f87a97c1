package logtest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// testReopenRest closes and opens a log with timers, cursors, notes, and the receipt of an append without events.
func testReopenRest(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	f := s.set(t, timeout(o, "a"), longAgo)
	a := s.bare(o)
	a.Timers = []eventlog.Timer{{TimerKey: timeout(o, "b"), After: time.Hour, Data: raw("1")}}
	s.append(t, a)
	cursor := eventlog.Cursor{Place: position.Place{Epoch: 1, Seq: 2}, Hash: "h"}
	if err := s.log.SetCursor(s.ctx, "reader", 2, cursor); err != nil {
		t.Fatal(err)
	}
	s.note(t, "first", "1", 2, false)
	s.note(t, "second", "2", 2, false)
	timers := s.timers(t, 0, eventlog.TimeoutTimer)
	s.log = s.features.Reopen(t, s.log)
	if d := cmp.Diff(timers, s.timers(t, 0, eventlog.TimeoutTimer)); d != "" || len(timers) != 2 {
		t.Fatalf("the timers differ: %s", d)
	}
	if d := s.due(t, 0, eventlog.TimeoutTimer, 9); names(d.Timers) != "[a]" || d.Next <= 0 {
		t.Fatalf("due: %+v", d)
	}
	if r := s.append(t, a); !r.Duplicate {
		t.Fatal("the receipt is forgotten")
	}
	fire := s.step(o, 0, nil)
	fire.Fire = &f
	s.append(t, fire)
	if c, err := s.log.Cursor(s.ctx, "reader", 2); err != nil || c != cursor {
		t.Fatalf("cursor %+v, %v", c, err)
	}
	s.note(t, "third", "3", 2, false)
	if got := s.noteIDs(t, "rejected", 9); got != "third second" {
		t.Fatal(got)
	}
}
