package reactor_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/reactor"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestReactionsRunOnceWithTwoReactors(t *testing.T) {
	w := newWorld(t, both)
	w.register()
	for _, p := range []string{"a", "b", "c"} {
		w.exec("createProduct", p, nil)
	}
	const orders = 40
	one, stopOne := w.start(w.log)
	two, stopTwo := w.start(w.log)
	for i := range orders {
		w.pay(fmt.Sprint("o", i), "a", "b", "a", "c")
	}
	w.untilDone(one)
	w.untilDone(two)
	stopOne()
	stopTwo()
	w.count("ProductTicked", 4*orders)
	w.count("LabelCreated", orders)
	if failed := w.failed(); len(failed) > 0 {
		t.Errorf("%+v", failed)
	}
	if s := w.react(); s.Executed != 0 {
		t.Errorf("what was done was looked at again: %+v", s)
	}
}

func TestACommandSaysWhatCausedIt(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	w.exec("openOrder", "o1", schema.Record{"note": "x"})
	w.exec("payOrder", "o1", nil, withID("pay-1"), func(c *command.Command) { c.CorrelationID = "corr" })
	w.exec("openOrder", "o2", nil)
	w.exec("payOrder", "o2", nil, withID("pay-2"))
	w.exec("noteOrder", "o1", schema.Record{"note": "later"})
	w.react()
	got := map[string]eventlog.Event{}
	for _, e := range w.events("LabelCreated") {
		got[e.ID] = e
	}
	one, two := got["o1/label"], got["o2/label"]
	if one.CausationID != "Order:o1@2" || one.CorrelationID != "corr" || one.Actor != "reaction:OrderPaid/createLabel" || one.Depth != 1 || string(one.Input) != `{"order":"o1","text":"x"}` {
		t.Errorf("%+v", one)
	}
	if two.CorrelationID != "pay-2" || string(two.Input) != `{"order":"o2"}` || len(got) != 2 {
		t.Errorf("%+v", two)
	}
}

func TestADeletedEntityIsKnownAsItWas(t *testing.T) {
	w := newWorld(t, lastWill)
	w.register()
	w.exec("openOrder", "o1", schema.Record{"note": "first"})
	w.exec("noteOrder", "o1", schema.Record{"note": "last"})
	w.exec("dropOrder", "o1", nil)
	w.react()
	if got := w.events("LabelCreated"); len(got) != 1 || string(got[0].Input) != `{"order":"o1","text":"last"}` {
		t.Errorf("%+v", got)
	}
}

// TestWhatIsNullIsLeftOut has a line without a product, which is no command, and one without a quantity, which the command needs.
func TestWhatIsNullIsLeftOut(t *testing.T) {
	w := newWorld(t, ticks)
	w.register()
	w.exec("createProduct", "a", nil)
	w.exec("openOrder", "o1", schema.Record{"lines": []any{schema.Record{"quantity": 1}, schema.Record{"product": "a"}, schema.Record{"product": "a", "quantity": 2}}})
	w.exec("payOrder", "o1", nil)
	w.exec("openOrder", "o2", nil)
	w.exec("payOrder", "o2", nil)
	w.react()
	w.count("ProductTicked", 1)
	if f := w.failed(); len(f) != 1 || f[0].Status != command.ReactionRejected || f[0].Rejection.Code != command.InvalidInput || f[0].Rejection.Field != "by" {
		t.Errorf("%+v", f)
	}
}

func TestACrashBeforeTheCursorMoves(t *testing.T) {
	w := newWorld(t, both)
	w.register()
	w.exec("createProduct", "a", nil)
	for i := range 30 {
		w.pay(fmt.Sprint("o", i), "a", "a")
	}
	for range 3 {
		r, stop := w.start(&meddler{Log: w.log, noCursor: true})
		w.until("all to be executed", func() bool { return r.Stats().Executed >= 90 })
		w.until("the failure to be seen", func() bool { return r.Health() != nil })
		stop()
	}
	if s := w.react(); s.Executed < 90 {
		t.Errorf("the cursor had moved: %+v", s)
	}
	w.count("ProductTicked", 60)
	w.count("LabelCreated", 30)
}

