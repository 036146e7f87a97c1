package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/schema"
)

// soon is a model whose orders expire at once.
const soon = `type Order @entity @timeout(in: OPEN, after: "1ms", run: "expireOrder")` + rest

// TestManyTimersDueAtOnceEachFireOnce has two reactors, one of which is stopped amid work and started again.
func TestManyTimersDueAtOnceEachFireOnce(t *testing.T) {
	engines(t, func(t *testing.T, l eventlog.Log) {
		orders := 10_000
		if _, slow := l.(*sqlitelog.Log); slow && racing {
			orders = 2_000
			t.Log("SQLite has 2,000 timers instead of 10,000 while the race detector watches")
		}
		w := worldOn(t, soon, l)
		w.options.Poll, w.options.Wait = 200*time.Millisecond, 200*time.Millisecond
		var g errgroup.Group
		g.SetLimit(64)
		for i := range orders {
			g.Go(func() error {
				r, err := w.engine.Execute(context.Background(), command.Command{Name: "openOrder", ID: fmt.Sprint("o", i)})
				if err == nil && len(r.Rejections) > 0 {
					err = r.Rejections[0]
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		var fired atomic.Int64
		counting := &meddler{Log: l, appended: func() { fired.Add(1) }}
		_, stopOne := w.start(counting)
		two, stopTwo := w.start(counting)
		w.untilStill("half of them", fired.Load, func() bool { return fired.Load() > int64(orders/2) })
		stopOne()
		three, stopThree := w.start(counting)
		w.untilStill("all timers to be gone", fired.Load, func() bool { return w.timers() == 0 })
		stopTwo()
		stopThree()
		expired := map[string]bool{}
		for _, e := range w.events("OrderExpired") {
			if expired[e.ID] || e.Version != 2 || e.Actor != "timeout:OPEN/expireOrder" || e.CausationID != "Order:"+e.ID+"@1" {
				t.Fatalf("%+v", e)
			}
			expired[e.ID] = true
		}
		if len(expired) != orders || len(w.failed()) != 0 {
			t.Errorf("%d expired, %+v", len(expired), w.failed())
		}
		for _, r := range []interface{ Health() error }{two, three} {
			if err := r.Health(); err != nil {
				t.Error(err)
			}
		}
		t.Logf("%d appends for %d timers", fired.Load(), orders)
	})
}

// timers counts the partitions and kinds that have any.
func (w *world) timers() (n int) {
	w.Helper()
	for p := range w.log.Partitions() {
		for _, kind := range []string{eventlog.TimeoutTimer, eventlog.CommandTimer} {
			some, err := w.log.Timers(w.Context(), p, kind, nil, 1)
			if err != nil {
				w.Fatal(err)
			}
			n += len(some)
		}
	}
	return n
}

func TestTimeoutsGoByTheLogsClock(t *testing.T) {
	w := newWorld(t, expires)
	w.exec("openOrder", "o1", nil)
	w.exec("openOrder", "paid", nil)
	w.exec("payOrder", "paid", nil)
	_, stop := w.start(w.log)
	defer stop()
	w.clock.move(29 * time.Minute)
	w.exec("openOrder", "o2", nil)
	time.Sleep(20 * time.Millisecond) // several looks
	w.count("OrderExpired", 0)
	w.clock.move(-time.Hour) // the clock is set back: it takes that much longer
	time.Sleep(20 * time.Millisecond)
	w.count("OrderExpired", 0)
	w.clock.move(time.Hour + time.Minute)
	w.until("the first", func() bool { return len(w.events("OrderExpired")) == 1 })
	w.clock.move(24 * time.Hour) // set forward
	w.until("the second", func() bool { return len(w.events("OrderExpired")) == 2 })
	w.until("no timer", func() bool { return w.timers() == 0 })
}

func TestTimersOfADownTimeFireAtTheStart(t *testing.T) {
	w := newWorld(t, expires)
	for i := range 300 { // more than are fetched at once
		w.exec("openOrder", fmt.Sprint("o", i), nil)
	}
	w.clock.move(5 * time.Hour)
	_, stop := w.start(w.log)
	w.until("all", func() bool { return w.timers() == 0 })
	stop()
	w.count("OrderExpired", 300)
}

func TestARejectedTimeoutDoesNotFireAgain(t *testing.T) {
	w := newWorld(t, expires)
	var tries atomic.Int64
	w.rules["expireOrder"] = func(c *command.Context, e, in schema.Record) (schema.Record, error) {
		tries.Add(1)
		return nil, command.Reject("NO", "no")
	}
	w.exec("openOrder", "o1", nil)
	w.clock.move(time.Hour)
	r, stop := w.start(w.log)
	w.until("no timer", func() bool { return w.timers() == 0 })
	time.Sleep(20 * time.Millisecond)
	stop()
	f := w.failed()
	if tries.Load() != 1 || len(f) != 1 || f[0].Status != command.ReactionRejected || f[0].Event != "Order:o1@1" || f[0].Reaction != "OPEN/expireOrder" || r.Stats().Rejected != 1 {
		t.Fatalf("%d tries, %+v", tries.Load(), f)
	}
	delete(w.rules, "expireOrder")
	if r, err := w.engine.ResumeReaction(t.Context(), f[0].ID); err != nil || r.Receipt == nil {
		t.Errorf("%+v, %v", r, err)
	}
	w.count("OrderExpired", 1)
}

func TestAFailingTimeoutIsTriedAgainThenParked(t *testing.T) {
	w := newWorld(t, soon)
	w.options.MinBackoff = time.Millisecond
	var tries atomic.Int64
	w.rules["expireOrder"] = func(c *command.Context, e, in schema.Record) (schema.Record, error) {
		if e["id"] == "bad" {
			tries.Add(1)
			return nil, errors.New("secret")
		}
		return e, nil
	}
	w.exec("openOrder", "bad", nil)
	w.exec("openOrder", "good", nil)
	_, stop := w.start(w.log)
	w.until("no timer", func() bool { w.clock.move(time.Second); return w.timers() == 0 })
	stop()
	f := w.failed()
	if tries.Load() != 3 || len(f) != 1 || f[0].Status != command.ReactionParked || f[0].Tries != 3 {
		t.Errorf("%d tries, %+v", tries.Load(), f)
	}
	w.count("OrderExpired", 1)
}

func TestScheduledCommandsRunAtTheirTime(t *testing.T) {
	w := newWorld(t, plain)
	w.exec("openOrder", "o1", nil)
	later := func(c *command.Command) { c.RunAt = at(day0.Add(time.Hour)); c.Actor = "ana" }
	w.exec("noteOrder", "o1", schema.Record{"note": "later"}, later, withID("c1"))
	w.exec("failOrder", "o1", nil, later, withID("c2")) // which will be rejected
	_, stop := w.start(w.log)
	defer stop()
	time.Sleep(20 * time.Millisecond)
	w.count("OrderNoted", 0)
	w.clock.move(time.Hour)
	w.until("no timer", func() bool { return w.timers() == 0 })
	e := w.events("OrderNoted")
	if len(e) != 1 || e[0].Actor != "ana" || e[0].CorrelationID != "c1" || string(e[0].Input) != `{"note":"later"}` {
		t.Errorf("%+v", e)
	}
	f := w.failed()
	if len(f) != 1 || f[0].Event != "" || f[0].Reaction != "failOrder" || f[0].Rejection.Code != command.InvalidTransition {
		t.Errorf("%+v", f)
	}
}

// TestATimerOfANewerModelIsLeftToIt is what happens in a rolling deploy.
func TestATimerOfANewerModelIsLeftToIt(t *testing.T) {
	w := newWorld(t, expires)
	w.exec("openOrder", "o1", nil)
	w.clock.move(time.Hour)
	older := worldOn(t, plain, w.log)
	unknown, stop := older.start(w.log)
	for range 5 {
		before := unknown.Stats().Failed
		w.until("the older process to meet it", func() bool { w.clock.move(time.Second); return unknown.Stats().Failed > before })
	}
	stop()
	if w.timers() != 1 || len(w.failed()) != 0 {
		t.Fatalf("%d timers, %+v", w.timers(), w.failed())
	}
	w.clock.move(time.Second)
	_, stop = w.start(w.log)
	w.until("no timer", func() bool { return w.timers() == 0 })
	stop()
	if e := w.events("OrderExpired"); len(e) != 1 {
		t.Errorf("%+v", e)
	}
}

// TestATimerThatCantBeReadIsParked is of a command that the model had.
func TestATimerThatCantBeReadIsParked(t *testing.T) {
	w := newWorld(t, plain)
	w.exec("openOrder", "o1", nil)
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	_, err := w.log.Append(t.Context(), eventlog.Append{
		Primary: ref, CommandID: "c1", InputHash: "h", Decided: day0,
		Timers: []eventlog.Timer{{TimerKey: eventlog.TimerKey{Kind: eventlog.CommandTimer, Ref: ref, Name: "c1"}, After: time.Millisecond, Data: raw(map[string]string{"command": "gone"})}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, stop := w.start(w.log)
	w.until("no timer", func() bool { w.clock.move(time.Second); return w.timers() == 0 })
	stop()
	if f := w.failed(); len(f) != 1 || f[0].Status != command.ReactionParked || f[0].Tries != 121 {
		t.Fatalf("%+v", f)
	}
	if r, err := w.engine.ResumeReaction(t.Context(), w.failed()[0].ID); err != nil || len(r.Rejections) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
