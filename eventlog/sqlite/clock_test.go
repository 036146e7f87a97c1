package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
)

// hands are a wall clock and a steady clock that a test moves.
type hands struct{ wall, steady atomic.Int64 }

func (h *hands) clock() *clock {
	return newClock(func() time.Time { return time.Unix(0, h.wall.Load()) }, func() time.Duration { return time.Duration(h.steady.Load()) })
}

// pass lets time go by, on both clocks.
func (h *hands) pass(d time.Duration) {
	h.wall.Add(int64(d))
	h.steady.Add(int64(d))
}

func openAt(t *testing.T, path string, h *hands) *Log {
	t.Helper()
	l, err := openWith(t.Context(), path, Options{Partitions: 1}, h.clock())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func newHands() *hands {
	h := &hands{}
	h.wall.Store(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixNano())
	h.steady.Store(int64(17 * time.Hour)) // whatever it counts from
	return h
}

// Timers go by the steady clock: what somebody does to the wall clock makes none due early, late or twice.
func TestWallClockSteps(t *testing.T) {
	h := newHands()
	path := filepath.Join(t.TempDir(), "log.db")
	l, other := openAt(t, path, h), openAt(t, path, h) // two processes
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	timer := func(name string) eventlog.Timer {
		return eventlog.Timer{TimerKey: eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: ref, Name: name}, After: 30 * time.Minute}
	}
	a := logtest.Step(ref, 0, "c1", nil)
	a.Timers = []eventlog.Timer{timer("before"), {TimerKey: timer("at").TimerKey, At: time.Unix(0, h.wall.Load()).Add(30 * time.Minute)}}
	if _, err := l.Append(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	due := func(what string, n int, next time.Duration) {
		t.Helper()
		for _, log := range []*Log{l, other} {
			d, err := log.Due(t.Context(), 0, eventlog.TimeoutTimer, 10)
			if err != nil || len(d.Timers) != n || d.Next != next {
				t.Fatalf("%s: %+v, %v, want %d and the next in %s", what, d, err, n, next)
			}
		}
	}
	due("at first", 0, 30*time.Minute)
	for _, step := range []time.Duration{time.Hour, -2 * time.Hour, time.Hour} { // the last one sets it right again
		h.wall.Add(int64(step))
		due("the wall clock went by "+step.String(), 0, 30*time.Minute)
	}
	h.wall.Add(int64(-time.Hour))
	b := logtest.Step(ref, 1, "c2", nil)
	b.Decided = time.Unix(0, h.wall.Load())
	b.Timers = []eventlog.Timer{timer("while it was wrong")}
	if _, err := l.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	h.pass(30*time.Minute - time.Millisecond)
	due("a millisecond before", 0, time.Millisecond)
	h.pass(time.Millisecond)
	due("half an hour later", 3, -1)
	fire := logtest.Step(ref, 2, "c3", nil)
	fire.Fire = &eventlog.Fire{TimerKey: timer("before").TimerKey, Token: "c1"}
	if _, err := l.Append(t.Context(), fire); err != nil {
		t.Fatal(err)
	}
	for _, step := range []time.Duration{time.Hour, -2 * time.Hour} {
		h.wall.Add(int64(step))
		due("fired, and the wall clock went by "+step.String(), 2, -1)
	}
	fire.CommandID = "c4"
	if _, err := l.Append(t.Context(), fire); !errors.Is(err, eventlog.ErrNoTimer) {
		t.Fatalf("fired twice: %v", err)
	}
}

// A move counts from the steady clock too.
func TestMoveAfterAStep(t *testing.T) {
	h := newHands()
	l := openAt(t, filepath.Join(t.TempDir(), "log.db"), h)
	k := eventlog.TimerKey{Kind: eventlog.CommandTimer, Ref: eventlog.Ref{Entity: "Order", ID: "o1"}, Name: "t"}
	a := logtest.Step(k.Ref, 0, "c1", nil)
	a.Timers = []eventlog.Timer{{TimerKey: k, After: time.Second}}
	if _, err := l.Append(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	h.wall.Add(int64(time.Hour))
	if is, err := l.MoveTimer(t.Context(), eventlog.Fire{TimerKey: k, Token: "c1"}, time.Minute); !is || err != nil {
		t.Fatal(is, err)
	}
	if d, err := l.Due(t.Context(), 0, eventlog.CommandTimer, 1); err != nil || len(d.Timers) != 0 || d.Next != time.Minute {
		t.Fatalf("%+v, %v", d, err)
	}
}

func TestSteadyClock(t *testing.T) {
	now := steadyClock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for start := now(); now()-start < 5*time.Millisecond; {
		if last := now(); now() < last {
			t.Fatal("it went back")
		}
		if ctx.Err() != nil {
			t.Fatal("it stands still")
		}
	}
}
