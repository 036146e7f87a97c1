package command_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestACommandMakesOneEventWithWhatChanged(t *testing.T) {
	w := newWorld(t)
	w.owner("w1")
	r := w.accepted("openTicket", "t1", schema.Record{"title": "leak", "owner": "w1", "note": "wet"}, func(c *command.Command) {
		c.Actor, c.CorrelationID, c.CausationID = "ana", "cor", "cau"
	})
	e := w.event("Ticket", "t1")
	if e.Name != "TicketOpened" || e.From != "" || e.To != "OPEN" || e.Version != 1 || e.Actor != "ana" || e.CorrelationID != "cor" || e.CausationID != "cau" {
		t.Errorf("%+v", e)
	}
	const changes = `[{"op":"set","path":"status","value":"OPEN"},{"op":"set","path":"title","value":"leak"},{"op":"set","path":"owner","value":"w1"},{"op":"set","path":"note","value":"wet"}]`
	if string(e.Changes) != changes || string(e.Input) != `{"title":"leak","owner":"w1","note":"wet"}` {
		t.Errorf("changes %s\ninput %s", e.Changes, e.Input)
	}
	if s := r.Entity; s.State != "OPEN" || s.Version != 1 || s.Fields["title"] != "leak" || !s.CreatedAt.Equal(e.At) || !s.UpdatedAt.Equal(e.At) {
		t.Errorf("%+v", s)
	}
	if place, ok := r.Receipt.Position.Place(e.Partition); !ok || place != e.Place() || r.Receipt.Durability != "memory" {
		t.Errorf("%+v", r.Receipt)
	}
	w.accepted("takeTicket", "t1", nil)
	if e := w.event("Ticket", "t1"); string(e.Changes) != `[{"op":"set","path":"status","value":"TAKEN"}]` || e.From != "OPEN" || e.To != "TAKEN" {
		t.Errorf("only the state changed: %s", e.Changes)
	}
}

func TestAbsentLeavesAndNullClears(t *testing.T) {
	w := newWorld(t)
	w.ticket("t1")
	note := func(in schema.Record) any { return w.accepted("noteTicket", "t1", in).Entity.Fields["note"] }
	for _, step := range []struct {
		in   schema.Record
		want any
	}{{schema.Record{"note": "n"}, "n"}, {nil, "n"}, {schema.Record{"note": ""}, ""}, {schema.Record{"note": nil}, nil}} {
		if got := note(step.in); got != step.want {
			t.Errorf("after %v the note is %v", step.in, got)
		}
	}
	if got := w.rejected(command.InvalidInput, "updateOwner", "owner-of-t1", schema.Record{"name": nil}); got.Field != "name" {
		t.Errorf("%+v", got)
	}
}

func TestTransitions(t *testing.T) {
	w := newWorld(t)
	w.ticket("t1")
	got := w.rejected(command.InvalidTransition, "finishTicket", "t1", nil)
	if got.State != "OPEN" || !slices.Equal(got.Allowed, []string{"takeTicket", "noteTicket", "dropTicket"}) {
		t.Errorf("%+v", got)
	}
	w.accepted("takeTicket", "t1", nil)
	w.rejected(command.InvalidTransition, "dropTicket", "t1", nil)
	w.accepted("finishTicket", "t1", nil)
	if got := w.rejected(command.InvalidTransition, "noteTicket", "t1", nil); len(got.Allowed) != 0 {
		t.Errorf("nothing runs in DONE: %+v", got)
	}
}

func TestLifeOfAnEntity(t *testing.T) {
	w := newWorld(t)
	w.rejected(command.NotFound, "takeTicket", "t1", nil)
	w.ticket("t1")
	w.rejected(command.AlreadyExists, "openTicket", "t1", schema.Record{"title": "t", "owner": "owner-of-t1"})
	w.accepted("dropTicket", "t1", nil)
	w.rejected(command.NotFound, "takeTicket", "t1", nil)
	w.rejected(command.AlreadyExists, "openTicket", "t1", schema.Record{"title": "t", "owner": "owner-of-t1"}) // an id is never taken again
	for _, id := range []string{strings.Repeat("x", 201), "a\x00b", "\xff", "line\nbreak"} {
		if got := w.rejected(command.InvalidInput, "takeTicket", id, nil); got.Field != "id" {
			t.Errorf("%+v", got)
		}
	}
	if got := w.rejected(command.InvalidInput, "takeTicket", "", nil); got.Field != "id" {
		t.Errorf("%+v", got)
	}
}

