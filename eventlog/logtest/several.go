package logtest

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// also appends the events of more to a, whose condition on their entity, if it has one, stands for all of them.
func also(a *eventlog.Append, more eventlog.Append) {
	for _, c := range a.Conditions {
		if c.Ref == more.Primary {
			more.Conditions = nil
		}
	}
	a.Conditions, a.Events = append(a.Conditions, more.Conditions...), append(a.Events, more.Events...)
}

func testSeveralEvents(t *testing.T, s *suite) {
	o, p := s.refIn(0, 0), s.refIn(0, 1)
	a := s.step(o, 0, map[string]json.RawMessage{"a": raw("1"), "b": raw("1")})
	also(&a, s.step(p, 0, nil))
	also(&a, s.step(o, 0, map[string]json.RawMessage{"b": raw("2"), "c": raw("2")}))
	also(&a, s.step(o, 0, map[string]json.RawMessage{"c": raw("3")}))
	a.Events[2].Clear, a.Events[2].Name, a.Events[3].To = []string{"a"}, "Second", "LAST"
	r := s.append(t, a)
	for i, want := range []eventlog.Appended{{Ref: o, Version: 1, Seq: 1}, {Ref: p, Version: 1, Seq: 2}, {Ref: o, Version: 2, Seq: 3}, {Ref: o, Version: 3, Seq: 4}} {
		if got := r.Events[i]; got.Ref != want.Ref || got.Version != want.Version || got.Seq != want.Seq || !got.At.Equal(r.Events[0].At) {
			t.Fatalf("event %d: %+v, want %+v", i, got, want)
		}
	}
	h := s.head(t, o)
	if want := map[string]json.RawMessage{"b": raw("2"), "c": raw("3")}; h.Version != 3 || h.State != "LAST" || h.Place.Seq != 4 || !cmp.Equal(h.Fields, want) {
		t.Fatalf("head %+v", h)
	}
	more := s.step(o, 3, nil)
	also(&more, s.step(o, 3, map[string]json.RawMessage{"d": raw("5")}))
	more.Decided = more.Decided.Add(1e9)
	s.append(t, more)
	if h := s.head(t, o); h.Version != 5 || len(h.Fields) != 3 || !h.CreatedAt.Equal(r.Events[0].At) || h.At.Equal(h.CreatedAt) {
		t.Fatalf("head after two more %+v, created at %s", h, r.Events[0].At)
	}
	events, err := s.history(o, s.head(t, o).Place)
	if err != nil || len(events) != 5 || events[1].Name != "Second" {
		t.Fatalf("history %+v, %v", events, err)
	}
	for i, e := range events {
		if e.Version != int64(i+1) {
			t.Fatalf("event %d of the history is version %d", i, e.Version)
		}
	}
	if n := len(s.all(t, 0)); n != 6 {
		t.Fatalf("%d events", n)
	}
	var conflict *eventlog.ConflictError
	again := s.step(o, 3, nil)
	also(&again, s.step(o, 3, nil))
	if _, err := s.log.Append(s.ctx, again); !errors.As(err, &conflict) || conflict.Actual != 5 {
		t.Fatalf("on an old version: %v", err)
	}
	if d := cmp.Diff(r.Events, s.append(t, a).Events); d != "" {
		t.Fatalf("the duplicate differs: %s", d)
	}
}

func testNoEvents(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	s.append(t, s.step(o, 0, nil))
	before, err := s.log.Tail(s.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := s.bare(o)
	a.Conditions = []eventlog.Condition{{Ref: o, Version: 1}}
	a.Timers = []eventlog.Timer{{TimerKey: timeout(o, "t"), At: longAgo}}
	wrong := a
	wrong.Conditions = []eventlog.Condition{{Ref: o, Version: 2}}
	var conflict *eventlog.ConflictError
	if _, err := s.log.Append(s.ctx, wrong); !errors.As(err, &conflict) || *conflict != (eventlog.ConflictError{Ref: o, Expected: 2, Actual: 1}) {
		t.Fatalf("a wrong condition: %v", err)
	}
	r := s.append(t, a)
	if len(r.Events) != 0 || r.Duplicate || r.CommandID != a.CommandID || r.InputHash != a.InputHash || len(r.Position().Partitions()) != 0 {
		t.Fatalf("receipt %+v", r)
	}
	s.append(t, s.step(o, 1, nil)) // the entity moves on
	loaded := s.load(t, eventlog.Load{Primary: o, CommandID: a.CommandID}).Receipt
	for what, r := range map[string]*eventlog.Receipt{"append": s.append(t, a), "load": loaded} {
		if r == nil || !r.Duplicate || len(r.Events) != 0 || r.InputHash != a.InputHash {
			t.Fatalf("%s: %+v", what, r)
		}
	}
	a.InputHash = "another"
	if _, err := s.log.Append(s.ctx, a); !errors.Is(err, eventlog.ErrCommandIDReused) {
		t.Fatalf("another input: %v", err)
	}
	cancel := s.bare(o)
	cancel.Cancel = []eventlog.TimerKey{timeout(o, "never")}
	s.append(t, cancel)
	events := s.all(t, 0)
	if len(events) != 2 || events[0].Hash != before.Hash {
		t.Fatalf("events %+v", events)
	}
}

func testDepth(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	for i, depth := range []int{0, 1, eventlog.MaxDepth} {
		a := s.step(o, int64(i), nil)
		a.Depth = depth
		s.append(t, a)
	}
	history, err := s.history(o, s.head(t, o).Place)
	if err != nil {
		t.Fatal(err)
	}
	for what, events := range map[string][]eventlog.Event{"read": s.all(t, 0), "history": history} {
		if len(events) != 3 || events[0].Depth != 0 || events[1].Depth != 1 || events[2].Depth != eventlog.MaxDepth {
			t.Fatalf("%s: %+v", what, events)
		}
	}
}
