package machinetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

const counters = `
type Counter @entity @crud { id: ID! n: Int! }
extend type Mutation { addTo(id: ID!, by: Int!): Counter! @transition(emits: "Added") }
`

var addTo = command.Rules{"addTo": func(_ *command.Context, c, in schema.Record) (schema.Record, error) {
	c["n"] = c["n"].(int) + in["by"].(int)
	return c, nil
}}

// input is what a client asks of one counter: to read it, or to add to it, under the condition that it is at a version unless that is 0.
type input struct {
	id      string
	read    bool
	by      int
	version int64
}

// counter is what a client is told of a counter, and what there is of one.
type counter struct {
	accepted bool
	version  int64
	n        int
}

// register is what a counter is, one after the other.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byID := map[string][]porcupine.Operation{}
		for _, op := range history {
			id := op.Input.(input).id
			byID[id] = append(byID[id], op)
		}
		var out [][]porcupine.Operation
		for _, ops := range byID {
			out = append(out, ops)
		}
		return out
	},
	Init: func() any { return counter{version: 1} },
	Step: func(state, in, out any) (bool, any) {
		s, i, o := state.(counter), in.(input), out.(counter)
		switch {
		case i.read || !o.accepted:
			refused := i.read || i.version != s.version && i.version != 0
			return refused && o.version == s.version && o.n == s.n, s
		case i.version != 0 && i.version != s.version:
			return false, s
		}
		next := counter{version: s.version + 1, n: s.n + i.by}
		return o.version == next.version && o.n == next.n, next
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v: %+v", in, out) },
}

// history is what clients asked and were told. Its clock counts: what ended before another thing began has the smaller number.
type history struct {
	mu  sync.Mutex
	now atomic.Int64
	ops []porcupine.Operation
}

