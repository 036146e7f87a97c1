package command_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/schema"
)

func guests(w *world, id string) (out []string) {
	w.Helper()
	s, err := w.engine.Snapshots(w.Context(), []command.Ref{{Entity: "Show", ID: id}}, command.Known{})
	if err != nil || len(s) != 1 {
		w.Fatal(s, err)
	}
	list, _ := s[command.Ref{Entity: "Show", ID: id}].Fields["guests"].([]any)
	for _, g := range list {
		r := g.(schema.Record)
		out = append(out, fmt.Sprintf("%v:%v:%v", r["guest"], r["name"], r["note"]))
	}
	return out
}

func TestElementsAreChangedOneByOne(t *testing.T) {
	w := newMachine(t)
	w.accepted("openShow", "h/s", w.input("openShow", map[string]any{"hall": "h", "title": "t", "day": "2026-01-01",
		"guests": []any{map[string]any{"name": "Ana"}, map[string]any{"guest": "b", "name": "Bo", "note": "x"}}}))
	do := func(name string, in map[string]any) *command.Result {
		t.Helper()
		return w.accepted(name, "h/s", w.input(name, in), withID(fmt.Sprintf("c%d", w.events())))
	}
	do("inviteGuest", map[string]any{"guest": map[string]any{"name": "Cy", "hall": "h"}})
	want := `[{"op":"insert","path":"guests","by":"guest","key":"2-1","value":{"guest":"2-1","name":"Cy","hall":"h"}}]`
	if e := w.event("Show", "h/s"); string(e.Changes) != want || string(e.Input) != `{"guest":{"name":"Cy","hall":"h"}}` {
		t.Errorf("%s of %s", e.Changes, e.Input)
	}
	do("changeGuest", map[string]any{"guest": map[string]any{"guest": "b", "note": nil, "name": "Bob"}})
	if e := w.event("Show", "h/s"); string(e.Changes) != `[{"op":"update","path":"guests","by":"guest","key":"b","value":{"guest":"b","name":"Bob"}}]` ||
		string(e.Input) != `{"guest":{"guest":"b","name":"Bob","note":null}}` {
		t.Errorf("%s of %s", e.Changes, e.Input)
	}
	do("inviteGuests", map[string]any{"invited": []any{map[string]any{"name": "Di"}, map[string]any{"name": "Ed", "guest": "e"}}})
	do("removeGuest", map[string]any{"guest": "1-1"})
	if e := w.event("Show", "h/s"); string(e.Changes) != `[{"op":"remove","path":"guests","by":"guest","key":"1-1"}]` {
		t.Errorf("%s", e.Changes)
	}
	if got := strings.Join(guests(w, "h/s"), " "); got != "b:Bob:<nil> 2-1:Cy:<nil> 4-1:Di:<nil> e:Ed:<nil>" {
		t.Error(got)
	}
	// A retry is answered with what was then, which is put together from changes of elements.
	again := w.accepted("changeGuest", "h/s", w.input("changeGuest", map[string]any{"guest": map[string]any{"guest": "b", "note": nil, "name": "Bob"}}), withID("c3"))
	if list := again.Entity.Fields["guests"].([]any); !again.Receipt.Duplicate || len(list) != 3 || list[0].(schema.Record)["guest"] != "1-1" || again.Entity.Version != 3 {
		t.Errorf("%+v", again.Entity)
	}
	for _, wrong := range []struct {
		name, reason, field string
		in                  map[string]any
	}{
		{"removeGuest", command.NoSuchElement, "guest", map[string]any{"guest": "none"}},
		{"changeGuest", command.NoSuchElement, "guest.guest", map[string]any{"guest": map[string]any{"guest": "none", "note": "n"}}},
		{"changeGuest", "", "guest.name", map[string]any{"guest": map[string]any{"guest": "b", "name": nil}}},
		{"inviteGuest", command.ElementExists, "guest.guest", map[string]any{"guest": map[string]any{"guest": "b", "name": "again"}}},
		{"inviteGuests", command.ElementExists, "invited[1].guest", map[string]any{"invited": []any{map[string]any{"name": "n", "guest": "n"}, map[string]any{"name": "n", "guest": "n"}}}},
	} {
		if r := w.rejected(command.InvalidInput, wrong.name, "h/s", w.input(wrong.name, wrong.in)); r.Reason != wrong.reason || r.Field != wrong.field {
			t.Errorf("%s %v: %+v", wrong.name, wrong.in, r)
		}
	}
	w.rejected(command.ReferenceNotFound, "inviteGuest", "h/s", w.input("inviteGuest", map[string]any{"guest": map[string]any{"name": "n", "hall": "none"}}))
}

