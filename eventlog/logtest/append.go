package logtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/eventlog"
)

func testVersions(t *testing.T, s *suite) {
	o := ref("o1")
	if h := s.head(t, o); h.Version != 0 || len(h.Fields) != 0 {
		t.Fatalf("the head of what does not exist is %+v", h)
	}
	a := s.step(o, 0, map[string]json.RawMessage{"note": raw(`"a"`), "total": raw(`"1.50"`)})
	a.Actor, a.CorrelationID, a.CausationID = "ana", "cor", "cau"
	r := s.append(t, a)
	if len(r.Events) != 1 || r.Duplicate || r.CommandID != a.CommandID || r.InputHash != a.InputHash {
		t.Fatalf("receipt %+v", r)
	}
	e := r.Events[0]
	if e.Ref != o || e.Version != 1 || e.Name != "Stepped" || e.From != "OLD" || e.To != "NEW" || e.Seq != 1 || e.Partition != s.log.PartitionOf(o) {
		t.Fatalf("receipt's event %+v", e)
	}
	second := s.step(o, 1, map[string]json.RawMessage{"note": raw(`"b"`)})
	second.Events[0].Clear = []string{"total", "never"}
	s.append(t, second)
	h := s.head(t, o)
	want := map[string]json.RawMessage{"note": raw(`"b"`)}
	if h.Version != 2 || h.State != "NEW" || h.Deleted || h.Place.Seq != 2 || !cmp.Equal(h.Fields, want) {
		t.Fatalf("head %+v", h)
	}
	events := s.all(t, e.Partition)
	if len(events) != 2 || events[0].Version != 1 || events[1].Version != 2 || events[0].Ref() != o {
		t.Fatalf("events %+v", events)
	}
	first := events[0]
	if first.Actor != "ana" || first.CorrelationID != "cor" || first.CausationID != "cau" || first.CommandID != a.CommandID {
		t.Fatalf("event %+v", first)
	}
	if !first.At.Equal(e.At) || !h.At.Equal(events[1].At) || !h.CreatedAt.Equal(events[0].At) {
		t.Fatalf("the event says %s, the receipt %s; the head %s, its event %s", first.At, e.At, h.At, events[1].At)
	}
	gone := s.step(o, 2, nil)
	gone.Events[0].Deleted = true
	s.append(t, gone)
	if h := s.head(t, o); !h.Deleted || h.Version != 3 {
		t.Fatalf("head after a delete %+v", h)
	}
}

func testConditions(t *testing.T, s *suite) {
	o := ref("o1")
	c := s.entityIn("Customer", "c", s.with(o, 1), 0)
	s.append(t, s.step(o, 0, nil))
	for _, wrong := range []int64{0, 2, 7} {
		_, err := s.log.Append(s.ctx, s.step(o, wrong, nil))
		var conflict *eventlog.ConflictError
		if !errors.As(err, &conflict) || *conflict != (eventlog.ConflictError{Ref: o, Expected: wrong, Actual: 1}) {
			t.Errorf("append on version %d: %v", wrong, err)
		}
	}
	read := s.step(o, 1, nil)
	read.Conditions = append(read.Conditions, eventlog.Condition{Ref: c, Version: 1})
	_, err := s.log.Append(s.ctx, read)
	var conflict *eventlog.ConflictError
	if !errors.As(err, &conflict) || conflict.Ref != c || conflict.Actual != 0 {
		t.Fatalf("a condition on what was only read: %v", err)
	}
	if h := s.head(t, o); h.Version != 1 {
		t.Fatalf("a refused append changed the head: %+v", h)
	}
	s.append(t, s.step(c, 0, nil))
	s.append(t, read) // the same command id: the refused append left no receipt
	if h := s.head(t, c); h.Version != 1 {
		t.Fatalf("what was only read has changed: %+v", h)
	}
}

