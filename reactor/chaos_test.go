package reactor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// unsteady is a log whose calls fail now and then, before or after they did something.
type unsteady struct {
	eventlog.Log
	mu   sync.Mutex
	rand *rand.Rand
}

// fails returns an error for one call of eight, and whether it comes late.
func (u *unsteady) fails() (late bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rand.IntN(8) == 0 {
		return u.rand.IntN(2) == 0, errDown
	}
	return false, nil
}

// try calls f, unless it is to fail before.
func try[T any](u *unsteady, f func() (T, error)) (T, error) {
	late, down := u.fails()
	if down != nil && !late {
		var none T
		return none, down
	}
	out, err := f()
	if err == nil && down != nil {
		err = down
	}
	return out, err
}

func (u *unsteady) SetCursor(ctx context.Context, name string, p int, c eventlog.Cursor) error {
	_, err := try(u, func() (bool, error) { return true, u.Log.SetCursor(ctx, name, p, c) })
	return err
}

func (u *unsteady) AddNote(ctx context.Context, kind string, n eventlog.Note, keep int, refuse bool) error {
	_, err := try(u, func() (bool, error) { return true, u.Log.AddNote(ctx, kind, n, keep, refuse) })
	return err
}

func (u *unsteady) Note(ctx context.Context, kind, id string) (*eventlog.Note, error) {
	return try(u, func() (*eventlog.Note, error) { return u.Log.Note(ctx, kind, id) })
}

func (u *unsteady) RemoveNote(ctx context.Context, kind, id string) (bool, error) {
	return try(u, func() (bool, error) { return u.Log.RemoveNote(ctx, kind, id) })
}

func (u *unsteady) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	return try(u, func() (*eventlog.Receipt, error) { return u.Log.Append(ctx, a) })
}

func (u *unsteady) Load(ctx context.Context, l eventlog.Load) (*eventlog.Loaded, error) {
	return try(u, func() (*eventlog.Loaded, error) { return u.Log.Load(ctx, l) })
}

func (u *unsteady) Due(ctx context.Context, p int, kind string, limit int) (eventlog.Due, error) {
	return try(u, func() (eventlog.Due, error) { return u.Log.Due(ctx, p, kind, limit) })
}

func (u *unsteady) MoveTimer(ctx context.Context, f eventlog.Fire, after time.Duration) (bool, error) {
	return try(u, func() (bool, error) { return u.Log.MoveTimer(ctx, f, after) })
}

// TestWhateverFailsEachThingHappensOnce has reactors that come and go, on a log that fails, and a rule that says now this and now that.
func TestWhateverFailsEachThingHappensOnce(t *testing.T) {
	const chaos = `type Order @entity @timeout(in: OPEN, after: "1s", run: "expireOrder") @reaction(on: "OrderPaid", run: "tickProduct", with: {id: "lines[].product", by: "lines[].quantity"}) @reaction(on: "OrderPaid", run: "createLabel", with: {id: "{id}/label", order: "id", text: "note"}, orElse: "failOrder")` + rest
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, chaos)
			w.options.Tries = 1000 // nothing is parked: a rule fails when the log does
			w.register()
			w.exec("createProduct", "a", nil)
			var mu sync.Mutex
			coin := rand.New(rand.NewPCG(seed, 1))
			w.rules["createLabel"] = func(c *command.Context, e, in schema.Record) (schema.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				if coin.IntN(2) == 0 {
					return nil, command.Reject("NO", "no")
				}
				return e, nil
			}
			const orders = 40
			stops := []func(){}
			for i := range orders {
				if i%5 == 0 {
					if len(stops) > 2 {
						stops[0]()
						stops = stops[1:]
					}
					_, stop := w.start(&unsteady{Log: w.log, rand: rand.New(rand.NewPCG(seed, uint64(i+2)))})
					stops = append(stops, stop)
				}
				w.pay(fmt.Sprint("o", i), "a", "a")
				w.exec("openOrder", fmt.Sprint("unpaid", i), nil)
				w.clock.move(100 * time.Millisecond)
				time.Sleep(time.Millisecond)
			}
			w.clock.move(time.Minute)
			for _, stop := range stops {
				stop()
			}
			r, stop := w.start(w.log)
			w.untilDone(r)
			w.until("no timer", func() bool { return w.timers() == 0 })
			stop()
			w.count("ProductTicked", 2*orders)
			w.count("OrderExpired", orders)
			made, failed := w.events("LabelCreated"), w.events("OrderFailed")
			if len(made)+len(failed) != orders {
				t.Errorf("%d labels and %d failed orders, of %d", len(made), len(failed), orders)
			}
			noted := map[string]bool{}
			for _, f := range w.failed() {
				noted[f.Event] = true
				if f.Status != command.ReactionRejected {
					t.Errorf("%+v", f)
				}
			}
			for _, e := range failed {
				if !noted[e.CausationID] {
					t.Errorf("nothing says why %s failed", e.ID)
				}
			}
			t.Logf("%d labels, %d failed orders, %d notes", len(made), len(failed), len(noted))
		})
	}
}
