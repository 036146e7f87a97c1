package query_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// A read as of an instant is compared with a read of a store whose documents are what they were at that instant.

// seen is what a test sees of a page.
type seen struct {
	Total                int64
	HasNext, HasPrevious bool
	Rows                 []seenRow
}

type seenRow struct {
	ID       string
	Version  int64
	Created  time.Time
	Updated  time.Time
	Fields   schema.Record
	Customer string // its name and the ids of its orders of the same copied name, by _id descending
}

func TestReadsAsOfAnInstantAreReadsOfWhatWasThen(t *testing.T) {
	type world struct {
		at      time.Time
		was, is *past
	}
	var worlds []world
	histories := rapid.Custom(drawPast)
	for seed := range 6 {
		all, was := histories.Example(seed), newPast(t)
		was.keep(all)
		for _, at := range []int{0, 2, 5, 9, lastDay + 10} {
			is := newPast(t)
			is.become(all, day(at+seed%3))
			worlds = append(worlds, world{day(at + seed%3), was, is})
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			w := rapid.SampledFrom(worlds).Draw(t, "world")
			compareAt(t, w.was, w.is, w.at, drawPastArgs(t))
		}
	})
}

// compareAt walks through the pages of a list of then, and of the same list of documents that are what was then.
func compareAt(t *rapid.T, was, is *past, at time.Time, args query.ListArgs) {
	order, customer := was.model.Entity("Order"), was.model.Entity("Customer")
	inner := &query.ListSelection{
		Inverse: customer.Inverses[0], Connection: query.Connection{TotalCount: true, Node: &query.Selection{Fields: []string{"customerName"}}},
		Args: query.ListArgs{Orders: []documents.Order{{Field: "customerCity"}, {Field: "_id", Desc: true}}, Filter: documents.Not{F: documents.IsNull{Field: "customerName"}}},
	}
	ref := &query.RefSelection{Field: order.Field("customer"), Node: &query.Selection{Fields: []string{"name"}, Lists: []*query.ListSelection{inner}}}
	c := query.Connection{TotalCount: true, Node: &query.Selection{Fields: []string{"note", "customerName", "customerCity"}, Refs: []*query.RefSelection{ref}}}
	see := func(p *query.Page) seen {
		out := seen{Total: p.TotalCount, HasNext: p.HasNext, HasPrevious: p.HasPrevious}
		for _, n := range p.Nodes {
			row := seenRow{ID: n.ID, Version: n.Version, Created: n.CreatedAt, Updated: n.UpdatedAt, Fields: schema.Record{}}
			for _, f := range []string{"note", "customerName", "customerCity", "customer"} {
				if v := n.Fields[f]; v != nil {
					row.Fields[f] = v
				}
			}
			if id, _ := n.Fields["customer"].(string); n.Ref(ref, id) != nil {
				list := n.Ref(ref, id).List(inner)
				row.Customer = fmt.Sprint(n.Ref(ref, id).Fields["name"], list.TotalCount)
				for _, o := range list.Nodes {
					row.Customer += fmt.Sprint(" ", o.ID, o.Fields["customerName"])
				}
			}
			out.Rows = append(out.Rows, row)
		}
		return out
	}
	left, right := args, args
	for {
		got, err := was.engine.ListAsOf(was.Context(), new(at), order, left, c)
		if err != nil {
			t.Fatalf("%v %#v: %v", at, args, err)
		}
		want, err := is.engine.List(is.Context(), order, right, c)
		if err != nil {
			t.Fatalf("%#v: %v", args, err)
		}
		if d := diffOf(see(want), see(got)); d != "" {
			t.Fatalf("%v %#v (-now +as of):\n%s", at, args, d)
		}
		if !got.HasNext {
			return
		}
		left.After, right.After = got.Cursors[len(got.Cursors)-1], want.Cursors[len(want.Cursors)-1]
	}
}

func TestGetAsOf(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	p.happens(day(1), "Customer", "c1", 1, schema.Record{"name": "Ana"}, nil)
	p.happens(day(2), "Order", "o1", 1, schema.Record{"customer": "c1", "count": 1}, nil)
	p.happens(day(3), "Customer", "c1", 2, schema.Record{"name": "Anna"}, nil)
	p.happens(day(4), "Customer", "c1", 3, nil, nil)
	p.happens(day(5), "Order", "o1", 2, nil, nil)
	p.settle()
	name := &query.BlameSelection{Field: order.Field("customerName")}
	h := &query.HistorySelection{First: 9}
	ref := &query.RefSelection{Field: order.Field("customer"), Node: &query.Selection{Fields: []string{"name"}}}
	sel := &query.Selection{Fields: []string{"customerName"}, Refs: []*query.RefSelection{ref}, Blames: []*query.BlameSelection{name}, Histories: []*query.HistorySelection{h}}
	get := func(at time.Time) string {
		t.Helper()
		n, err := p.engine.GetAsOf(t.Context(), new(at), order, "o1", sel)
		if err != nil {
			t.Fatal(err)
		}
		if n == nil {
			return "none"
		}
		out := fmt.Sprint(n.Fields["customerName"], " ", n.ChangedBy(name).Event, " ", len(n.History(h)), " ", n.Past())
		if c := n.Ref(ref, "c1"); c != nil {
			out += fmt.Sprint(" ", c.Fields["name"])
		}
		return out
	}
	for at, want := range map[time.Time]string{
		{}: "none", day(1): "none", day(2).Add(-1): "none", day(2): "Ana Order1 1 true Ana", day(3): "Anna Customer2 1 true Anna", day(4): "Anna Customer2 1 true", day(5): "none", day(5).Add(-1): "Anna Customer2 1 true",
	} {
		if got := get(at); got != want {
			t.Errorf("as of %v: %s, not %s", at, got, want)
		}
	}
	var e *query.Error
	if _, err := p.engine.GetAsOf(t.Context(), new(time.Now().Add(time.Hour)), order, "o1", sel); !errors.As(err, &e) || e.Code != "INVALID_INPUT" {
		t.Error(err)
	}
	if _, err := p.engine.ListAsOf(t.Context(), new(time.Now().Add(time.Hour)), order, query.ListArgs{}, query.Connection{}); !errors.As(err, &e) || e.Code != "INVALID_INPUT" {
		t.Error(err)
	}
	if _, err := p.engine.HistoryAsOf(t.Context(), new(time.Now().Add(time.Hour)), order, "o1", *h); !errors.As(err, &e) || e.Code != "INVALID_INPUT" {
		t.Error(err)
	}
}

