package command_test

import (
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/internal/testmodel"
	"github.com/daybook-cqrs/daybook/schema"
)

const machine = testmodel.Machine

func newMachine(t *testing.T, change ...func(*command.Config)) *world {
	t.Helper()
	w := worldOf(t, machine, change...)
	w.accepted("createHall", "h", schema.Record{"name": "Big", "seats": 10})
	return w
}

func (w *world) show(id string, day string) *command.Result {
	w.Helper()
	return w.accepted("openShow", id, w.input("openShow", map[string]any{"hall": "h", "title": "t", "day": day}))
}

// input coerces arguments as the API does.

func (w *world) input(name string, given map[string]any) schema.Record {
	w.Helper()
	out := schema.Record{}
	m := w.model()
	for _, a := range m.Command(name).Args {
		if raw, ok := given[a.Name]; ok {
			v, err := m.Coerce(a.Type, raw, a.Name)
			if err != nil {
				w.Fatal(err)
			}
			out[a.Name] = v
		}
	}
	return out
}

func TestAReferencesStateCountsWhenItIsSet(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	w.accepted("planVisit", "v", schema.Record{"show": "h/s"})
	w.accepted("closeShow", "h/s", nil)
	r := w.rejected(command.RuleViolated, "planVisit", "v2", schema.Record{"show": "h/s"})
	if r.Reason != "SHOW_CLOSED" || r.Field != "show" {
		t.Errorf("%+v", r)
	}
	w.rejected(command.RuleViolated, "moveVisit", "v", schema.Record{"show": "h/s"})
	w.accepted("endVisit", "v", nil) // does not set it
	w.rejected(command.ReferenceNotFound, "planVisit", "v2", schema.Record{"show": "h/none"})
}

func TestAReferencesStateIsInTheCondition(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	once := true
	w.log.before = func() {
		if once {
			once = false
			w.accepted("closeShow", "h/s", nil)
		}
	}
	w.do("planVisit", "v", schema.Record{"show": "h/s"})
	if s, err := w.engine.Snapshots(t.Context(), []command.Ref{{Entity: "Visit", ID: "v"}}, command.Known{}); err != nil || len(s) > 0 {
		t.Error("a visit of a show that closed while it was decided", s, err)
	}
}

func TestTheIDBeginsWithTheOwners(t *testing.T) {
	w := newMachine(t)
	in := w.input("openShow", map[string]any{"hall": "h", "title": "t", "day": "2026-01-01"})
	for _, id := range []string{"s", "h", "h/", "x/h/s"} {
		if r := w.rejected(command.InvalidInput, "openShow", id, in); r.Field != "id" {
			t.Errorf("%s: %+v", id, r)
		}
	}
	made := w.accepted("openShow", "", in, withID("c1"))
	if !strings.HasPrefix(made.Entity.Ref.ID, "h/") || len(made.Entity.Ref.ID) < 10 {
		t.Error(made.Entity.Ref)
	}
	if again := w.accepted("openShow", "", in, withID("c1")); !again.Receipt.Duplicate || again.Entity.Ref != made.Entity.Ref {
		t.Errorf("%+v", again)
	}
	if r := w.rejected(command.InvalidInput, "createHall", "a/b", schema.Record{"name": "Slash", "seats": 1}); r.Field != "id" {
		t.Errorf("%+v", r)
	}
	in["hall"] = "a/b"
	if r := w.rejected(command.InvalidInput, "openShow", "a/b/s", in); r.Field != "hall" {
		t.Errorf("%+v", r)
	}
}

func TestARuleCantChangeTheOwner(t *testing.T) {
	w := newMachine(t, withRule("titleShow", func(_ *command.Context, show, _ schema.Record) (schema.Record, error) {
		show["hall"] = "other"
		return show, nil
	}))
	w.accepted("createHall", "other", schema.Record{"name": "o", "seats": 1})
	w.show("h/s", "2026-01-01")
	_, err := w.engine.Execute(t.Context(), command.Command{Name: "titleShow", ID: "h/s", Input: schema.Record{"title": "n"}})
	if err == nil || !strings.Contains(err.Error(), "never changes") {
		t.Error(err)
	}
}

// seats is the rule of takeSeats.

// apart is a log that can't span partitions.
