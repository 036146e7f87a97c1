package reactor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	redislog "github.com/daybook-cqrs/daybook/eventlog/redis"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/reactor"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The parts of models that tests put together. plain has no reactions.
const (
	rest = ` {
  id: ID!
  status: OrderStatus! @state
  lines: [Line!]
  note: String
}
type Line { product: ID quantity: Int }
type Product @entity @crud { id: ID! count: Int }
type Label @entity @crud { id: ID! order: ID! text: String }
enum OrderStatus { OPEN PAID FAILED EXPIRED }
extend type Mutation {
  openOrder(lines: [LineInput!], note: String): Order! @transition(to: OPEN, emits: "OrderOpened")
  payOrder(id: ID!): Order! @transition(from: [OPEN], to: PAID, emits: "OrderPaid")
  failOrder(id: ID!): Order! @transition(from: [PAID], to: FAILED, emits: "OrderFailed")
  expireOrder(id: ID!): Order! @transition(from: [OPEN], to: EXPIRED, emits: "OrderExpired")
  noteOrder(id: ID!, note: String): Order! @transition(from: [OPEN, PAID], emits: "OrderNoted")
  dropOrder(id: ID!): Order! @transition(from: [OPEN, PAID], deletes: true, emits: "OrderDropped")
  tickProduct(id: ID!, by: Int!): Product! @transition(emits: "ProductTicked")
}
`
	plain    = `type Order @entity` + rest
	ticks    = `type Order @entity @reaction(on: "OrderPaid", run: "tickProduct", with: {id: "lines[].product", by: "lines[].quantity"})` + rest
	labels   = `type Order @entity @reaction(on: "OrderPaid", run: "createLabel", with: {id: "{id}/label", order: "id", text: "note"}, orElse: "failOrder")` + rest
	both     = `type Order @entity @reaction(on: "OrderPaid", run: "tickProduct", with: {id: "lines[].product", by: "lines[].quantity"}) @reaction(on: "OrderPaid", run: "createLabel", with: {id: "{id}/label", order: "id", text: "note"}, orElse: "failOrder")` + rest
	loops    = `type Order @entity @reaction(on: "OrderNoted", run: "noteOrder")` + rest
	lastWill = `type Order @entity @reaction(on: "OrderDropped", run: "createLabel", with: {order: "id", text: "note"})` + rest
	expires  = `type Order @entity @timeout(in: OPEN, after: "30m", run: "expireOrder")` + rest
)

// world is a log, and an engine that takes its commands.
type world struct {
	*testing.T
	sdl       string
	log       eventlog.Log
	clock     *clock // of the log in memory
	engine    *command.Engine
	rules     command.Rules
	reactions command.Reactions
	archive   reactor.Archive
	options   reactor.Options
}

// clock is a clock that a test moves.
type clock struct{ after atomic.Int64 }

var day0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (c *clock) now() time.Time       { return day0.Add(time.Duration(c.after.Load())) }
func (c *clock) move(d time.Duration) { c.after.Add(int64(d)) }

const partitions = 4