func (h *history) record(client int, in input, do func() counter) {
	call := h.now.Add(1)
	out := do()
	op := porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: h.now.Add(1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

// linear reports whether what clients were told is what one counter after the other could have told them.
func (h *history) linear() bool { return porcupine.CheckOperations(register, h.ops) }

// client is one that works with counters by an engine of its own, as another process would.
type client struct {
	id     int
	engine *command.Engine
	h      *history
	known  map[string]int64 // versions that it was told last
}

func newClient(t testing.TB, id int, h *history, l eventlog.Log) *client {
	t.Helper()
	e, err := command.New(command.Config{Model: load(t, sdl(counters)), Log: l, Rules: addTo, Attempts: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return &client{id, e, h, map[string]int64{}}
}

func (c *client) ask(t testing.TB, in input) {
	c.h.record(c.id, in, func() counter {
		out, err := c.answer(in)
		if err != nil {
			t.Error(err)
		}
		c.known[in.id] = out.version
		return out
	})
}

func (c *client) answer(in input) (counter, error) {
	ref := command.Ref{Entity: "Counter", ID: in.id}
	if in.read {
		s, err := c.engine.Snapshots(context.Background(), []command.Ref{ref}, command.Known{})
		if err != nil || s[ref] == nil {
			return counter{}, errors.Join(err, fmt.Errorf("%s: %v", ref, s[ref]))
		}
		return counter{true, s[ref].Version, s[ref].Fields["n"].(int)}, nil
	}
	cmd := command.Command{Name: "addTo", ID: in.id, Input: schema.Record{"by": in.by}}
	if in.version != 0 {
		cmd.ExpectedVersion = &in.version
	}
	r, err := c.engine.Execute(context.Background(), cmd)
	if err != nil {
		return counter{}, err
	}
	return counter{r.Receipt != nil, r.Entity.Version, r.Entity.Fields["n"].(int)}, nil
}

var ids = []string{"a", "b", "c"}

func makeCounters(t testing.TB, l eventlog.Log) {
	t.Helper()
	c := newClient(t, 0, &history{}, l)
	for _, id := range ids {
		if r, err := c.engine.Execute(t.Context(), command.Command{Name: "createCounter", ID: id, Input: schema.Record{"n": 0}}); err != nil || r.Receipt == nil {
			t.Fatal(r, err)
		}
	}
}

// TestEveryEntityIsLinearizable: clients at once, each a process of its own, on a few counters.
func TestEveryEntityIsLinearizable(t *testing.T) {
	onEach(t, 2, counters, func(t *testing.T, e engine, l eventlog.Log) {
		makeCounters(t, l)
		h, each := &history{}, 40
		if e.fast {
			each = 400
		}
		var wg sync.WaitGroup
		for i := range 6 {
			c := newClient(t, i, h, l)
			wg.Go(func() {
				for range each {
					in := input{id: ids[rand.N(len(ids))]}
					switch rand.N(3) {
					case 0:
						in.read = true
					case 1:
						in.by, in.version = 1, c.known[in.id]
					default:
						in.by = 10
					}
					c.ask(t, in)
				}
			})
		}
		wg.Wait()
		refused, conditional := 0, 0
		for _, op := range h.ops {
			if in := op.Input.(input); in.version != 0 {
				conditional++
				if !op.Output.(counter).accepted {
					refused++
				}
			}
		}
		t.Logf("%d operations, %d of %d conditional ones refused", len(h.ops), refused, conditional)
		if !h.linear() {
			t.Error("the answers are not those of counters, one after the other")
		}
	})
}

// broken is a log that does one thing wrong.
type broken struct {
	eventlog.Log
	stale  *eventlog.Loaded // answers loads, if it is set
	loses  bool             // acknowledges appends that don't happen
	forces bool             // appends in spite of conditions
}

func (b *broken) Load(ctx context.Context, l eventlog.Load) (*eventlog.Loaded, error) {
	if b.stale != nil {
		return b.stale, nil
	}
	return b.Log.Load(ctx, l)
}

func (b *broken) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	if b.loses {
		v := a.Conditions[0].Version + 1
		return &eventlog.Receipt{CommandID: a.CommandID, InputHash: a.InputHash, Events: []eventlog.Appended{{Ref: a.Primary, Version: v, At: a.Decided}}}, nil
	}
	r, err := b.Log.Append(ctx, a)
	var conflict *eventlog.ConflictError
	if b.forces && errors.As(err, &conflict) {
		a.Conditions[0].Version = conflict.Actual
		return b.Log.Append(ctx, a)
	}
	return r, err
}

// TestTheCheckerFindsABrokenLog: what it is to find is in histories that it refuses; the same ones on a log that is whole it takes.
func TestTheCheckerFindsABrokenLog(t *testing.T) {
	read, add := input{id: "a", read: true}, input{id: "a", by: 1}
	for name, broke := range map[string]func(t *testing.T, l *broken, whole, by *client){
		"a stale read": func(t *testing.T, l *broken, whole, by *client) {
			stale, err := l.Log.Load(t.Context(), eventlog.Load{Primary: eventlog.Ref{Entity: "Counter", ID: "a"}})
			if err != nil {
				t.Fatal(err)
			}
			whole.ask(t, add)
			l.stale = stale
			by.ask(t, read)
		},
		"a write that is lost": func(t *testing.T, l *broken, whole, by *client) {
			l.loses = true
			by.ask(t, add)
			l.loses = false
			whole.ask(t, read)
		},
		"a condition that is not checked": func(t *testing.T, l *broken, whole, by *client) {
			stale, err := l.Log.Load(t.Context(), eventlog.Load{Primary: eventlog.Ref{Entity: "Counter", ID: "a"}})
			if err != nil {
				t.Fatal(err)
			}
			whole.ask(t, add)
			l.stale, l.forces = stale, true
			by.ask(t, input{id: "a", by: 1, version: 1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := &broken{Log: openMemory(t, 1, load(t, sdl(counters)), nil)}
			makeCounters(t, l.Log)
			h := &history{}
			whole, by := newClient(t, 0, h, l.Log), newClient(t, 1, h, l)
			by.ask(t, read)
			whole.ask(t, read)
			if !h.linear() {
				t.Fatal("it refuses what is right")
			}
			broke(t, l, whole, by)
			if h.linear() {
				t.Errorf("it takes %+v", h.ops)
			}
		})
	}
}