func TestARejectionIsRecordedAndOrElseRuns(t *testing.T) {
	w := newWorld(t, both)
	w.register()
	w.rules["createLabel"] = refuses
	w.pay("o1", "nowhere")
	w.react()
	w.count("OrderFailed", 1)
	failed := w.failed()
	if len(failed) != 2 {
		t.Fatalf("%+v", failed)
	}
	label, tick := failed[0], failed[1]
	if label.Rejection.Reason != "NO" || label.Reaction != "OrderPaid/createLabel" || label.Event != "Order:o1@2" || label.Command.ID != "o1/label" || label.ID != label.Command.CommandID {
		t.Errorf("%+v", label)
	}
	if tick.Rejection.Code != command.NotFound || tick.Command.Input["by"] != 1 || tick.Status != command.ReactionRejected {
		t.Errorf("%+v", tick)
	}
	// What was rejected is not run again because the cursor was lost, though it would be accepted now.
	delete(w.rules, "createLabel")
	_, stop := w.start(&meddler{Log: w.log, lost: true})
	w.untilDone(w.startAgain(stop))
	w.count("LabelCreated", 0)
	w.count("OrderFailed", 1)
	// And it is either the command or its orElse, whoever asks.
	if r, err := w.engine.ResumeReaction(t.Context(), label.ID); err != nil || len(r.Rejections) != 1 || r.Rejections[0].Code != command.CommandIDReused {
		t.Errorf("%+v, %v", r, err)
	}
	w.exec("createProduct", "nowhere", nil)
	if r, err := w.engine.ResumeReaction(t.Context(), tick.ID); err != nil || r.Receipt == nil {
		t.Errorf("%+v, %v", r, err)
	}
	w.count("ProductTicked", 1)
	if failed := w.failed(); len(failed) != 1 {
		t.Errorf("%+v", failed)
	}
	if r, err := w.engine.ResumeReaction(t.Context(), tick.ID); err != nil || r != nil {
		t.Errorf("it was resumed twice: %+v, %v", r, err)
	}
}

// startAgain stops a reactor and starts one that has lost its cursors.
func (w *world) startAgain(stop func()) *reactor.Reactor {
	w.Helper()
	stop()
	r, _ := w.start(&meddler{Log: w.log, lost: true})
	return r
}

func TestAnOrElseThatIsRejectedIsRecordedToo(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	w.rules["createLabel"], w.rules["failOrder"] = refuses, refuses
	w.pay("o1")
	w.react()
	failed := w.failed()
	if len(failed) != 2 || failed[0].Command.Name != "failOrder" || failed[0].ID != failed[1].ID+"/orElse" || failed[0].Command.ID != "o1" {
		t.Fatalf("%+v", failed)
	}
	if ok, err := w.engine.DiscardReaction(t.Context(), failed[0].ID); err != nil || !ok {
		t.Error(ok, err)
	}
	if ok, err := w.engine.DiscardReaction(t.Context(), failed[0].ID); err != nil || ok {
		t.Error(ok, err)
	}
}

func TestAFailureIsTriedAgainThenParkedThenResumed(t *testing.T) {
	w := newWorld(t, both)
	w.register()
	w.exec("createProduct", "a", nil)
	var tries atomic.Int64
	var heals atomic.Bool
	w.rules["createLabel"] = func(c *command.Context, e, in schema.Record) (schema.Record, error) {
		if tries.Add(1); heals.Load() {
			return e, nil
		}
		if tries.Load() == 1 {
			panic("secret")
		}
		return nil, errors.New("secret")
	}
	w.pay("o1", "a")
	s := w.react()
	if tries.Load() != 3 || s.Failed != 3 || s.Parked != 1 || s.Executed != 1 {
		t.Errorf("%d tries, %+v", tries.Load(), s)
	}
	w.count("OrderFailed", 0) // it was not rejected
	w.count("ProductTicked", 1)
	f := w.failed()
	if len(f) != 1 || f[0].Status != command.ReactionParked || f[0].Tries != 3 || f[0].Message != "its command failed each time: the server's log says why" {
		t.Fatalf("%+v", f)
	}
	if _, err := w.engine.ResumeReaction(t.Context(), f[0].ID); err == nil || len(w.failed()) != 1 {
		t.Error("it was not healed yet", err)
	}
	heals.Store(true)
	if r, err := w.engine.ResumeReaction(t.Context(), f[0].ID); err != nil || r.Receipt == nil || len(w.failed()) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	w.untilDone(w.startAgain(func() {}))
	w.count("LabelCreated", 1)
}

func TestAReactionThatWasGivenUpIsGivenUpAtOnce(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	var tries atomic.Int64
	w.rules["createLabel"] = func(c *command.Context, e, in schema.Record) (schema.Record, error) {
		if in["order"] == "good" {
			return e, nil
		}
		tries.Add(1)
		return nil, errors.New("broken")
	}
	var same []string // of one partition
	for i := 0; len(same) < 5; i++ {
		if id := fmt.Sprint("o", i); w.log.PartitionOf(eventlog.Ref{Entity: "Order", ID: id}) == w.log.PartitionOf(eventlog.Ref{Entity: "Order", ID: "good"}) {
			same = append(same, id)
		}
	}
	for _, id := range append(same[:4:4], "good", same[4]) {
		w.pay(id)
	}
	if s := w.react(); tries.Load() != 3+3+3 || s.Parked != 5 || s.Executed != 1 {
		t.Errorf("%d tries, %+v", tries.Load(), s)
	}
}