func TestCursorsAreOfOneInstant(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	for i := range 3 {
		p.happens(day(1), "Order", fmt.Sprint("o", i), 1, schema.Record{"count": i}, nil)
	}
	p.settle()
	one := 1
	args, c := query.ListArgs{First: &one}, query.Connection{Node: &query.Selection{}}
	page, err := p.engine.ListAsOf(t.Context(), new(day(2)), order, args, c)
	if err != nil {
		t.Fatal(err)
	}
	args.After = page.Cursors[0]
	if page, err = p.engine.ListAsOf(t.Context(), new(day(2)), order, args, c); err != nil || page.Nodes[0].ID != "o1" {
		t.Fatal(page, err)
	}
	var e *query.Error
	if _, err := p.engine.ListAsOf(t.Context(), new(day(2).Add(1)), order, args, c); !errors.As(err, &e) || e.Code != "INVALID_INPUT" {
		t.Errorf("of another instant: %v", err)
	}
	if _, err := p.engine.List(t.Context(), order, args, c); !errors.As(err, &e) || e.Code != "INVALID_INPUT" {
		t.Errorf("of now: %v", err)
	}
}

// TestReadsAsOfDoNotGrowWithRows reads orders → customer → orders, with copies.
func TestReadsAsOfDoNotGrowWithRows(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	for i := range 40 {
		c := fmt.Sprintf("c%02d", i)
		p.happens(day(1), "Customer", c, 1, schema.Record{"name": c}, nil)
		for j := range 2 {
			p.happens(day(2), "Order", fmt.Sprint("o", c, j), 1, schema.Record{"customer": c}, nil)
		}
	}
	p.settle()
	for _, rows := range []int{3, 60} {
		inner := &query.ListSelection{Inverse: p.model.Entity("Customer").Inverses[0], Connection: query.Connection{Node: &query.Selection{Fields: []string{"customerName"}}}}
		ref := &query.RefSelection{Field: order.Field("customer"), Node: &query.Selection{Lists: []*query.ListSelection{inner}}}
		before := p.store.reads.Load()
		page, err := p.engine.ListAsOf(t.Context(), new(day(3)), order, query.ListArgs{First: &rows}, query.Connection{Node: &query.Selection{Fields: []string{"customerName", "customerCity"}, Refs: []*query.RefSelection{ref}}})
		if err != nil || len(page.Nodes) != rows || page.Nodes[0].Fields["customerName"] != "c00" {
			t.Fatal(page, err)
		}
		// the orders and their sources, the customers, their orders and the sources of those
		if got := p.store.reads.Load() - before; got != 5 {
			t.Errorf("%d rows cost %d reads, not 5", rows, got)
		}
	}
}

func TestLooksOfThePastAreBounded(t *testing.T) {
	p := newPast(t)
	order := p.model.Entity("Order")
	var vs []documents.Version
	for i := range 30 {
		vs = append(vs, documents.Version{ID: fmt.Sprint("c", i), Version: 1, CreatedAt: day(1), At: day(1), State: schema.Record{"name": "Ana"}, Changes: []byte("[]"), Place: position.Place{Epoch: 1, Seq: uint64(i + 1)}})
	}
	for i := range 15 { // half of them are gone
		vs = append(vs, documents.Version{ID: fmt.Sprint("c", i), Version: 2, CreatedAt: day(1), At: day(2), Deleted: true, Changes: []byte("[]"), Place: position.Place{Epoch: 1, Seq: uint64(i + 31)}})
	}
	if err := p.store.Archive(t.Context(), "Customer", vs); err != nil {
		t.Fatal(err)
	}
	p.settle()
	named := documents.Compare{Field: "customerName", Value: "Ana"}
	bounded := p.with(query.Config{MaxLookup: 20})
	_, err := bounded.ListAsOf(t.Context(), new(day(3)), order, query.ListArgs{Filter: named}, query.Connection{TotalCount: true})
	var e *query.Error
	if !errors.As(err, &e) || e.Code != "TOO_MUCH" {
		t.Fatal(err)
	}
	if want := "where: more than 20 customers are, or were, what is asked of customerName, which of the past is looked up there: ask for less"; e.Message != want {
		t.Error(e.Message)
	}
	if _, err := p.with(query.Config{MaxLookup: 31}).ListAsOf(t.Context(), new(day(3)), order, query.ListArgs{Filter: named}, query.Connection{TotalCount: true}); err != nil {
		t.Error(err)
	}
	through := documents.And{documents.Through{Field: "customer", Entity: "Customer", F: documents.IsNull{Field: "name"}}, named, documents.Not{F: named}}
	args := query.ListArgs{Filter: through, Orders: []documents.Order{{Field: "customerName"}, {Field: "customer.city"}}}
	if now, then := query.Lookups(p.model, order, args, false), query.Lookups(p.model, order, args, true); now != 2 || then != 5 {
		t.Errorf("%d looks now, %d in the past", now, then)
	}
}