func testManyEntities(t *testing.T, s *suite) {
	p := 1 // of b
	if s.features.Apart {
		p = 0
		apart := s.step(s.refIn(0, 0), 0, nil)
		also(&apart, s.step(s.refIn(1, 0), 0, nil))
		if _, err := s.log.Append(s.ctx, apart); !errors.Is(err, eventlog.ErrApart) {
			t.Fatalf("over two partitions: %v", err)
		}
	}
	a, b, c := s.refIn(0, 0), s.refIn(p, 5), s.refIn(0, 1)
	all := s.step(a, 0, nil)
	for _, r := range []eventlog.Ref{b, c} {
		more := s.step(r, 0, map[string]json.RawMessage{"x": raw("1")})
		all.Conditions = append(all.Conditions, more.Conditions...)
		all.Events = append(all.Events, more.Events...)
	}
	blocked := all
	blocked.Conditions = append([]eventlog.Condition{}, all.Conditions...)
	blocked.Conditions[2].Version = 5
	if _, err := s.log.Append(s.ctx, blocked); err == nil {
		t.Fatal("an append with one wrong condition of three happened")
	}
	for p := range Partitions {
		if n := len(s.all(t, p)); n != 0 {
			t.Fatalf("partition %d got %d events of a refused append", p, n)
		}
	}
	r := s.append(t, all)
	if len(r.Events) != 3 || r.Events[0].Ref != a || r.Events[1].Ref != b || r.Events[2].Ref != c {
		t.Fatalf("receipt %+v", r.Events)
	}
	if want := []uint64{1, uint64(2 - p), uint64(3 - p)}; r.Events[0].Seq != want[0] || r.Events[1].Seq != want[1] || r.Events[2].Seq != want[2] {
		t.Fatalf("sequences %+v", r.Events)
	}
	if !r.Events[0].At.Equal(r.Events[1].At) || !r.Events[0].At.Equal(r.Events[2].At) {
		t.Fatalf("one append, several times: %+v", r.Events)
	}
	if got := r.Position().Partitions(); !cmp.Equal(got, []int{0, 1}[:1+p]) {
		t.Fatalf("position of partitions %v", got)
	}
	if len(s.all(t, 0)) != 3-p || len(s.all(t, 1)) != p {
		t.Fatal("events are missing")
	}
}

func testRawBytes(t *testing.T, s *suite) {
	o := ref("o1")
	odd := raw("{ \"b\" :1.50, \"a\": \"<&>\u2028é\\u0000\", \"n\":123456789012345678901234567890 }")
	a := s.step(o, 0, map[string]json.RawMessage{"j": odd})
	a.Input = odd
	a.Events[0].Changes = raw(" [ {\"op\":\"set\",\"path\":\"j\",\"value\":1e2} ] ")
	s.append(t, a)
	e := s.all(t, s.log.PartitionOf(o))[0]
	if string(e.Input) != string(odd) || string(e.Changes) != string(a.Events[0].Changes) {
		t.Fatalf("input %q, changes %q", e.Input, e.Changes)
	}
	if h := s.head(t, o); string(h.Fields["j"]) != string(odd) {
		t.Fatalf("head field %q", h.Fields["j"])
	}
	bare := s.step(o, 1, nil)
	bare.Input, bare.Events[0].Changes, bare.Events[0].From, bare.Events[0].To = nil, nil, "", ""
	s.append(t, bare)
	e = s.all(t, s.log.PartitionOf(o))[1]
	if e.Input != nil || e.Changes != nil || e.From != "" || e.To != "" {
		t.Fatalf("an event of nothing became %+v", e)
	}
}

