package app

import (
	"context"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/position"
)

// versions is a store that is consolidated so far.
type versions struct {
	documents.Store
	at  map[int]documents.Checkpoint
	has bool
}

func (v *versions) Checkpoints(context.Context) (map[int]documents.Checkpoint, error) {
	return v.at, nil
}

func (v *versions) HasCommand(context.Context, string, string) (bool, error) { return v.has, nil }

// TestTheArchiveAnswersOnceItIsComplete asks an archive that lacks what the log has.
func TestTheArchiveAnswersOnceItIsComplete(t *testing.T) {
	l, err := memory.Open(memory.Options{Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	appendOne := func(id string) (int, position.Place) {
		ref := eventlog.Ref{Entity: "Todo", ID: id}
		r, err := l.Append(t.Context(), eventlog.Append{Primary: ref, CommandID: "c" + id, InputHash: "h", Decided: time.Now(),
			Conditions: []eventlog.Condition{{Ref: ref}}, Events: []eventlog.NewEvent{{Ref: ref, Name: "TodoMade"}}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Events[0].Partition, position.Place{Epoch: r.Events[0].Epoch, Seq: r.Events[0].Seq}
	}
	n, place := appendOne("1")
	store := &versions{at: map[int]documents.Checkpoint{}}
	a := &archive{log: l, store: store}
	for range 2 {
		if _, err := a.HasCommand(t.Context(), "Todo", "c1"); err == nil {
			t.Fatal("it knows nothing yet")
		}
	}
	appendOne("1later") // has a receipt
	store.at[n], store.has = documents.Checkpoint{Place: place}, true
	if has, err := a.HasCommand(t.Context(), "Todo", "c1"); err != nil || !has {
		t.Error(has, err)
	}
	store.at, store.has = nil, false // it was complete once
	if has, err := a.HasCommand(t.Context(), "Todo", "c2"); err != nil || has {
		t.Error(has, err)
	}
}
