package command_test

import (
	"context"
	"iter"
	"maps"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const model = `
type Owner @entity @crud { id: ID! name: String! handle: String @unique }

type Ticket @entity {
  id: ID!
  status: TicketStatus! @state
  title: String!
  owner: Owner! @ref
  ownerName: String @copy(of: "owner.name")
  parts: [Part!]
  note: String
  effort: Decimal
}

type Part { maker: Owner! @ref amount: Int! remark: String }

enum TicketStatus { OPEN TAKEN DONE }

extend type Mutation {
  openTicket(title: String!, owner: ID!, parts: [PartInput!], note: String): Ticket! @transition(to: OPEN, emits: "TicketOpened")
  takeTicket(id: ID!): Ticket! @transition(from: [OPEN], to: TAKEN, emits: "TicketTaken")
  finishTicket(id: ID!, effort: Decimal): Ticket! @transition(from: [TAKEN], to: DONE, emits: "TicketFinished")
  noteTicket(id: ID!, note: String): Ticket! @transition(from: [OPEN, TAKEN], emits: "TicketNoted")
  dropTicket(id: ID!): Ticket! @transition(from: [OPEN], deletes: true, emits: "TicketDropped")
}
`

// world is an engine on a log of its own.
type world struct {
	*testing.T
	engine *command.Engine
	log    *meddler
	sdl    string
}

// meddler is a log with which a test interferes.
type meddler struct {
	eventlog.Log
	before  func()       // runs before each Append that the engine makes
	refuse  func() error // answers instead of Append
	unheard error        // answers after Append
	loads   int          // calls of Load
	away    func() error // answers instead of Load and History, unless it is nil
}

func (m *meddler) Load(ctx context.Context, l eventlog.Load) (*eventlog.Loaded, error) {
	m.loads++
	if m.away != nil {
		if err := m.away(); err != nil {
			return nil, err
		}
	}
	return m.Log.Load(ctx, l)
}

func (m *meddler) History(ctx context.Context, ref eventlog.Ref, from position.Place) iter.Seq2[*eventlog.Event, error] {
	if m.away != nil {
		if err := m.away(); err != nil {
			return func(yield func(*eventlog.Event, error) bool) { yield(nil, err) }
		}
	}
	return m.Log.History(ctx, ref, from)
}

func (m *meddler) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	if m.before != nil {
		m.before()
	}
	if m.refuse != nil {
		return nil, m.refuse()
	}
	r, err := m.Log.Append(ctx, a)
	if m.unheard != nil {
		return nil, m.unheard
	}
	return r, err
}

func newWorld(t *testing.T, change ...func(*command.Config)) *world {
	t.Helper()
	return worldOf(t, model, change...)
}

func worldOf(t *testing.T, model string, change ...func(*command.Config)) *world {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"ticket.graphql": {Data: []byte(model)}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := memory.Open(memory.Options{Partitions: 4, Placement: m.Roots()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &world{T: t, log: &meddler{Log: l}, sdl: model}
	cfg := command.Config{Model: w.model(), Log: w.log}
	for _, f := range change {
		f(&cfg)
	}
	if w.engine, err = command.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// do executes a command that must not fail, whatever is decided.
func (w *world) do(name, id string, in schema.Record, options ...func(*command.Command)) *command.Result {
	w.Helper()
	c := command.Command{Name: name, ID: id, Input: in}
	for _, f := range options {
		f(&c)
	}
	r, err := w.engine.Execute(w.Context(), c)
	if err != nil {
		w.Fatalf("%s %s: %v", name, id, err)
	}
	if (r.Receipt == nil) != (len(r.Rejections) > 0) {
		w.Fatalf("%s %s: neither accepted nor rejected: %+v", name, id, r)
	}
	return r
}

// accepted executes a command that must be accepted.
func (w *world) accepted(name, id string, in schema.Record, options ...func(*command.Command)) *command.Result {
	w.Helper()
	r := w.do(name, id, in, options...)
	if r.Receipt == nil {
		w.Fatalf("%s %s: %+v", name, id, r.Rejections[0])
	}
	return r
}

// rejected executes a command that must be rejected with the code, and returns why. It must not have written anything.
func (w *world) rejected(code command.Code, name, id string, in schema.Record, options ...func(*command.Command)) *command.Rejection {
	w.Helper()
	size := w.events()
	r := w.do(name, id, in, options...)
	if r.Receipt != nil {
		w.Fatalf("%s %s: accepted, not %s", name, id, code)
	}
	if r.Rejections[0].Code != code || r.Rejections[0].Message == "" {
		w.Fatalf("%s %s: %+v, not %s", name, id, r.Rejections[0], code)
	}
	if n := w.events(); n != size {
		w.Fatalf("%s %s: rejected, and yet there are %d events instead of %d", name, id, n, size)
	}
	return r.Rejections[0]
}

// events counts what the log holds.
func (w *world) events() (n uint64) {
	w.Helper()
	for p := range w.log.Partitions() {
		tail, err := w.log.Tail(w.Context(), p)
		if err != nil {
			w.Fatal(err)
		}
		n += tail.Place.Seq
	}
	return n
}

// event returns the entity's last event.
func (w *world) event(entity, id string) eventlog.Event {
	w.Helper()
	var last eventlog.Event
	p := w.log.PartitionOf(eventlog.Ref{Entity: entity, ID: id})
	events, err := w.log.Read(w.Context(), p, 0, "", 1000, 0)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range events {
		if e.Ref() == (eventlog.Ref{Entity: entity, ID: id}) {
			last = e
		}
	}
	return last
}

func (w *world) owner(id string) { w.accepted("createOwner", id, schema.Record{"name": "Ana " + id}) }

// ticket opens a ticket of an owner of its own.
func (w *world) ticket(id string) {
	w.owner("owner-of-" + id)
	w.accepted("openTicket", id, schema.Record{"title": "t", "owner": "owner-of-" + id})
}

func withID(id string) func(*command.Command) { return func(c *command.Command) { c.CommandID = id } }
func expecting(v int64) func(*command.Command) {
	return func(c *command.Command) { c.ExpectedVersion = &v }
}
func dry(c *command.Command) { c.DryRun = true }

func occurred(text string) func(*command.Command) {
	at, err := scalar.ParseDateTime(text)
	if err != nil {
		panic(err) // a constant of a test
	}
	return func(c *command.Command) { c.OccurredAt = &at }
}

func allowImport(c *command.Config) { c.AllowImport = true }

func withRule(name string, r command.Rule) func(*command.Config) {
	return func(c *command.Config) {
		table := command.Rules{name: r}
		maps.Copy(table, c.Rules)
		c.Rules = table
	}
}

// model loads the model once more: engines don't share it.
func (w *world) model() *schema.Model {
	w.Helper()
	m, err := schema.Load(fstest.MapFS{"ticket.graphql": {Data: []byte(w.sdl)}})
	if err != nil {
		w.Fatal(err)
	}
	return m
}