func TestAnElementCostsTheSameHoweverLongTheList(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	size := map[int]int{}
	for i := range 1001 {
		w.accepted("inviteGuest", "h/s", w.input("inviteGuest", map[string]any{"guest": map[string]any{"guest": fmt.Sprintf("g%04d", i), "name": "Ana"}}))
		if i == 1 || i == 1000 {
			e := w.event("Show", "h/s")
			size[i] = len(e.Changes) + len(e.Input)
		}
	}
	if size[1] != size[1000] || len(guests(w, "h/s")) != 1001 {
		t.Errorf("%v bytes", size)
	}
}

func TestRulesThatRearrangeListsSetThemWhole(t *testing.T) {
	w := newMachine(t, withRule("titleShow", func(_ *command.Context, show, _ schema.Record) (schema.Record, error) {
		list := slices.Clone(show["guests"].([]any))
		slices.Reverse(list)
		show["guests"] = list
		return show, nil
	}), withRule("runShow", func(_ *command.Context, show, _ schema.Record) (schema.Record, error) {
		show["guests"] = append(slices.Clone(show["guests"].([]any))[1:], schema.Record{"name": "New"})
		return show, nil
	}))
	w.accepted("openShow", "h/s", w.input("openShow", map[string]any{"hall": "h", "title": "t", "day": "2026-01-01",
		"guests": []any{map[string]any{"name": "Ana"}, map[string]any{"name": "Bo"}, map[string]any{"name": "Cy"}}}))
	w.accepted("titleShow", "h/s", schema.Record{"title": "t"})
	if e := w.event("Show", "h/s"); !strings.HasPrefix(string(e.Changes), `[{"op":"set","path":"guests","value":[{"guest":"1-3"`) {
		t.Errorf("%s", e.Changes)
	}
	w.accepted("runShow", "h/s", nil)
	e := w.event("Show", "h/s")
	if !strings.Contains(string(e.Changes), `{"op":"remove","path":"guests","by":"guest","key":"1-3"},{"op":"insert","path":"guests","by":"guest","key":"3-1","value":{"guest":"3-1","name":"New"}}`) {
		t.Errorf("%s", e.Changes)
	}
}

func TestAListHasABound(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	many := make([]any, schema.MaxListLength)
	for i := range many {
		many[i] = map[string]any{"name": "Ana", "guest": fmt.Sprint("g", i)}
	}
	w.accepted("inviteGuests", "h/s", w.input("inviteGuests", map[string]any{"invited": many}))
	for name, arg := range map[string]string{"inviteGuest": "guest", "inviteGuests": "invited"} {
		in := w.input(name, map[string]any{arg: map[string]any{"name": "One more"}})
		if r := w.rejected(command.InvalidInput, name, "h/s", in); r.Field != arg || !strings.Contains(r.Message, "more than 10000 elements") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	w.accepted("removeGuest", "h/s", w.input("removeGuest", map[string]any{"guest": "g0"}))
	w.accepted("inviteGuest", "h/s", w.input("inviteGuest", map[string]any{"guest": map[string]any{"name": "One more"}}))
}

func TestTheFirstElementIsOneToo(t *testing.T) {
	w := newMachine(t, withRule("runShow", func(_ *command.Context, show, _ schema.Record) (schema.Record, error) {
		delete(show, "guests")
		return show, nil
	}))
	w.show("h/s", "2026-01-01") // its guests are null
	w.accepted("inviteGuest", "h/s", w.input("inviteGuest", map[string]any{"guest": map[string]any{"name": "Cy"}}))
	if e := w.event("Show", "h/s"); string(e.Changes) != `[{"op":"insert","path":"guests","by":"guest","key":"2-1","value":{"guest":"2-1","name":"Cy"}}]` {
		t.Errorf("%s", e.Changes)
	}
	w.accepted("runShow", "h/s", nil)
	if e := w.event("Show", "h/s"); !strings.Contains(string(e.Changes), `{"op":"set","path":"guests","value":null}`) {
		t.Errorf("%s", e.Changes)
	}
}