func TestLoopsEnd(t *testing.T) {
	w := newWorld(t, loops)
	w.register()
	w.options.MaxDepth = 5
	w.exec("openOrder", "o1", nil)
	w.exec("noteOrder", "o1", nil)
	w.react()
	w.count("OrderNoted", 6)
	f := w.failed()
	if len(f) != 1 || f[0].Status != command.ReactionParked || f[0].Command.Depth != 6 {
		t.Fatalf("%+v", f)
	}
	if r, err := w.engine.ResumeReaction(t.Context(), f[0].ID); err != nil || r.Receipt == nil {
		t.Fatal(r, err)
	}
	w.react()
	w.count("OrderNoted", 7)
}

func TestImportedEventsTriggerNothing(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	w.exec("openOrder", "o1", nil)
	w.exec("payOrder", "o1", nil, func(c *command.Command) { c.OccurredAt = at(day0) })
	w.exec("openOrder", "o2", nil)
	w.exec("payOrder", "o2", nil)
	w.react()
	w.count("LabelCreated", 1)
}

func TestAnOutageIsWaitedFor(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	var down atomic.Bool
	down.Store(true)
	w.pay("o1")
	r, stop := w.start(&meddler{Log: w.log, down: &down})
	w.until("the outage to be told", func() bool { return r.Health() != nil })
	time.Sleep(30 * time.Millisecond) // many more tries than a failure has
	if len(w.failed()) != 0 || r.Stats().Parked != 0 {
		t.Error("it was parked")
	}
	down.Store(false)
	w.untilDone(r)
	stop()
	w.count("LabelCreated", 1)
	if err := r.Health(); err != nil {
		t.Error(err)
	}
}

func TestParkingStopsRatherThanLose(t *testing.T) {
	w := newWorld(t, labels)
	w.register()
	w.rules["createLabel"] = func(c *command.Context, e, in schema.Record) (schema.Record, error) { return nil, errors.New("broken") }
	var full atomic.Bool
	full.Store(true)
	w.pay("o1")
	r, stop := w.start(&meddler{Log: w.log, full: &full})
	w.until("the stop", func() bool { return errors.Is(r.Health(), eventlog.ErrManyNotes) })
	full.Store(false)
	w.untilDone(r)
	stop()
	if len(w.failed()) != 1 {
		t.Errorf("%+v", w.failed())
	}
}

func TestGoReactions(t *testing.T) {
	var fails atomic.Bool
	w := newWorld(t, plain)
	w.reactions = command.Reactions{{Name: "OnPaid", Entity: "Order", Event: "OrderPaid", React: func(r *command.Reaction, order schema.Record) error {
		if fails.Load() {
			panic("secret")
		}
		for _, l := range order["lines"].([]any) {
			line := l.(schema.Record)
			r.Send("tickProduct", line["product"].(string), schema.Record{"by": line["quantity"]})
		}
		r.Send("createLabel", "", schema.Record{"order": r.Event().ID, "text": nil})
		delete(order, "lines") // has no effect on others
		return nil
	}}}
	w.become(plain)
	w.exec("createProduct", "a", nil)
	w.pay("o1", "a", "a")
	w.react()
	w.count("ProductTicked", 2)
	w.count("LabelCreated", 1)
	fails.Store(true)
	w.pay("o2", "a", "gone")
	w.react()
	f := w.failed()
	if len(f) != 1 || f[0].Command.Name != "" || f[0].Tries != 3 || f[0].Event != "Order:o2@2" {
		t.Fatalf("%+v", f)
	}
	if _, err := w.engine.ResumeReaction(t.Context(), f[0].ID); err == nil {
		t.Error("it was not healed yet")
	}
	fails.Store(false)
	r, err := w.engine.ResumeReaction(t.Context(), f[0].ID)
	if err != nil || len(r.Rejections) != 1 || r.Rejections[0].Code != command.NotFound {
		t.Errorf("%+v, %v", r, err)
	}
	w.count("ProductTicked", 3)
	w.count("LabelCreated", 2)
	if f := w.failed(); len(f) != 1 || f[0].Command.ID != "gone" || f[0].Status != command.ReactionRejected {
		t.Errorf("%+v", f)
	}
}

func TestReactionsOfWhatTheModelDoesNotHaveAreRefused(t *testing.T) {
	w := newWorld(t, labels)
	react := func(*command.Reaction, schema.Record) error { return nil }
	for _, one := range []command.GoReaction{
		{Name: "OnX", Entity: "Order", Event: "Nothing", React: react},
		{Name: "OnX", Entity: "Nobody", Event: "OrderPaid", React: react},
		{Name: "OrderPaid/createLabel", Entity: "Order", Event: "OrderPaid", React: react},
	} {
		if _, err := reactor.New(reactor.Config{Model: w.model(), Log: w.log, Commands: w.engine, Reactions: command.Reactions{one}}); err == nil {
			t.Errorf("%+v", one)
		}
	}
}
