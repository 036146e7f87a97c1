package command_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/schema"
)

func seats(_ *command.Context, hall, in schema.Record) (schema.Record, error) {
	left := hall["seats"].(int) - in["n"].(int)
	if left < 0 {
		return nil, command.Reject("NO_SEATS", "there are not so many seats").At("n")
	}
	hall["seats"] = left
	return hall, nil
}

func TestOneCommandChangesSeveralEntities(t *testing.T) {
	w := newMachine(t, withRule("takeSeats", seats), withRule("runShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		for range 2 {
			if _, err := c.Run("takeSeats", "h", schema.Record{"n": 4}); err != nil {
				return nil, err
			}
		}
		hall, err := c.Load("Hall", "h")
		if err != nil {
			return nil, err
		}
		show["left"] = hall["seats"]
		visit, err := c.Run("planVisit", "", schema.Record{"show": "h/other"})
		if err != nil {
			return nil, err
		}
		show["title"] = visit["id"]
		return show, nil
	}))
	w.show("h/s", "2026-01-01")
	w.show("h/other", "2026-01-02")
	rehearsed := w.accepted("runShow", "h/s", nil, dry, withID("c"))
	n := w.events()
	r := w.accepted("runShow", "h/s", nil, withID("c"))
	if got := w.events() - n; got != 4 {
		t.Errorf("%d events", got)
	}
	names, then := "", ""
	for _, e := range r.Receipt.Events {
		names += fmt.Sprintf("%s %d, ", e.Name, e.Version)
	}
	for _, e := range rehearsed.Receipt.Events {
		then += fmt.Sprintf("%s %d, ", e.Name, e.Version)
	}
	if names != "ShowRun 2, SeatsTaken 2, SeatsTaken 3, VisitPlanned 1, " || then != names {
		t.Error(names, "rehearsed", then)
	}
	if r.Entity.Fields["left"] != 2 || r.Receipt.Version != 2 {
		t.Errorf("%+v", r.Entity)
	}
	if again := w.accepted("runShow", "h/s", nil, withID("c")); !again.Receipt.Duplicate || len(again.Receipt.Events) != 4 {
		t.Errorf("%+v", again.Receipt)
	}
	// The second time there are too few seats: nothing at all happens, and what is said of arguments is not said of the client's.
	refused := w.rejected(command.RuleViolated, "runShow", "h/other", nil)
	if refused.Reason != "NO_SEATS" || refused.Field != "" {
		t.Errorf("%+v", refused)
	}
}

func TestWhatAnotherCommandDidIsUndoneIfTheRuleGoesOnWithout(t *testing.T) {
	w := newMachine(t, withRule("takeSeats", seats),
		withRule("endVisit", func(c *command.Context, visit, _ schema.Record) (schema.Record, error) {
			if _, err := c.Run("takeSeats", "h", schema.Record{"n": 3}); err != nil {
				return nil, err
			}
			return nil, command.Reject("NO", "never")
		}),
		withRule("runShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
			if _, err := c.Run("endVisit", "v", nil); err == nil {
				return nil, errors.New("it was to be rejected")
			}
			if _, err := c.Run("createHall", "h2", schema.Record{"name": "Big", "seats": 1}); err != nil {
				var r *command.Rejection
				if !errors.As(err, &r) {
					return nil, err
				}
			}
			hall, err := c.Run("takeSeats", "h", schema.Record{"n": 1})
			if err != nil {
				return nil, err
			}
			show["left"] = hall["seats"]
			return show, nil
		}))
	w.show("h/s", "2026-01-01")
	w.accepted("planVisit", "v", schema.Record{"show": "h/s"})
	// The unique name is found out by the log only.
	if r := w.do("runShow", "h/s", nil); r.Receipt != nil || r.Rejections[0].Code != command.NotUnique || r.Rejections[0].Field != "" {
		t.Fatalf("%+v", r)
	}
	w.accepted("updateHall", "h", schema.Record{"name": "Renamed"})
	if r := w.accepted("runShow", "h/s", nil); r.Entity.Fields["left"] != 9 || len(r.Receipt.Events) != 3 {
		t.Errorf("%+v %+v", r.Entity, r.Receipt)
	}
}

func TestCommandsWithinCommandsHaveBounds(t *testing.T) {
	circle := func(c *command.Context, hall, in schema.Record) (schema.Record, error) {
		id := fmt.Sprint(in["n"].(int) + 1)
		if _, err := c.Run("createHall", id, schema.Record{"name": id, "seats": 1}); err != nil {
			return nil, err
		}
		_, err := c.Run("takeSeats", id, schema.Record{"n": in["n"].(int) + 1})
		return hall, err
	}
	w := newMachine(t, withRule("takeSeats", circle), withRule("titleShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		_, err := c.Run("closeShow", "h/s", nil)
		return show, err
	}), withRule("runShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		for i := range 2 * command.MaxEvents {
			if _, err := c.Run("createHall", fmt.Sprint(i), schema.Record{"name": fmt.Sprint(i), "seats": 1}); err != nil {
				return nil, err
			}
		}
		return show, nil
	}))
	w.show("h/s", "2026-01-01")
	n := w.events()
	for name, want := range map[string]string{"takeSeats": "more than 8 deep", "titleShow": "can't run a command on it"} {
		id := map[string]string{"takeSeats": "h", "titleShow": "h/s"}[name]
		_, err := w.engine.Execute(t.Context(), command.Command{Name: name, ID: id, Input: schema.Record{"n": 1, "title": "x"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.rejected(command.InvalidInput, "runShow", "h/s", nil)
	if w.events() != n {
		t.Error("something was written")
	}
}

func TestRulesGiveCommandsWhatTheyNeed(t *testing.T) {
	for name, in := range map[string]schema.Record{"missing": {}, "of another type": {"n": "x"}} {
		w := newMachine(t, withRule("runShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
			_, err := c.Run("takeSeats", "h", in)
			return show, err
		}))
		w.show("h/s", "2026-01-01")
		var r *command.Rejection
		if _, err := w.engine.Execute(t.Context(), command.Command{Name: "runShow", ID: "h/s"}); err == nil || errors.As(err, &r) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACreateMayCreateOthersOfItsKind(t *testing.T) {
	w := worldOf(t, machine, withRule("createHall", func(c *command.Context, hall, _ schema.Record) (schema.Record, error) {
		for i := range hall["seats"].(int) {
			if _, err := c.Run("createHall", "", schema.Record{"name": fmt.Sprint(hall["name"], i), "seats": hall["seats"].(int) - 1}); err != nil {
				return nil, err
			}
		}
		return hall, nil
	}))
	create := func() *command.Result {
		return w.accepted("createHall", "", schema.Record{"name": "x", "seats": 3}, withID("c"))
	}
	made := create()
	ids := map[string]bool{}
	for _, e := range made.Receipt.Events {
		ids[e.Ref.ID] = true
	}
	if len(ids) != 16 { // 1 and 3 and 3*2 and 3*2*1
		t.Errorf("%d halls: %v", len(ids), ids)
	}
	if again := create(); !again.Receipt.Duplicate {
		t.Errorf("%+v", again.Receipt)
	}
}