func testInvalid(t *testing.T, s *suite) {
	o := ref("o1")
	spoils := invalidTimers(o)
	maps.Copy(spoils, map[string]func(*eventlog.Append){
		"no command id":             func(a *eventlog.Append) { a.CommandID = "" },
		"long command id":           func(a *eventlog.Append) { a.CommandID = strings.Repeat("x", 201) },
		"control char in a command": func(a *eventlog.Append) { a.CommandID = "a\nb" },
		"no input hash":             func(a *eventlog.Append) { a.InputHash = "" },
		"no time":                   func(a *eventlog.Append) { a.Decided = eventlog.Append{}.Decided },
		"no events":                 func(a *eventlog.Append) { a.Events = nil },
		"primary is another":        func(a *eventlog.Append) { a.Primary = ref("o2") },
		"no condition":              func(a *eventlog.Append) { a.Conditions = nil },
		"two conditions":            func(a *eventlog.Append) { a.Conditions = append(a.Conditions, a.Conditions[0]) },
		"negative version":          func(a *eventlog.Append) { a.Conditions[0].Version = -1 },
		"no event name":             func(a *eventlog.Append) { a.Events[0].Name = "" },
		"bad changes":               func(a *eventlog.Append) { a.Events[0].Changes = raw("[{") },
		"bad input":                 func(a *eventlog.Append) { a.Input = raw("{'a':1}") },
		"input is no UTF-8":         func(a *eventlog.Append) { a.Input = raw("\"\xff\"") },
		"bad field":                 func(a *eventlog.Append) { a.Events[0].Set = map[string]json.RawMessage{"x": raw("nope")} },
		"null field":                func(a *eventlog.Append) { a.Events[0].Set = map[string]json.RawMessage{"x": raw("null")} },
		"empty field":               func(a *eventlog.Append) { a.Events[0].Set = map[string]json.RawMessage{"x": nil} },
		"field name":                func(a *eventlog.Append) { a.Events[0].Set = map[string]json.RawMessage{"@v": raw("1")} },
		"cleared and set": func(a *eventlog.Append) {
			a.Events[0].Set = map[string]json.RawMessage{"x": raw("1")}
			a.Events[0].Clear = []string{"x"}
		},
		"claim without field": func(a *eventlog.Append) { a.Claim = []eventlog.Claim{{Value: "v", Owner: o}} },
		"claim without owner": func(a *eventlog.Append) { a.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v"}} },
		"claim for two owners": func(a *eventlog.Append) {
			a.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: o}, {Field: "Order.x", Value: "v", Owner: ref("o2")}}
		},
		"control char in the actor": func(a *eventlog.Append) { a.Actor = "a\x00" },
	})
	for name, spoil := range spoils {
		a := s.step(o, 0, nil)
		spoil(&a)
		if _, err := s.log.Append(s.ctx, a); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	for _, bad := range []eventlog.Ref{{}, {Entity: "Order"}, {ID: "x"}, {Entity: "Or der", ID: "x"}, ref("a\tb"), ref("\xff"), ref(strings.Repeat("x", 201)), ref("a\u0085")} {
		if _, err := s.log.Append(s.ctx, s.step(bad, 0, nil)); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("append of %q: %v, want ErrInvalid", bad, err)
		}
		for _, l := range []eventlog.Load{{Primary: bad}, {Primary: o, Refs: []eventlog.Ref{bad}}} {
			if _, err := s.log.Load(s.ctx, l); !errors.Is(err, eventlog.ErrInvalid) {
				t.Errorf("load of %q: %v, want ErrInvalid", bad, err)
			}
		}
	}
	for p := range Partitions {
		if n := len(s.all(t, p)); n != 0 {
			t.Fatalf("partition %d got %d events of invalid appends", p, n)
		}
	}
	for _, odd := range []string{strings.Repeat("x", 200), "a:b:{c}*?", "日本語", "../..", "a b", "0"} {
		s.append(t, s.step(ref(odd), 0, nil))
		if s.head(t, ref(odd)).Version != 1 {
			t.Errorf("entity %q has no head", odd)
		}
	}
}

func testAlive(t *testing.T, s *suite) {
	other := eventlog.Ref{Entity: "Customer", ID: "alive"}
	version, n := int64(0), 0
	try := func(id string, in ...string) error {
		n++
		a := Step(s.refIn(s.with(other, n%Partitions), n), 0, "c-"+id, nil)
		a.Conditions = append(a.Conditions, eventlog.Condition{Ref: other, Version: version, Alive: true, In: in})
		_, err := s.log.Append(t.Context(), a)
		return err
	}
	holds := func(id string, in ...string) {
		t.Helper()
		if err := try(id, in...); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	fails := func(id string, in ...string) {
		t.Helper()
		var conflict *eventlog.ConflictError
		if err := try(id, in...); !errors.As(err, &conflict) || conflict.Ref != other {
			t.Errorf("%s: %v", id, err)
		}
	}
	change := func(state string, deleted bool) {
		t.Helper()
		a := Step(other, version, fmt.Sprint("change-", version), nil)
		a.Events[0].To, a.Events[0].Deleted = state, deleted
		if _, err := s.log.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		version++
	}
	fails("before it is there")
	fails("before it is there in a state", "A")
	change("ACTIVE", false)
	version = 7 // which it was read at does not count
	holds("alive")
	holds("one of the states", "X", "ACTIVE")
	fails("not one of them", "X", "ACTIVE2", "ACTIV", "CTIVE")
	version = 1
	change("BLOCKED", false)
	fails("left the state", "ACTIVE")
	holds("entered the state", "BLOCKED")
	change("BLOCKED", true)
	fails("deleted")
	fails("deleted in the state", "BLOCKED")
	a := Step(other, 3, "c", nil)
	a.Conditions[0].Alive = true
	if _, err := s.log.Append(t.Context(), a); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("an event without a condition on its entity's version: %v", err)
	}
}
