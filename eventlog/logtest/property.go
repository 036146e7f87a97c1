package logtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// testHeadsEqualFold draws sequences of appends, of one or two entities, right and wrong versions, and compares after each sequence
// every head with the fold of the entity's events. One log serves all sequences: each has entities of its own.
func testHeadsEqualFold(t *testing.T, s *suite) {
	sequence := 0
	rapid.Check(t, func(rt *rapid.T) {
		sequence++
		versions := map[eventlog.Ref]int64{}
		for i := range rapid.IntRange(1, 12).Draw(rt, "appends") {
			a := drawStep(rt, s, sequence, versions)
			if rapid.IntRange(0, 2).Draw(rt, "again") == 0 {
				a.Events = append(a.Events, drawStepOf(rt, s, a.Primary, versions[a.Primary]).Events...)
			}
			if rapid.IntRange(0, 2).Draw(rt, "two") == 0 {
				b := drawStep(rt, s, sequence, versions)
				if b.Primary != a.Primary {
					a.Conditions, a.Events = append(a.Conditions, b.Conditions...), append(a.Events, b.Events...)
				}
			}
			wrong := rapid.IntRange(0, 4).Draw(rt, "wrong") == 0
			if wrong {
				a.Conditions[len(a.Conditions)-1].Version++
			}
			_, err := s.log.Append(s.ctx, a)
			var conflict *eventlog.ConflictError
			if wrong != errors.As(err, &conflict) || !wrong && err != nil {
				rt.Fatalf("append %d, wrong version %v: %v", i, wrong, err)
			}
			for _, e := range a.Events {
				if !wrong {
					versions[e.Ref]++
				}
			}
		}
		for r, v := range versions {
			compareWithFold(rt, s, r, v)
		}
	})
}

func drawStep(rt *rapid.T, s *suite, sequence int, versions map[eventlog.Ref]int64) eventlog.Append {
	r := s.drawn(fmt.Sprintf("p%d", sequence), rapid.IntRange(0, 3).Draw(rt, "entity"))
	return drawStepOf(rt, s, r, versions[r])
}

func drawStepOf(rt *rapid.T, s *suite, r eventlog.Ref, version int64) eventlog.Append {
	set := map[string]json.RawMessage{}
	names := []string{"a", "b", "c"}
	clears := []string{}
	for _, name := range names {
		switch rapid.IntRange(0, 3).Draw(rt, name) {
		case 0:
			set[name] = raw(fmt.Sprintf(`{"n":%d}`, rapid.Int().Draw(rt, "value")))
		case 1:
			clears = append(clears, name)
		}
	}
	a := s.step(r, version, set)
	e := &a.Events[0]
	e.Clear = clears
	e.To = rapid.SampledFrom([]string{"", "DRAFT", "PLACED"}).Draw(rt, "to")
	e.Deleted = rapid.IntRange(0, 9).Draw(rt, "deleted") == 0
	changes := []eventlog.Change{}
	for name, value := range set {
		changes = append(changes, eventlog.Change{Op: "set", Path: name, Value: value})
	}
	for _, name := range clears {
		changes = append(changes, eventlog.Change{Op: "set", Path: name, Value: raw("null")})
	}
	encoded, err := json.Marshal(changes)
	if err != nil {
		rt.Fatal(err)
	}
	e.Changes = encoded
	return a
}

func compareWithFold(rt *rapid.T, s *suite, r eventlog.Ref, version int64) {
	l, err := s.log.Load(s.ctx, eventlog.Load{Primary: r})
	if err != nil {
		rt.Fatal(err)
	}
	got := l.Heads[r]
	if got.Version != version {
		rt.Fatalf("%s is at version %d, not %d", r, got.Version, version)
	}
	if version == 0 {
		return
	}
	events, err := s.history(r, got.Place)
	if err != nil {
		rt.Fatal(err)
	}
	want := eventlog.Head{Fields: map[string]json.RawMessage{}}
	for i := range events {
		fold(rt, &want, &events[i])
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		rt.Fatalf("the head of %s is not the fold of its events:\n%s", r, diff)
	}
}

func fold(rt *rapid.T, h *eventlog.Head, e *eventlog.Event) {
	var changes []eventlog.Change
	if err := json.Unmarshal(e.Changes, &changes); err != nil {
		rt.Fatal(err)
	}
	for _, c := range changes {
		if string(c.Value) == "null" {
			delete(h.Fields, c.Path)
		} else {
			h.Fields[c.Path] = c.Value
		}
	}
	h.Version, h.State, h.Deleted, h.Place, h.At = e.Version, e.To, e.Deleted, e.Place(), e.At
	if e.Version == 1 {
		h.CreatedAt = e.At
	}
}
