package command_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestALostRaceIsDecidedAnew changes what the decision has read, between its reading and its append.
func TestALostRaceIsDecidedAnew(t *testing.T) {
	refuseRenamed := withRule("takeTicket", func(c *command.Context, e, _ schema.Record) (schema.Record, error) {
		owner, err := c.Load("Owner", e["owner"].(string))
		if err == nil && owner["name"] == "blocked" {
			err = command.Reject("BLOCKED", "blocked")
		}
		return e, err
	})
	w := newWorld(t, refuseRenamed)
	w.ticket("t1")
	other, err := command.New(command.Config{Model: w.model(), Log: w.log.Log})
	if err != nil {
		t.Fatal(err)
	}
	once := sync.OnceFunc(func() {
		r, err := other.Execute(t.Context(), command.Command{Name: "updateOwner", ID: "owner-of-t1", Input: schema.Record{"name": "blocked"}})
		if err != nil || r.Receipt == nil {
			t.Error(err, r)
		}
	})
	w.log.before = once
	r := w.do("takeTicket", "t1", nil)
	if len(r.Rejections) != 1 || r.Rejections[0].Reason != "BLOCKED" {
		t.Fatalf("it was decided on an owner who had changed: %+v", r)
	}
}

func TestARaceThatIsAlwaysLostEnds(t *testing.T) {
	tries := 0
	w := newWorld(t, func(c *command.Config) { c.Attempts = 3 })
	w.ticket("t1")
	w.log.refuse = func() error {
		tries++
		return &eventlog.ConflictError{Ref: eventlog.Ref{Entity: "Ticket", ID: "t1"}, Expected: 1, Actual: 2}
	}
	r := w.do("takeTicket", "t1", nil)
	if tries != 3 || len(r.Rejections) != 1 || r.Rejections[0].Code != command.VersionConflict {
		t.Errorf("%d tries: %+v", tries, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.log.refuse = func() error {
		cancel()
		return &eventlog.ConflictError{}
	}
	if _, err := w.engine.Execute(ctx, command.Command{Name: "noteTicket", ID: "t1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has gone: %v", err)
	}
}

// TestARaceForAVersionIsAnsweredAsIfItHadComeLate loses to another process between reading and appending.
func TestARaceForAVersionIsAnsweredAsIfItHadComeLate(t *testing.T) {
	w := newWorld(t)
	w.ticket("t1")
	other, err := command.New(command.Config{Model: w.model(), Log: w.log.Log})
	if err != nil {
		t.Fatal(err)
	}
	overtake := func(name, id string, in schema.Record) {
		w.log.before = sync.OnceFunc(func() {
			if r, err := other.Execute(t.Context(), command.Command{Name: name, ID: id, Input: in}); err != nil || r.Receipt == nil {
				t.Error(err, r)
			}
		})
	}
	overtake("noteTicket", "t1", nil)
	r := w.do("takeTicket", "t1", nil, expecting(1))
	if got := r.Rejections[0]; got.Code != command.VersionConflict || got.Field != "command.expectedVersion" || got.State != "OPEN" || r.Entity == nil || r.Entity.Version != 2 {
		t.Errorf("%+v %+v", got, r.Entity)
	}
	for _, o := range [][]func(*command.Command){nil, {expecting(0)}} {
		id := fmt.Sprint("w", len(o))
		overtake("createOwner", id, schema.Record{"name": "first"})
		r := w.do("createOwner", id, schema.Record{"name": "second"}, o...)
		if got := r.Rejections[0]; got.Code != command.AlreadyExists || r.Entity.Fields["name"] != "first" {
			t.Errorf("%+v %+v", got, r.Entity)
		}
	}
}

func TestExpectedVersion(t *testing.T) {
	w := newWorld(t)
	w.ticket("t1")
	w.rejected(command.VersionConflict, "takeTicket", "t1", nil, expecting(0))
	w.rejected(command.VersionConflict, "takeTicket", "t1", nil, expecting(2))
	if got := w.rejected(command.InvalidInput, "takeTicket", "t1", nil, expecting(-1)); got.Field != "command.expectedVersion" {
		t.Errorf("%+v", got)
	}
	w.accepted("takeTicket", "t1", nil, expecting(1))
	w.accepted("createOwner", "w1", schema.Record{"name": "n"}, expecting(0))
	w.rejected(command.VersionConflict, "createOwner", "w2", schema.Record{"name": "n"}, expecting(1))
}

// TestALostAnswerIsFoundAgain fails an append that happened, as a connection does that breaks.
func TestALostAnswerIsFoundAgain(t *testing.T) {
	w := newWorld(t)
	w.ticket("t1")
	w.log.unheard = errors.New("connection reset")
	_, err := w.engine.Execute(t.Context(), command.Command{Name: "takeTicket", ID: "t1"})
	var failed *command.OutcomeError
	if !errors.As(err, &failed) || !failed.Unknown || failed.CommandID == "" {
		t.Fatalf("%v, %+v", err, failed)
	}
	w.log.unheard = nil
	r := w.accepted("takeTicket", "t1", nil, withID(failed.CommandID))
	if !r.Receipt.Duplicate || r.Receipt.Version != 2 || r.Entity.State != "TAKEN" {
		t.Errorf("%+v", r.Receipt)
	}
}

func TestDuplicatesAnswerWhatTheCommandDid(t *testing.T) {
	w := newWorld(t, allowImport)
	w.ticket("t1")
	first := w.accepted("noteTicket", "t1", schema.Record{"note": "one"}, withID("c1"))
	w.accepted("noteTicket", "t1", schema.Record{"note": "two"})
	again := w.accepted("noteTicket", "t1", schema.Record{"note": "one"}, withID("c1"))
	if !again.Receipt.Duplicate || again.Receipt.Version != 2 || again.Entity.Version != 2 || again.Entity.Fields["note"] != "one" {
		t.Errorf("%+v %+v", again.Receipt, again.Entity)
	}
	if first.Receipt.Position.String() != again.Receipt.Position.String() || !again.Entity.CreatedAt.Equal(first.Entity.CreatedAt) || !again.Entity.UpdatedAt.Equal(first.Entity.UpdatedAt) {
		t.Errorf("%+v, then %+v", first.Entity, again.Entity)
	}
	w.accepted("dropTicket", "t1", nil, withID("c2"))
	if again := w.accepted("dropTicket", "t1", nil, withID("c2")); !again.Receipt.Duplicate || again.Entity == nil {
		t.Errorf("a duplicate deletion: %+v", again)
	}
	w.ticket("t2")
	for name, reuse := range map[string]func() *command.Rejection{
		"another input": func() *command.Rejection {
			return w.rejected(command.CommandIDReused, "noteTicket", "t1", schema.Record{"note": "x"}, withID("c1"))
		},
		"a null": func() *command.Rejection {
			return w.rejected(command.CommandIDReused, "noteTicket", "t1", schema.Record{"note": nil}, withID("c1"))
		},
		"another entity": func() *command.Rejection {
			return w.rejected(command.CommandIDReused, "noteTicket", "t2", schema.Record{"note": "one"}, withID("c1"))
		},
		"another command": func() *command.Rejection {
			return w.rejected(command.CommandIDReused, "takeTicket", "t2", nil, withID("c1"))
		},
		"another time": func() *command.Rejection {
			return w.rejected(command.CommandIDReused, "noteTicket", "t1", schema.Record{"note": "one"}, withID("c1"), occurred("2017-01-01T00:00:00Z"))
		},
	} {
		if got := reuse(); got.Field != "command.id" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := w.rejected(command.InvalidInput, "takeTicket", "t2", nil, withID("a\nb")); got.Field != "command.id" {
		t.Errorf("%+v", got)
	}
}

func TestCallersAtOnce(t *testing.T) {
	w := newWorld(t)
	w.ticket("t1")
	other, err := command.New(command.Config{Model: w.model(), Log: w.log.Log}) // as another process would be
	if err != nil {
		t.Fatal(err)
	}
	const callers = 32
	var wg sync.WaitGroup
	results := make([]*command.Result, 2*callers)
	for i := range results {
		engine := w.engine
		if i%2 == 1 {
			engine = other
		}
		wg.Go(func() {
			c := command.Command{Name: "noteTicket", ID: "t1", Input: schema.Record{"note": "same"}, CommandID: "same"}
			if i >= callers {
				c.CommandID, c.Input = "", schema.Record{"note": fmt.Sprint(i)}
			}
			r, err := engine.Execute(context.Background(), c)
			if err != nil || r.Receipt == nil {
				t.Error(err, r)
				return
			}
			results[i] = r
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	fresh, versions := 0, map[int64]bool{}
	for i, r := range results {
		if i < callers && !r.Receipt.Duplicate {
			fresh++
		}
		if i >= callers && versions[r.Receipt.Version] {
			t.Errorf("version %d was made twice", r.Receipt.Version)
		}
		if i >= callers {
			versions[r.Receipt.Version] = true
		}
	}
	if e := w.event("Ticket", "t1"); fresh != 1 || e.Version != 1+1+callers {
		t.Errorf("one command id made %d events; the ticket is at version %d", fresh, e.Version)
	}
}

func TestSnapshots(t *testing.T) {
	w := newWorld(t)
	w.owner("w1")
	w.owner("w2")
	w.accepted("deleteOwner", "w2", nil)
	refs := []command.Ref{{Entity: "Owner", ID: "w1"}, {Entity: "Owner", ID: "w2"}, {Entity: "Owner", ID: "never"}, {Entity: "Owner", ID: "\x00"}}
	w.log.loads = 0
	got, err := w.engine.Snapshots(t.Context(), refs, command.Known{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[refs[0]].Fields["name"] != "Ana w1" || !got[refs[1]].Deleted || w.log.loads != 1 {
		t.Errorf("%+v with %d loads", got, w.log.loads)
	}
}
