package command_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestAValueThatCantBeWrittenIsAFailure: what a rule makes of it is no rejection, and nothing of it reaches the log.
func TestAValueThatCantBeWrittenIsAFailure(t *testing.T) {
	w := newWorld(t, withRule("takeTicket", func(_ *command.Context, e, _ schema.Record) (schema.Record, error) {
		e["parts"] = []any{schema.Record{"maker": e["owner"]}}
		return e, nil
	}))
	w.ticket("t1")
	size := w.events()
	_, err := w.engine.Execute(t.Context(), command.Command{Name: "takeTicket", ID: "t1"})
	var r *command.Rejection
	if err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "field parts of Ticket: [0].amount: can't be null") {
		t.Error(err)
	}
	if w.events() != size {
		t.Error("it was written")
	}
}

// TestAnEntityOutlivesItsModel: a value that an older model allowed may stay, whatever else a command changes, and may not come back.
func TestAnEntityOutlivesItsModel(t *testing.T) {
	w := newWorld(t)
	w.owner("w1")
	w.accepted("openTicket", "t1", schema.Record{"title": "t", "owner": "w1", "parts": []any{schema.Record{"maker": "w1", "amount": 1}}})
	m, err := schema.Load(fstest.MapFS{"model.graphql": {Data: []byte(strings.Replace(model, "amount: Int!", "amount: Int! colour: String!", 1))}})
	if err != nil {
		t.Fatal(err)
	}
	if w.engine, err = command.New(command.Config{Model: m, Log: w.log}); err != nil {
		t.Fatal(err)
	}
	w.accepted("noteTicket", "t1", schema.Record{"note": "n"})
	if e := w.event("Ticket", "t1"); string(e.Changes) != `[{"op":"set","path":"note","value":"n"}]` {
		t.Errorf("%s", e.Changes)
	}
}