func newWorld(t *testing.T, sdl string) *world {
	t.Helper()
	c := &clock{}
	l, err := memory.Open(memory.Options{Partitions: partitions, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	w := worldOn(t, sdl, l)
	w.clock = c
	return w
}

func worldOn(t *testing.T, sdl string, l eventlog.Log) *world {
	t.Helper()
	t.Cleanup(func() { l.Close() })
	w := &world{T: t, sdl: sdl, log: l, rules: command.Rules{}, options: reactor.Options{
		BatchSize: 7, Wait: 5 * time.Millisecond, Poll: 5 * time.Millisecond, MinBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond,
		BrokenRetry: 5 * time.Millisecond, Tries: 3,
	}}
	w.engine = w.newEngine(w.log)
	return w
}

func (w *world) model() *schema.Model {
	w.Helper()
	m, err := schema.Load(fstest.MapFS{"order.graphql": {Data: []byte(w.sdl)}})
	if err != nil {
		w.Fatal(err)
	}
	return m
}

// newEngine is another process's engine. Its rules are those of the world at the time of a command.
func (w *world) newEngine(l eventlog.Log) *command.Engine {
	w.Helper()
	rules := command.Rules{}
	for _, name := range []string{"tickProduct", "createLabel", "failOrder", "expireOrder", "noteOrder"} {
		rules[name] = func(c *command.Context, e, in schema.Record) (schema.Record, error) {
			if r := w.rules[name]; r != nil {
				return r(c, e, in)
			}
			return e, nil
		}
	}
	e, err := command.New(command.Config{Model: w.model(), Log: l, Rules: rules, Reactions: w.reactions, AllowImport: true})
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// newReactor is another process's reactor, on a log that may be wrapped.
func (w *world) newReactor(l eventlog.Log) *reactor.Reactor {
	w.Helper()
	r, err := reactor.New(reactor.Config{
		Model: w.model(), Log: l, Commands: w.newEngine(l), Reactions: w.reactions, Archive: w.archive, Options: w.options,
	})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// start runs a reactor until stop is called.
func (w *world) start(l eventlog.Log) (r *reactor.Reactor, stop func()) {
	w.Helper()
	r = w.newReactor(l)
	return r, w.run(r)
}

func (w *world) run(r *reactor.Reactor) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(stop)
	return stop
}

// react runs a reactor until it has come to the end of the log.
func (w *world) react() reactor.Stats {
	w.Helper()
	r, stop := w.start(w.log)
	w.untilDone(r)
	stop()
	return r.Stats()
}

// register writes down where new reactions begin, as a process does before it takes commands.
func (w *world) register() {
	w.Helper()
	all, err := w.reactions.All(w.model())
	if err == nil {
		err = reactor.Register(w.Context(), w.log, all, w.options.FromBeginning)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// become is a deployment of another model.
func (w *world) become(sdl string) {
	w.Helper()
	w.sdl = sdl
	w.engine = w.newEngine(w.log)
	w.register()
}

// exec executes a command that must be accepted.
func (w *world) exec(name, id string, in schema.Record, options ...func(*command.Command)) *command.Result {
	w.Helper()
	c := command.Command{Name: name, ID: id, Input: in}
	for _, f := range options {
		f(&c)
	}
	r, err := w.engine.Execute(w.Context(), c)
	if err != nil || len(r.Rejections) > 0 {
		w.Fatal(name, id, err, r)
	}
	return r
}

// pay opens an order with lines of these products, and pays it.
func (w *world) pay(id string, products ...string) {
	w.Helper()
	lines := []any{}
	for i, p := range products {
		lines = append(lines, schema.Record{"product": p, "quantity": i + 1})
	}
	w.exec("openOrder", id, schema.Record{"lines": lines, "note": "n-" + id})
	w.exec("payOrder", id, nil)
}

// until waits for a condition.
func (w *world) until(what string, holds func() bool) {
	w.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatal("in vain waited for ", what)
		}
	}
}

func (w *world) untilDone(r *reactor.Reactor) {
	w.Helper()
	w.until("the end of the log", func() bool {
		for _, s := range r.Status() {
			if s.Work != reactor.Reacting {
				continue
			}
			tail, err := w.log.Tail(w.Context(), s.Partition)
			if err != nil || s.Place.Before(tail.Place) || s.Err != nil || s.Lag < 0 {
				return false
			}
		}
		return true
	})
}

// events returns all of a name.
func (w *world) events(name string) []eventlog.Event {
	w.Helper()
	var out []eventlog.Event
	for n := range w.log.Partitions() {
		for at := (eventlog.Cursor{}); ; {
			events, err := w.log.Read(w.Context(), n, at.Place.Seq, at.Hash, 10_000, 0)
			if err != nil {
				w.Fatal(err)
			}
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				at = eventlog.Cursor{Place: e.Place(), Hash: e.Hash}
				if e.Name == name {
					out = append(out, e)
				}
			}
		}
	}
	return out
}

// count checks how many events of a name there are.
func (w *world) count(name string, want int) {
	w.Helper()
	if got := len(w.events(name)); got != want {
		w.Errorf("%d of %s, not %d", got, name, want)
	}
}

func (w *world) failed() []command.FailedReaction {
	w.Helper()
	out, err := w.engine.FailedReactions(w.Context(), 100, "")
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func withID(id string) func(*command.Command) { return func(c *command.Command) { c.CommandID = id } }

func at(t time.Time) *scalar.DateTime {
	d := scalar.NewDateTime(t)
	return &d
}

// refuses is a rule that rejects.
func refuses(*command.Context, schema.Record, schema.Record) (schema.Record, error) {
	return nil, command.Reject("NO", "no")
}

// meddler is a log with which a test interferes.
type meddler struct {
	eventlog.Log
	noCursor bool         // cursors can't be set
	lost     bool         // cursors were lost
	down     *atomic.Bool // nothing can be reached
	full     *atomic.Bool // no note can be added
	appended func()       // runs after each Append
}

var errDown = errors.New("connection refused")

func (m *meddler) Cursor(ctx context.Context, name string, p int) (eventlog.Cursor, error) {
	if m.lost {
		return eventlog.Cursor{}, nil
	}
	return m.Log.Cursor(ctx, name, p)
}

func (m *meddler) SetCursor(ctx context.Context, name string, p int, c eventlog.Cursor) error {
	if m.noCursor {
		return errDown
	}
	return m.Log.SetCursor(ctx, name, p, c)
}

func (m *meddler) Load(ctx context.Context, l eventlog.Load) (*eventlog.Loaded, error) {
	if m.down != nil && m.down.Load() {
		return nil, errDown
	}
	return m.Log.Load(ctx, l)
}

func (m *meddler) AddNote(ctx context.Context, kind string, n eventlog.Note, keep int, refuse bool) error {
	if m.full != nil && m.full.Load() && refuse {
		return fmt.Errorf("%w: %d", eventlog.ErrManyNotes, keep)
	}
	return m.Log.AddNote(ctx, kind, n, keep, refuse)
}

func (m *meddler) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	r, err := m.Log.Append(ctx, a)
	if m.appended != nil {
		m.appended()
	}
	return r, err
}

// engines runs a test on each log.
func engines(t *testing.T, test func(t *testing.T, l eventlog.Log)) {
	t.Run("memory", func(t *testing.T) {
		l, err := memory.Open(memory.Options{Partitions: partitions})
		if err != nil {
			t.Fatal(err)
		}
		test(t, l)
	})
	t.Run("sqlite", func(t *testing.T) {
		l, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "log.db"), sqlitelog.Options{Partitions: partitions})
		if err != nil {
			t.Fatal(err)
		}
		test(t, l)
	})
	t.Run("redis", func(t *testing.T) {
		l, err := redislog.Open(t.Context(), testredis.URL(t), redislog.Options{Prefix: testredis.Prefix(t), Partitions: partitions})
		if err != nil {
			t.Fatal(err)
		}
		test(t, l)
	})
}

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