func TestIDsOfCreates(t *testing.T) {
	w := newWorld(t)
	in := schema.Record{"name": "Ana"}
	drawn := w.accepted("createOwner", "", in).Entity.Ref.ID
	if id, err := uuid.Parse(drawn); err != nil || id.Version() != 7 {
		t.Errorf("%s is no UUIDv7", drawn)
	}
	first := w.accepted("createOwner", "", in, withID("c1"))
	again := w.accepted("createOwner", "", in, withID("c1"))
	if first.Entity.Ref != again.Entity.Ref || !again.Receipt.Duplicate || first.Receipt.Duplicate {
		t.Errorf("a retried create made another entity: %v, %v", first.Entity.Ref, again.Entity.Ref)
	}
	if other := w.accepted("createOwner", "", in, withID("c2")); other.Entity.Ref == first.Entity.Ref {
		t.Error("two commands made the same entity")
	}
}

func TestReferences(t *testing.T) {
	w := newWorld(t)
	w.owner("w1")
	w.owner("gone")
	w.accepted("deleteOwner", "gone", nil)
	part := func(maker string) schema.Record { return schema.Record{"maker": maker, "amount": 1} }
	for owner, field := range map[string]string{"nobody": "owner", "gone": "owner", "": "owner", "a\x00": "owner"} {
		if got := w.rejected(command.ReferenceNotFound, "openTicket", "t1", schema.Record{"title": "t", "owner": owner}); got.Field != field {
			t.Errorf("%q: %+v", owner, got)
		}
	}
	in := schema.Record{"title": "t", "owner": "w1", "parts": []any{part("w1"), part("nobody")}}
	if got := w.rejected(command.ReferenceNotFound, "openTicket", "t1", in); got.Field != "parts[1].maker" {
		t.Errorf("%+v", got)
	}
	in["parts"] = []any{part("w1")}
	w.accepted("openTicket", "t1", in)
	w.accepted("deleteOwner", "w1", nil)
	w.accepted("noteTicket", "t1", schema.Record{"note": "its owner is gone, which this command does not care about"})
}

func TestUniqueValuesAreClaimedMovedAndReleased(t *testing.T) {
	w := newWorld(t)
	handle := func(h any) schema.Record { return schema.Record{"name": "n", "handle": h} }
	w.accepted("createOwner", "w1", handle("ana"))
	if got := w.rejected(command.NotUnique, "createOwner", "w2", handle("ana")); got.Field != "handle" {
		t.Errorf("%+v", got)
	}
	w.accepted("createOwner", "w2", handle("bo"))
	w.rejected(command.NotUnique, "updateOwner", "w2", handle("ana"))
	w.accepted("updateOwner", "w1", handle("ana")) // its own
	w.accepted("updateOwner", "w1", handle("cy"))
	w.accepted("updateOwner", "w2", handle("ana")) // moved
	w.accepted("createOwner", "w3", handle("bo"))  // released by the move
	w.accepted("deleteOwner", "w3", nil)
	w.accepted("createOwner", "w4", handle("bo")) // released by the deletion
	w.accepted("updateOwner", "w4", handle(nil))
	w.accepted("createOwner", "w5", handle("bo")) // released by null
	w.accepted("createOwner", "w6", handle(nil))  // null is not unique
	w.rejected(command.NotUnique, "createOwner", "w7", handle("ana"), dry)
	w.rejected(command.InvalidInput, "createOwner", "w7", handle(strings.Repeat("x", 10_001))) // more than the log claims
}

func TestAnEntityIsOfABoundedSize(t *testing.T) {
	w := newWorld(t)
	w.owner("w1")
	parts := func(n int) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = schema.Record{"maker": "w1", "amount": i, "remark": strings.Repeat("x", 100_000)}
		}
		return out
	}
	in := func(n int) schema.Record { return schema.Record{"title": "t", "owner": "w1", "parts": parts(n)} }
	w.accepted("openTicket", "t1", in(38))
	if got := w.rejected(command.InvalidInput, "openTicket", "t2", in(50)); got.Field != "parts" {
		t.Errorf("%+v", got)
	}
	if got := w.rejected(command.InvalidInput, "noteTicket", "t1", schema.Record{"note": strings.Repeat("n", 1_000_000)}); got.Field != "note" {
		t.Errorf("%+v", got)
	}
	w.accepted("noteTicket", "t1", schema.Record{"note": "n"})
	w.accepted("dropTicket", "t1", nil)
}

func TestDryRunWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.ticket("t1")
	size := w.events()
	r := w.accepted("takeTicket", "t1", nil, dry, withID("c1"))
	if r.Entity.State != "TAKEN" || r.Receipt.Version != 2 || r.Receipt.Durability != "none" || !r.Receipt.Position.IsZero() || r.Receipt.Events[0].Name != "TicketTaken" {
		t.Errorf("%+v %+v", r.Entity, r.Receipt)
	}
	w.rejected(command.InvalidTransition, "finishTicket", "t1", nil, dry)
	if n := w.events(); n != size {
		t.Errorf("a dry run wrote %d events", n-size)
	}
	if r := w.accepted("takeTicket", "t1", nil, withID("c1")); r.Receipt.Duplicate {
		t.Error("a dry run left a receipt")
	}
}

