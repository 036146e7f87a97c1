package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

const pastModel = `
type Customer @entity @crud { id: ID! name: String! city: String }
type Order @entity @crud {
  id: ID!
  customer: Customer @ref(inverse: "orders")
  customerName: String @copy(of: "customer.name")
  customerCity: String @copy(of: "customer.city")
  note: String
  count: Int
  lines: [Line!]
}
type Line { line: ID! @key title: String! }
`

// past is a store with an archive.
type past struct {
	*testing.T
	model  *schema.Model
	store  *counting
	engine *query.Engine
	seq    uint64
}

func newPast(t *testing.T) *past {
	t.Helper()
	return newPastOf(t, pastModel)
}

func newPastOf(t *testing.T, model string) *past {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"shop.graphql": {Data: []byte(model)}})
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"), m, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if err := store.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	counted := &counting{Store: store}
	p := &past{T: t, model: m, store: counted}
	p.engine = p.with(query.Config{})
	return p
}

// with returns another engine on the store.
func (p *past) with(cfg query.Config) *query.Engine {
	cfg.Model, cfg.Store, cfg.Partitions = p.model, p.store, 1
	e := query.New(cfg)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	p.Cleanup(func() { stop(); running.Wait() })
	return e
}

// settle says that everything up to now is consolidated.
func (p *past) settle() {
	p.Helper()
	c := documents.Checkpoint{Place: position.Place{Epoch: 1, Seq: p.seq}, Hash: "h", Watermark: time.Now()}
	if err := p.store.Advance(p.Context(), 0, c); err != nil {
		p.Fatal(err)
	}
}

var firstDay = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// day is the beginning of the nth day.
func day(n int) time.Time { return firstDay.AddDate(0, 0, n-1) }

// happens archives the next version of an entity, which happened at that time; a nil state deletes it. The document follows.
func (p *past) happens(at time.Time, entity, id string, version int64, state schema.Record, copies schema.Record) {
	p.Helper()
	p.seq++
	v := documents.Version{ID: id, Version: version, Event: fmt.Sprint(entity, version), CreatedAt: firstDay, At: at, State: state, Deleted: state == nil, Changes: []byte("[]"),
		Actor: "ana", CommandID: fmt.Sprint("cmd", p.seq), Place: position.Place{Epoch: 1, Seq: p.seq}}
	if err := p.store.Archive(p.Context(), entity, []documents.Version{v}); err != nil {
		p.Fatal(err)
	}
	w := documents.Write{ID: id, Since: version - 1, Version: version, CreatedAt: firstDay, UpdatedAt: at, Deleted: state == nil, Set: schema.Record{}}
	for _, f := range p.model.Entity(entity).Fields {
		if value, ok := state[f.Name]; ok {
			w.Set[f.Name] = value
		} else if f.Name != "id" {
			w.Clear = append(w.Clear, f.Name)
		}
	}
	if w.Deleted {
		w.Set, w.Clear = nil, nil
	}
	for name, value := range copies {
		ref, _ := state["customer"].(string)
		w.Copies = append(w.Copies, documents.Copies{Ref: "customer", Source: documents.Source{ID: ref, Version: 1}, Values: schema.Record{name: value}, Names: []string{name}})
	}
	if err := p.store.Write(p.Context(), entity, []documents.Write{w}); err != nil {
		p.Fatal(err)
	}
}

// change is a FieldChange as tests write it.
type change struct {
	Field, Key    string
	Before, After any
}

func changesOf(e *query.Entry) []change {
	if e == nil {
		return nil
	}
	out := make([]change, len(e.Changes))
	for i, c := range e.Changes {
		out[i] = change{c.Field.Name, c.Key, c.Before, c.After}
	}
	return out
}

func line(key, title string) schema.Record { return schema.Record{"line": key, "title": title} }

