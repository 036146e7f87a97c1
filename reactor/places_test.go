package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/reactor"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestANewReactionBeginsAtThePresent(t *testing.T) {
	w := newWorld(t, plain)
	for i := range 20 {
		w.pay(fmt.Sprint("old", i))
	}
	w.become(labels)
	w.pay("new1") // before the first reactor has started
	w.react()
	w.pay("new2")
	w.react()
	w.count("LabelCreated", 2)
}

func TestANewReactionMayBeginAtTheBeginning(t *testing.T) {
	w := newWorld(t, plain)
	w.pay("old")
	w.options.FromBeginning = true
	w.sdl = labels
	w.react()
	w.count("LabelCreated", 1)
}

// TestALostCursorBeginsAtTheStart reads the log again from where the reaction began, not from where the log does.
func TestALostCursorBeginsAtTheStart(t *testing.T) {
	w := newWorld(t, plain)
	w.pay("old")
	w.become(labels)
	w.pay("new")
	w.react()
	r, stop := w.start(&meddler{Log: w.log, lost: true})
	w.untilDone(r)
	stop()
	if s := r.Stats(); s.Executed != 1 {
		t.Errorf("%+v", s)
	}
	w.count("LabelCreated", 1)
}

// TestARollingDeployLosesNothing has two processes with different models at once, the older of which is further.
func TestARollingDeployLosesNothing(t *testing.T) {
	w := newWorld(t, ticks)
	w.register()
	w.exec("createProduct", "a", nil)
	older, stopOlder := w.start(w.log)
	w.become(both)
	for i := range 10 {
		w.pay(fmt.Sprint("o", i), "a")
	}
	w.untilDone(older)
	stopOlder()
	w.count("ProductTicked", 10)
	w.count("LabelCreated", 0)
	if s := w.react(); s.Executed != 10 {
		t.Errorf("ticks were executed again, or labels were not: %+v", s)
	}
	w.count("LabelCreated", 10)
	w.count("ProductTicked", 10)
	w.become(ticks) // rolled back, for an hour
	w.pay("o11", "a")
	w.react()
	w.clock.move(time.Hour)
	w.become(both)
	w.react()
	w.count("ProductTicked", 11)
	w.count("LabelCreated", 11)
}

// TestAReactionThatComesBackAfterLongReactsToWhatIsRecent was out of the model for a month.
func TestAReactionThatComesBackAfterLongReactsToWhatIsRecent(t *testing.T) {
	for _, without := range []string{ticks, plain} {
		w := newWorld(t, labels)
		w.register()
		w.pay("o1")
		w.react()
		w.become(without)
		w.pay("o2")
		w.clock.move(30 * 24 * time.Hour)
		w.pay("o3")
		if without == plain {
			r, stop := w.start(w.log)
			w.until("the end to be kept", func() bool { return w.passed(without) })
			stop()
			if err := r.Health(); err != nil {
				t.Error(err)
			}
		} else {
			w.react()
		}
		w.become(labels)
		w.react()
		w.count("LabelCreated", 2)
		for _, e := range w.events("LabelCreated") {
			if e.ID == "o2/label" {
				t.Error("history was reacted to")
			}
		}
	}
}

// passed reports whether some reader's cursor is at the end of every partition.
func (w *world) passed(string) bool {
	notes, err := w.log.Notes(w.Context(), eventlog.NotePage{Kind: "reactor-sets", Limit: 100})
	if err != nil {
		w.Fatal(err)
	}
	for _, n := range notes {
		ends := true
		for p := range w.log.Partitions() {
			c, err1 := w.log.Cursor(w.Context(), "reactor/"+n.ID, p)
			tail, err2 := w.log.Tail(w.Context(), p)
			if err1 != nil || err2 != nil {
				w.Fatal(err1, err2)
			}
			ends = ends && c.Place == tail.Place
		}
		if ends {
			return true
		}
	}
	return false
}

// TestDownTimeIsMadeUpFor has no reactor for a month, and an archive.
func TestDownTimeIsMadeUpFor(t *testing.T) {
	w := newWorld(t, labels)
	w.archive = archive{}
	w.register()
	w.pay("o1")
	w.react()
	w.pay("o2")
	w.clock.move(30 * 24 * time.Hour)
	w.react()
	w.count("LabelCreated", 2)
}

// archive is one that knows some commands.
type archive map[string]bool

func (a archive) HasCommand(_ context.Context, entity, id string) (bool, error) {
	return a[entity+" "+id], nil
}

// archiveOf archives all that is in the log.
func (w *world) archiveOf(names ...string) archive {
	out := archive{}
	for _, name := range names {
		for _, e := range w.events(name) {
			out[e.Entity+" "+e.CommandID] = true
		}
	}
	return out
}

// TestTheArchiveIsAskedPastTheReceipts replays events whose commands' receipts are gone.
func TestTheArchiveIsAskedPastTheReceipts(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	w.pay("o1")
	w.rules["createLabel"] = refuses
	w.pay("o2") // which runs the orElse
	w.rules["createLabel"] = func(c *command.Context, e, in schema.Record) (schema.Record, error) {
		if e["order"] == "o2" {
			return nil, command.Reject("NO", "no")
		}
		return e, nil
	}
	w.react()
	w.count("LabelCreated", 1)
	w.count("OrderFailed", 1)
	for _, f := range w.failed() { // as if it had been evicted
		if _, err := w.engine.DiscardReaction(t.Context(), f.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.rules = command.Rules{}
	w.clock.move(8 * 24 * time.Hour)
	for range 20 { // so that receipts go
		w.exec("createProduct", "", nil)
	}
	w.archive = w.archiveOf("LabelCreated", "OrderFailed")
	r, stop := w.start(&meddler{Log: w.log, lost: true})
	w.untilDone(r)
	stop()
	if s := r.Stats(); s != (reactor.Stats{}) {
		t.Errorf("%+v", s)
	}
	w.count("LabelCreated", 1)
	w.archive = nil
	w.untilDone(w.startAgain(stop))
	w.count("LabelCreated", 1)
	f := w.failed()
	if len(f) != 2 || f[0].Status != command.ReactionParked || f[0].Tries != 0 {
		t.Errorf("%+v", f)
	}
}

func TestABrokenLogIsToldOf(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	w.pay("o1")
	w.react()
	other, err := memory.Open(memory.Options{Partitions: partitions, Now: w.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	r, stop := w.start(shorter{w.log, other})
	var broken *eventlog.BrokenError
	w.until("the break", func() bool { return errors.As(r.Health(), &broken) })
	for _, s := range r.Status() {
		if s.Err != nil && !s.Broken {
			t.Errorf("%+v", s)
		}
	}
	stop()
}

// shorter is a log that lost its events.
type shorter struct {
	eventlog.Log
	empty eventlog.Log
}

func (s shorter) Read(ctx context.Context, p int, after uint64, hash string, limit int, wait time.Duration) ([]eventlog.Event, error) {
	return s.empty.Read(ctx, p, after, hash, limit, wait)
}
