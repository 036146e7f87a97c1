package command_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestWhatIsPossible(t *testing.T) {
	w := newMachine(t, withRule("closeShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		if _, err := c.Load("Hall", "h"); err != nil {
			return nil, err
		}
		return nil, command.Reject("NOT_YET", "not yet")
	}))
	w.show("h/s", "2026-01-01")
	n := w.events()
	m := w.model()
	list, err := w.engine.Possible(t.Context(), m.Entity("Show"), "h/s")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range list {
		got[p.Command.Name] = fmt.Sprint(p.Asked)
		if p.Rejection != nil {
			got[p.Command.Name] += " " + string(p.Rejection.Code) + p.Rejection.Reason
		}
	}
	want := map[string]string{
		"reopenShow": "true", "runShow": "true", "titleShow": "false", "closeShow": "true RULE_VIOLATEDNOT_YET", "dropShow": "true",
		"inviteGuest": "false", "inviteGuests": "false", "changeGuest": "false", "removeGuest": "false",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || w.events() != n {
		t.Errorf("%v\n%v", got, want)
	}
	w.accepted("runShow", "h/s", nil)
	list, _ = w.engine.Possible(t.Context(), m.Entity("Show"), "h/s")
	for _, p := range list {
		if p.Command.Name == "titleShow" && (p.Rejection == nil || p.Rejection.Code != command.InvalidTransition || p.Rejection.State != "RUNNING") {
			t.Errorf("%+v", p.Rejection)
		}
	}
	for _, id := range []string{"h/none", "", "\x00"} {
		if list, err := w.engine.Possible(t.Context(), m.Entity("Show"), id); err != nil || list != nil {
			t.Errorf("%q: %v %v", id, list, err)
		}
	}
}

func TestRejectionsAreKept(t *testing.T) {
	w := newMachine(t, func(c *command.Config) { c.KeepRejected = 3 })
	w.show("h/s", "2026-01-01")
	w.accepted("runShow", "h/s", nil)
	for i := range 5 {
		w.rejected(command.InvalidTransition, "titleShow", "h/s", schema.Record{"title": fmt.Sprint(i)}, withID(fmt.Sprint("c", i)),
			func(c *command.Command) { c.Actor = "ana" })
	}
	w.rejected(command.InvalidTransition, "titleShow", "h/s", schema.Record{"title": "d"}, dry)
	w.rejected(command.InvalidInput, "titleShow", "", schema.Record{"title": "d"})
	page, err := w.engine.Rejected(t.Context(), 10, "")
	if err != nil || len(page) != 3 || page[1].CommandID != "c4" || page[2].CommandID != "c3" {
		t.Fatalf("%+v %v", page, err)
	}
	if r := page[1]; r.Actor != "ana" || r.Code != command.InvalidTransition || r.State != "RUNNING" || !json.Valid(r.Input) || r.Entity != "Show" ||
		r.EntityID != "h/s" || r.Command != "titleShow" || r.At.IsZero() || string(r.Input) != `{"title":"4"}` {
		t.Errorf("%+v", r)
	}
	if rest, err := w.engine.Rejected(t.Context(), 10, page[1].ID); err != nil || len(rest) != 1 || rest[0].ID != page[2].ID {
		t.Errorf("%+v %v", rest, err)
	}
}

func TestWhatARejectedCommandHoldsDoesNotKeepItFromBeingKept(t *testing.T) {
	w := newMachine(t, func(c *command.Config) { c.KeepRejected = 3 }, withRule("titleShow", func(_ *command.Context, _, in schema.Record) (schema.Record, error) {
		return nil, command.Reject("TITLE", fmt.Sprintf("the title %s is none", in["title"]))
	}))
	w.show("h/s", "2026-01-01")
	for i, title := range []string{strings.Repeat("<", 30_000), strings.Repeat("é", 100_000)} {
		w.rejected(command.RuleViolated, "titleShow", "h/s", schema.Record{"title": title}, withID(fmt.Sprint("c", i)))
		page, err := w.engine.Rejected(t.Context(), 1, "")
		if err != nil || len(page) != 1 || page[0].CommandID != fmt.Sprint("c", i) || len(page[0].Input) > 0 || !utf8.ValidString(page[0].Message) || len(page[0].Message) > 1100 {
			t.Errorf("%+v %v", page, err)
		}
	}
}