func diffOf(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func (p *past) same(want, got any) {
	p.Helper()
	if d := diffOf(want, got); d != "" {
		p.Errorf("(-want +got):\n%s", d)
	}
}

func TestHistoryTellsWhatEachEventChanged(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	a, b, c := line("a", "one"), line("b", "two"), line("c", "three")
	states := []schema.Record{
		{"note": "x", "count": 1, "lines": []any{a, b}},
		{"count": 2, "lines": []any{a, line("b", "zwei"), c}},
		{"count": 2, "lines": []any{c, a, line("b", "zwei")}}, // another order
		{"count": 2, "lines": []any{c, line("b", "zwei")}},
		{"count": 2},
		nil,
	}
	for i, state := range states {
		p.happens(day(i+1), "Order", "o1", int64(i+1), state, nil)
	}
	got, err := p.engine.History(t.Context(), order, "o1", query.HistorySelection{First: 10})
	if err != nil || len(got) != len(states) {
		t.Fatal(len(got), err)
	}
	want := [][]change{
		{{"count", "", 2, nil}},
		{{"lines", "c", c, nil}, {"lines", "b", line("b", "zwei"), nil}},
		{{"lines", "a", a, nil}},
		{{"lines", "", []any{a, line("b", "zwei"), c}, []any{c, a, line("b", "zwei")}}},
		{{"note", "", "x", nil}, {"count", "", 1, 2}, {"lines", "b", b, line("b", "zwei")}, {"lines", "c", nil, c}},
		{{"note", "", nil, "x"}, {"count", "", nil, 1}, {"lines", "a", nil, a}, {"lines", "b", nil, b}},
	}
	for i := range got {
		p.same(want[i], changesOf(&got[i]))
		if v := int64(len(states) - i); got[i].Version.Version != v || got[i].Event != fmt.Sprint("Order", v) || got[i].Actor != "ana" || got[i].Entity != order {
			t.Errorf("entry %d is %+v", i, got[i])
		}
	}
	page, err := p.engine.History(t.Context(), order, "o1", query.HistorySelection{First: 2, Below: 4})
	if err != nil || len(page) != 2 || page[0].Version.Version != 3 {
		t.Fatal(page, err)
	}
	p.same(want[4], changesOf(&page[1])) // what was before is read too, though it is on no page
	p.settle()
	then, err := p.engine.HistoryAsOf(t.Context(), new(day(2)), order, "o1", query.HistorySelection{First: 9})
	if err != nil || len(then) != 2 {
		t.Fatal(then, err)
	}
	for _, h := range []query.HistorySelection{{First: -1}, {First: query.MaxPage + 1}, {First: 1, Below: -1}} {
		var e *query.Error
		if _, err := p.engine.History(t.Context(), order, "o1", h); !errors.As(err, &e) || e.Code != "INVALID_INPUT" {
			t.Errorf("%+v: %v", h, err)
		}
	}
	if none, err := p.engine.History(t.Context(), order, "o1", query.HistorySelection{}); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

// What the archive has of after an entity was read is not in its history: there is one version that the whole answer is about.
func TestHistoryGoesAsFarAsTheEntityWasRead(t *testing.T) {
	p := newPast(t)
	p.happens(day(1), "Order", "o1", 1, schema.Record{"count": 1}, nil)
	next := documents.Version{ID: "o1", Version: 2, Event: "Order2", CreatedAt: day(1), At: day(2), State: schema.Record{"count": 2}, Changes: []byte("[]"), Place: position.Place{Epoch: 1, Seq: 9}}
	if err := p.store.Archive(t.Context(), "Order", []documents.Version{next}); err != nil { // the consolidator archives first
		t.Fatal(err)
	}
	h, b := &query.HistorySelection{First: 9}, &query.BlameSelection{Field: p.model.Entity("Order").Field("count")}
	n, err := p.engine.Get(t.Context(), p.model.Entity("Order"), "o1", &query.Selection{Histories: []*query.HistorySelection{h}, Blames: []*query.BlameSelection{b}})
	if err != nil || len(n.History(h)) != 1 || n.ChangedBy(b).Version.Version != 1 {
		t.Fatal(n.History(h), err)
	}
}

func TestChangedByOfCopies(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	p.happens(day(1), "Customer", "c1", 1, schema.Record{"name": "Ana"}, nil)
	p.happens(day(1), "Customer", "c2", 1, schema.Record{"name": "Bo", "city": "Rio"}, nil)
	p.happens(day(2), "Order", "o1", 1, schema.Record{"customer": "c1"}, schema.Record{"customerName": "Ana"})
	p.happens(day(2), "Order", "o2", 1, schema.Record{"note": "nobody's"}, nil)
	p.happens(day(3), "Customer", "c1", 2, schema.Record{"name": "Anna"}, nil)
	p.happens(day(3), "Order", "o3", 1, schema.Record{"customer": "c2"}, nil)
	p.happens(day(4), "Customer", "c1", 3, schema.Record{"name": "Anna", "city": "Recife"}, nil)
	p.happens(day(5), "Customer", "c1", 4, nil, nil) // copies stay
	p.happens(day(6), "Order", "o1", 2, schema.Record{"customer": "c1", "note": "x"}, nil)
	name, city := &query.BlameSelection{Field: order.Field("customerName")}, &query.BlameSelection{Field: order.Field("customerCity")}
	ref := &query.BlameSelection{Field: order.Field("customer")}
	sel := &query.Selection{Blames: []*query.BlameSelection{name, city, ref}}
	page, err := p.engine.List(t.Context(), order, query.ListArgs{}, query.Connection{Node: sel})
	if err != nil || len(page.Nodes) != 3 {
		t.Fatal(page, err)
	}
	got := map[string]string{}
	for _, n := range page.Nodes {
		for what, b := range map[string]*query.BlameSelection{"name": name, "city": city, "ref": ref} {
			if e := n.ChangedBy(b); e != nil {
				got[n.ID+" "+what] = e.Entity.Name + " " + e.ID + " " + e.Event
			}
		}
	}
	p.same(map[string]string{
		"o1 name": "Customer c1 Customer2", "o1 city": "Customer c1 Customer3", "o1 ref": "Order o1 Order1",
		"o3 name": "Order o3 Order1", "o3 city": "Order o3 Order1", "o3 ref": "Order o3 Order1",
	}, got)
}

// TestChangedByAgrees compares with a look through all versions, on histories of several pieces.
func TestChangedByAgrees(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	r := rand.New(rand.NewPCG(4, 2))
	want := map[string]int64{} // by id and field
	const entities = 7
	for i := range entities {
		id, last := fmt.Sprint("o", i), schema.Record{}
		for v := int64(1); v <= int64(1+i*i*6); v++ {
			state := schema.Record{}
			for _, f := range []string{"note", "count"} {
				state[f] = last[f]
				if f == "count" && v == 3 || f == "note" && r.IntN(30) == 0 {
					state[f] = map[string]any{"count": int(v), "note": fmt.Sprint("n", v)}[f]
					want[id+f] = v
				}
				if state[f] == nil {
					delete(state, f)
				}
			}
			p.happens(day(int(v)), "Order", id, v, state, nil)
			last = state
		}
	}
	for _, f := range []string{"note", "count", "customer"} {
		b := &query.BlameSelection{Field: order.Field(f)}
		page, err := p.engine.List(t.Context(), order, query.ListArgs{}, query.Connection{Node: &query.Selection{Blames: []*query.BlameSelection{b}}})
		if err != nil || len(page.Nodes) != entities {
			t.Fatal(page, err)
		}
		for _, n := range page.Nodes {
			got := int64(0)
			if e := n.ChangedBy(b); e != nil {
				got = e.Version.Version
			}
			if got != want[n.ID+f] {
				t.Errorf("%s of %s was changed by version %d, not %d", f, n.ID, got, want[n.ID+f])
			}
		}
	}
}

// TestHistoriesOfAListAreOneRead reads the histories of few and of many.
func TestHistoriesOfAListAreOneRead(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	for i := range 100 {
		for v := int64(1); v <= 4; v++ {
			p.happens(day(int(v)), "Order", fmt.Sprintf("o%03d", i), v, schema.Record{"count": int(v)}, nil)
		}
	}
	for _, rows := range []int{2, 100} {
		h, b := &query.HistorySelection{First: 3}, &query.BlameSelection{Field: order.Field("count")}
		before := p.store.reads.Load()
		page, err := p.engine.List(t.Context(), order, query.ListArgs{First: &rows}, query.Connection{Node: &query.Selection{Histories: []*query.HistorySelection{h}, Blames: []*query.BlameSelection{b}}})
		if err != nil || len(page.Nodes) != rows || len(page.Nodes[rows-1].History(h)) != 3 || page.Nodes[0].ChangedBy(b).Version.Version != 4 {
			t.Fatal(page, err)
		}
		if got := p.store.reads.Load() - before; got != 4 { // the list, the histories, which events, what they changed
			t.Errorf("%d rows cost %d reads, not 4", rows, got)
		}
	}
}

func TestHistoriesAreBounded(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	var vs []documents.Version
	for v := int64(1); v <= 10_500; v++ {
		vs = append(vs, documents.Version{ID: "o1", Version: v, CreatedAt: day(1), At: day(1), State: schema.Record{"count": 1}, Changes: []byte("[]"), Place: position.Place{Epoch: 1, Seq: uint64(v)}})
	}
	for _, id := range []string{"o1", "o2"} {
		for i := range vs {
			vs[i].ID = id
		}
		if err := p.store.Archive(t.Context(), "Order", vs); err != nil {
			t.Fatal(err)
		}
		w := documents.Write{ID: id, Version: 10_500, CreatedAt: day(1), UpdatedAt: day(1), Set: schema.Record{"count": 1}}
		if err := p.store.Write(t.Context(), "Order", []documents.Write{w}); err != nil {
			t.Fatal(err)
		}
	}
	b := &query.BlameSelection{Field: order.Field("count")}
	n, err := p.engine.Get(t.Context(), order, "o1", &query.Selection{Blames: []*query.BlameSelection{b}})
	if err != nil || n.ChangedBy(b).Version.Version != 1 {
		t.Fatal(n, err)
	}
	var e *query.Error
	_, err = p.engine.List(t.Context(), order, query.ListArgs{}, query.Connection{Node: &query.Selection{Blames: []*query.BlameSelection{b}}})
	if !errors.As(err, &e) || e.Code != "TOO_MUCH" {
		t.Error(err)
	}
	var many []*query.HistorySelection // the same by 11 aliases
	for range 11 {
		many = append(many, &query.HistorySelection{First: query.MaxPage})
	}
	if _, err = p.engine.List(t.Context(), order, query.ListArgs{}, query.Connection{Node: &query.Selection{Histories: many}}); !errors.As(err, &e) || e.Code != "TOO_MUCH" {
		t.Error(err)
	}
}

func TestFieldToBlame(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	for name, want := range map[string]string{"customer": "customer", "customerId": "customer", "customerName": "customerName", "lines": "lines"} {
		if f, err := query.FieldToBlame(order, name); err != nil || f.Name != want {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	for _, name := range []string{"", "id", "version", "nope", "lines.title", "nope.title", "noteId", "note "} {
		var e *query.Error
		if _, err := query.FieldToBlame(order, name); !errors.As(err, &e) || e.Code != "INVALID_INPUT" {
			t.Errorf("%q: %v", name, err)
		}
	}
}