func TestImportedHistory(t *testing.T) {
	w := newWorld(t)
	w.ticket("t0")
	if got := w.rejected(command.InvalidInput, "takeTicket", "t0", nil, occurred("2017-01-01T00:00:00Z")); got.Field != "command.occurredAt" {
		t.Errorf("a server that doesn't import: %+v", got)
	}
	w = newWorld(t, allowImport)
	w.accepted("createOwner", "w1", schema.Record{"name": "Ana"}, occurred("2017-01-01T00:00:00.000000001Z"))
	if e := w.event("Owner", "w1"); e.At.Nanosecond() != 1 || e.At.Year() != 2017 || !e.Imported {
		t.Errorf("%+v", e)
	}
	for _, at := range []string{"2016-12-31T23:59:59Z", "2999-01-01T00:00:00Z"} {
		if got := w.rejected(command.InvalidInput, "updateOwner", "w1", schema.Record{"name": "B"}, occurred(at)); got.Field != "command.occurredAt" {
			t.Errorf("%s: %+v", at, got)
		}
	}
	w.accepted("updateOwner", "w1", schema.Record{"name": "B"}, occurred("2017-01-01T00:00:00.000000001Z")) // not before is enough
	w.accepted("updateOwner", "w1", schema.Record{"name": "C"})
	if e := w.event("Owner", "w1"); e.At.Year() < 2020 || e.Imported {
		t.Errorf("after the import: %+v", e)
	}
}

func TestRules(t *testing.T) {
	errBroken := errors.New("the rule's own failure")
	rules := map[string]command.Rule{
		"takeTicket": func(c *command.Context, e, _ schema.Record) (schema.Record, error) {
			owner, err := c.Load("Owner", e["owner"].(string))
			if err != nil {
				return nil, err
			}
			e["note"] = "taken for " + owner["name"].(string)
			e["id"], e["status"] = "forged", "DONE" // neither is a rule's to change
			return e, nil
		},
		"finishTicket": func(c *command.Context, e, in schema.Record) (schema.Record, error) {
			if in["effort"] == nil {
				return nil, command.Reject("NO_EFFORT", "say how much").At("effort")
			}
			return e, nil
		},
		"noteTicket": func(_ *command.Context, e, in schema.Record) (schema.Record, error) {
			switch in["note"] {
			case "panic":
				panic("a mistake in a rule")
			case "fail":
				return nil, errBroken
			case "nothing":
				return nil, nil
			case "lost":
				e["owner"] = "nobody"
			case "cleared":
				delete(e, "title")
			}
			return e, nil
		},
	}
	w := newWorld(t, func(c *command.Config) { c.Rules = rules })
	w.ticket("t1")
	for note, want := range map[string]string{"panic": "a rule panicked: a mistake in a rule", "fail": errBroken.Error(), "nothing": "a rule returned no entity"} {
		_, err := w.engine.Execute(t.Context(), command.Command{Name: "noteTicket", ID: "t1", Input: schema.Record{"note": note}})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", note, err)
		}
	}
	if got := w.rejected(command.ReferenceNotFound, "noteTicket", "t1", schema.Record{"note": "lost"}); got.Field != "owner" {
		t.Errorf("a ref that a rule set: %+v", got)
	}
	if got := w.rejected(command.InvalidInput, "noteTicket", "t1", schema.Record{"note": "cleared"}); got.Field != "title" {
		t.Errorf("%+v", got)
	}
	taken := w.accepted("takeTicket", "t1", nil).Entity
	want := schema.Record{"id": "t1", "status": "TAKEN", "title": "t", "owner": "owner-of-t1", "note": "taken for Ana owner-of-t1"}
	if d := cmp.Diff(want, taken.Fields); d != "" {
		t.Error(d)
	}
	got := w.rejected(command.RuleViolated, "finishTicket", "t1", nil)
	if got.Reason != "NO_EFFORT" || got.Field != "effort" {
		t.Errorf("%+v", got)
	}
	effort, err := scalar.ParseDecimal("1.50")
	if err != nil {
		t.Fatal(err)
	}
	w.accepted("finishTicket", "t1", schema.Record{"effort": effort})
	if e := w.event("Ticket", "t1"); !strings.Contains(string(e.Changes), `{"op":"set","path":"effort","value":"1.5"}`) {
		t.Errorf("%s", e.Changes)
	}
}

func TestARuleForNoCommandIsRefused(t *testing.T) {
	w := newWorld(t)
	m := w.model()
	if _, err := command.New(command.Config{Model: m, Log: w.log, Rules: command.Rules{"takeTikcet": nil}}); err == nil || !strings.Contains(err.Error(), "takeTikcet") {
		t.Error(err)
	}
	if _, err := w.engine.Execute(t.Context(), command.Command{Name: "nonsense"}); err == nil {
		t.Error("an unknown command was executed")
	}
}

var _ eventlog.Log = (*meddler)(nil)
