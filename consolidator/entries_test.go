package consolidator_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestEntriesSayWhatLedToThem: live queries show who did it, and why.
func TestEntriesSayWhatLedToThem(t *testing.T) {
	w := newWorld(t)
	from, err := w.feed.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := command.New(command.Config{Model: w.model, Log: w.log})
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Execute(t.Context(), command.Command{
		Name: "createOwner", ID: "w1", Input: schema.Record{"name": "one"}, CommandID: "k", Actor: "ana", CorrelationID: "corr", CausationID: "Thing:x1@1",
	})
	if err != nil || r.Receipt == nil {
		t.Fatal(r, err)
	}
	_, stop := w.start(w.store, w.feed, options())
	defer stop()
	w.untilDone()
	entries, err := w.feed.Read(t.Context(), from, 100, time.Second)
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	want := &feed.Event{
		Name: "OwnerCreated", Version: 1, CommandID: "k", Actor: "ana", CorrelationID: "corr", CausationID: "Thing:x1@1", At: entries[0].Event.At,
	}
	if d := cmp.Diff(want, entries[0].Event); d != "" {
		t.Error(d)
	}
}
