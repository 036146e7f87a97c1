package logtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// refused has an append that must be ErrNoTimer, and leave nothing behind.
func (s *suite) refused(t *testing.T, what string, a eventlog.Append) {
	t.Helper()
	before := s.head(t, a.Primary)
	if _, err := s.log.Append(s.ctx, a); !errors.Is(err, eventlog.ErrNoTimer) {
		t.Fatalf("%s: %v, want ErrNoTimer", what, err)
	}
	after := s.load(t, eventlog.Load{Primary: a.Primary, CommandID: a.CommandID})
	if d := cmp.Diff(before, after.Heads[a.Primary]); d != "" || after.Receipt != nil {
		t.Fatalf("%s: the refused append left a receipt %+v, and of the head %s", what, after.Receipt, d)
	}
}

func testFire(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	s.append(t, s.step(o, 0, nil))
	firing := func(f eventlog.Fire, version int64) eventlog.Append {
		a := s.step(o, version, nil)
		a.Fire = &f
		return a
	}
	f := s.set(t, timeout(o, "t"), longAgo)
	other := f
	other.Token = "cmd"
	s.refused(t, "another token", firing(other, 1))
	var conflict *eventlog.ConflictError
	if _, err := s.log.Append(s.ctx, firing(f, 7)); !errors.As(err, &conflict) {
		t.Fatalf("a wrong version: %v", err)
	}
	s.append(t, firing(f, 1)) // the conflict left the timer
	if n := len(s.timers(t, 0, eventlog.TimeoutTimer)); n != 0 {
		t.Fatalf("a fired timer is still there: %d", n)
	}
	s.refused(t, "fired before", firing(f, 2))
	s.refused(t, "fired before, and a wrong version", firing(f, 7))
	fresh := s.set(t, timeout(o, "t"), longAgo)
	s.refused(t, "set anew", firing(f, 2))
	again := firing(fresh, 2) // fires, and sets the same timer for the next time
	again.Timers = []eventlog.Timer{{TimerKey: fresh.TimerKey, After: time.Hour}}
	s.append(t, again)
	f.Token = again.CommandID
	s.refused(t, "set anew by the append that fired it", firing(fresh, 3))
	cancel := s.bare(o)
	cancel.Cancel = []eventlog.TimerKey{f.TimerKey}
	s.append(t, cancel)
	s.refused(t, "cancelled", firing(f, 3))
	f = s.set(t, timeout(o, "t"), longAgo)
	if is, err := s.log.MoveTimer(s.ctx, f, time.Hour); !is || err != nil {
		t.Fatal(is, err)
	}
	s.append(t, firing(f, 3)) // a move keeps the token
	f = s.set(t, timeout(o, "t"), longAgo)
	if is, err := s.log.MoveTimer(s.ctx, f, -1); !is || err != nil {
		t.Fatal(is, err)
	}
	s.refused(t, "moved away", firing(f, 4))
}

func testFireRetried(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	f := s.set(t, timeout(o, "t"), longAgo)
	a := s.step(o, 0, nil)
	a.Fire = &f
	first := s.append(t, a)
	s.set(t, timeout(o, "t"), longAgo) // the key has a timer again, under another token
	want := *first
	want.Duplicate = true
	if d := cmp.Diff(&want, s.append(t, a)); d != "" {
		t.Fatalf("the retry of a firing command: %s", d)
	}
	a.InputHash = "another"
	if _, err := s.log.Append(s.ctx, a); !errors.Is(err, eventlog.ErrCommandIDReused) {
		t.Fatalf("another input: %v", err)
	}
	if n := len(s.timers(t, 0, eventlog.TimeoutTimer)); n != 1 {
		t.Fatalf("%d timers", n)
	}
}

func testTimersOfRefused(t *testing.T, s *suite) {
	o, owner := s.refIn(0, 0), s.refIn(1, 0)
	kept := s.set(t, timeout(o, "kept"), longAgo)
	take := s.step(owner, 0, nil)
	take.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: owner}}
	s.append(t, take)
	conflict, claimed := s.step(o, 5, nil), s.step(o, 0, nil)
	claimed.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: o}}
	for what, a := range map[string]eventlog.Append{"conflict": conflict, "claim": claimed} {
		a.Timers = []eventlog.Timer{{TimerKey: timeout(o, "new"), After: time.Hour}}
		a.Cancel = []eventlog.TimerKey{kept.TimerKey}
		a.Fire = &kept
		if _, err := s.log.Append(s.ctx, a); err == nil {
			t.Fatalf("%s: it happened", what)
		}
		if got := s.timers(t, 0, eventlog.TimeoutTimer); len(got) != 1 || got[0].TimerKey != kept.TimerKey || got[0].Token != kept.Token {
			t.Fatalf("%s: the refused append left the timers %+v", what, got)
		}
	}
}

func testFireRace(t *testing.T, s *suite) {
	f := s.set(t, timeout(s.refIn(0, 0), "t"), longAgo)
	won := 0
	for _, err := range race(func(i int) error {
		a := Step(s.refIn(s.with(f.Ref, i%Partitions), i+1), 0, fmt.Sprintf("racer-%d", i), nil)
		a.Fire = &f
		_, err := s.log.Append(s.ctx, a)
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, eventlog.ErrNoTimer):
			t.Fatalf("a loser got %v", err)
		}
	}
	events := 0
	for p := range Partitions {
		events += len(s.all(t, p))
	}
	if won != 1 || events != 1 {
		t.Fatalf("%d won, %d events", won, events)
	}
}
