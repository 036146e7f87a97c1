package command_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// goAway lets the log fail from the n-th reading on.
func (w *world) goAway(n int) {
	w.log.away = func() error {
		if n--; n < 0 {
			return errors.New("the log is gone")
		}
		return nil
	}
}

// TestALogThatFailsWithinARuleIsNoFaultOfTheRule: the reactor parks what fails, and waits for a log.
func TestALogThatFailsWithinARuleIsNoFaultOfTheRule(t *testing.T) {
	w := newMachine(t, withRule("titleShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		_, err := c.Load("Hall", "h")
		return show, err
	}), withRule("runShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		_, err := c.Run("takeSeats", "h", schema.Record{"n": 1})
		return show, err
	}))
	w.show("h/s", "2026-01-01")
	for _, name := range []string{"titleShow", "runShow"} {
		w.goAway(1)
		_, err := w.engine.Execute(t.Context(), command.Command{Name: name, ID: "h/s", Input: schema.Record{"title": "x"}, CommandID: "c"})
		var failed *command.OutcomeError
		if !errors.As(err, &failed) || failed.Unknown || failed.CommandID != "c" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALogThatFailsOverADuplicateMayHaveTheCommand(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	w.accepted("titleShow", "h/s", schema.Record{"title": "x"}, withID("c"))
	w.accepted("closeShow", "h/s", nil)
	event := w.event("Show", "h/s")
	event.Version--
	w.goAway(1)
	_, err := w.engine.Execute(t.Context(), command.Command{Name: "titleShow", ID: "h/s", Input: schema.Record{"title": "x"}, CommandID: "c"})
	var failed *command.OutcomeError
	if !errors.As(err, &failed) || !failed.Unknown || failed.CommandID != "c" {
		t.Error(err)
	}
	w.goAway(1)
	if _, err := w.engine.After(t.Context(), &event); !errors.As(err, &failed) {
		t.Error(err)
	}
}

// TestARuleThatFailsTakesNoOtherCommandAlong: what can be done with an entity is shown in lists, beside all else.
func TestARuleThatFailsTakesNoOtherCommandAlong(t *testing.T) {
	w := newMachine(t, withRule("runShow", func(*command.Context, schema.Record, schema.Record) (schema.Record, error) {
		return nil, errors.New("something is wrong")
	}), withRule("closeShow", func(c *command.Context, show, in schema.Record) (schema.Record, error) {
		_ = in["n"].(int)
		return show, nil
	}), withRule("dropShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		_, err := c.Load("Hall", "h")
		return show, err
	}))
	w.show("h/s", "2026-01-01")
	all, err := w.engine.Possible(t.Context(), w.model().Entity("Show"), "h/s")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		name := p.Command.Name
		if p.Failed != (name == "runShow" || name == "closeShow") || p.Rejection != nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	w.goAway(1)
	var failed *command.OutcomeError
	if _, err := w.engine.Possible(t.Context(), w.model().Entity("Show"), "h/s"); !errors.As(err, &failed) {
		t.Error(err)
	}
}

var _ eventlog.Log = (*meddler)(nil)

func TestWhatIsTooMuchIsSaidToTheClient(t *testing.T) {
	w := newWorld(t)
	w.owner("o")
	parts := make([]any, 1001)
	for i := range parts {
		parts[i] = map[string]any{"maker": fmt.Sprint("o", i), "amount": 1}
	}
	r := w.rejected(command.InvalidInput, "openTicket", "t", w.input("openTicket", map[string]any{"title": "t", "owner": "o", "parts": parts}))
	if r.Message != "the command is too much at once: 1002 refs, more than 1000" {
		t.Errorf("%+v", r)
	}
}
