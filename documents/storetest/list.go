package storetest

import (
	"fmt"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

func (s *suite) load() {
	s.write(create("a", schema.Record{"text": "one", "count": 1, "price": decimal("1.5")}), create("b", schema.Record{"text": "two"}),
		create("a'); --", nil), create(`{"$gt":""}`, nil))
	got, err := s.store.Load(s.ctx, "Sample", []string{"b", "a", "none", "a"}, []string{"count", "price", "customer"})
	s.ok(err)
	s.same(map[string]documents.Document{
		"a": {ID: "a", Version: 1, CreatedAt: day0, UpdatedAt: day0, Fields: schema.Record{"count": 1, "price": decimal("1.5")}},
		"b": {ID: "b", Version: 1, CreatedAt: day0, UpdatedAt: day0},
	}, got) // only the fields asked for
	got, err = s.store.Load(s.ctx, "Sample", []string{"a"}, []string{})
	s.ok(err)
	s.same(0, len(got["a"].Fields))
	for _, id := range []string{"a'); --", `{"$gt":""}`} {
		if _, ok := s.sample(id); !ok {
			s.Fatalf("%q is not found", id)
		}
	}
	got, err = s.store.Load(s.ctx, "Sample", nil, nil)
	s.ok(err)
	s.same(0, len(got))
}

func (s *suite) list() {
	var ws []documents.Write
	for i := range 10 {
		set := schema.Record{"text": fmt.Sprint("t", i/3)} // ties of three
		if i%3 == 2 {
			set = nil // and nulls
		}
		ws = append(ws, create(fmt.Sprintf("d%d", i), set))
	}
	s.write(ws...)
	page := func(q documents.Query) []string {
		s.Helper()
		q.Entity = "Sample"
		if q.Limit == 0 {
			q.Limit = 100
		}
		ds, err := s.store.List(s.ctx, q)
		s.ok(err)
		return idsOf(ds)
	}
	up, down := []documents.Order{{Field: "text"}}, []documents.Order{{Field: "text", Desc: true}}
	ascending := []string{"d2", "d5", "d8", "d0", "d1", "d3", "d4", "d6", "d7", "d9"}
	descending := slices.Clone(ascending)
	slices.Reverse(descending)
	s.same(ascending, page(documents.Query{Orders: up}))
	s.same(descending, page(documents.Query{Orders: down}))
	s.same([]string{"d0", "d1"}, page(documents.Query{Limit: 2}))
	s.same([]string{"d8", "d9"}, page(documents.Query{Limit: 2, Last: true}))
	s.same([]string{"d1", "d3"}, page(documents.Query{Orders: up, After: []any{"t0", "d0"}, Limit: 2}))
	s.same([]string{"d8", "d0"}, page(documents.Query{Orders: up, After: []any{nil, "d5"}, Limit: 2}))
	s.same([]string{"d3", "d4"}, page(documents.Query{Orders: up, Before: []any{"t2", "d6"}, Limit: 2, Last: true}))
	s.same([]string{"d1", "d0", "d8"}, page(documents.Query{Orders: down, After: []any{"t1", "d3"}, Limit: 3}))
	s.same([]string{"d5", "d2"}, page(documents.Query{Orders: down, After: []any{nil, "d8"}, Limit: 3}))
	s.same([]string{"d1", "d3"}, page(documents.Query{Orders: up, After: []any{"t0", "d0"}, Before: []any{"t1", "d4"}}))
	s.same([]string{"d9", "d8"}, page(documents.Query{Orders: []documents.Order{{Field: "_id", Desc: true}}, Limit: 2}))
	s.same([]string{"d4", "d3"}, page(documents.Query{Orders: []documents.Order{{Field: "_id", Desc: true}}, After: []any{"d5", "d5"}, Limit: 2}))

	ds, err := s.store.List(s.ctx, documents.Query{Entity: "Sample", Fields: []string{"count"}, Limit: 1})
	s.ok(err)
	s.same([]documents.Document{{ID: "d0", Version: 1, CreatedAt: day0, UpdatedAt: day0}}, ds)
}

func (s *suite) listBy() {
	var ws []documents.Write
	for i := range 12 {
		ws = append(ws, create(fmt.Sprintf("d%02d", i), schema.Record{"customer": fmt.Sprint("c", i%3), "count": i, "flag": i%2 == 0}))
	}
	ws = append(ws, create("e", nil), documents.Write{ID: "f", Version: 2, CreatedAt: day0, UpdatedAt: day0, Deleted: true})
	s.write(ws...)
	by := func(q documents.Query, keys ...string) map[string][]string {
		s.Helper()
		q.Entity = "Sample"
		got, err := s.store.ListBy(s.ctx, q, "customer", keys)
		s.ok(err)
		out := map[string][]string{}
		for k, ds := range got {
			out[k] = idsOf(ds)
		}
		return out
	}
	s.same(map[string][]string{"c0": {"d00", "d03"}, "c2": {"d02", "d05"}}, by(documents.Query{Limit: 2}, "c0", "c2", "c9"))
	s.same(map[string][]string{"c0": {"d06", "d09"}}, by(documents.Query{Limit: 2, Last: true}, "c0"))
	down := []documents.Order{{Field: "count", Desc: true}}
	s.same(map[string][]string{"c0": {"d09", "d06"}, "c1": {"d10", "d07"}}, by(documents.Query{Limit: 2, Orders: down}, "c0", "c1"))
	s.same(map[string][]string{"c0": {"d03", "d00"}, "c1": {"d04", "d01"}}, by(documents.Query{Limit: 2, Orders: down, After: []any{6, "d06"}}, "c0", "c1"))
	s.same(map[string][]string{"c0": {"d00", "d06"}, "c1": {"d04", "d10"}},
		by(documents.Query{Limit: 9, Filter: documents.Compare{Field: "flag", Value: true}, Fields: []string{"count"}}, "c0", "c1"))
	s.same(map[string][]string{"c1": {"d01", "d04", "d07", "d10"}}, by(documents.Query{Limit: 9}, "c1", "c1"))
	s.same(map[string][]string{}, by(documents.Query{Limit: 9}))
	if _, err := s.store.ListBy(s.ctx, documents.Query{Entity: "Sample", Limit: 1}, "text", []string{"x"}); err == nil {
		s.Fatal("a field that is no reference was accepted")
	}
}

func (s *suite) countBy() {
	s.write(create("a", schema.Record{"customer": "c1", "count": 1}), create("b", schema.Record{"customer": "c1"}),
		create("c", schema.Record{"customer": "c2"}), create("d", nil))
	got, err := s.store.CountBy(s.ctx, documents.CountQuery{Entity: "Sample"}, "customer", []string{"c1", "c2", "c3"})
	s.ok(err)
	delete(got, "c3") // may be absent
	s.same(map[string]int64{"c1": 2, "c2": 1}, got)
	for limit, want := range map[int64]int64{0: 4, 1: 1, 3: 3, 4: 4, 9: 4} {
		n, err := s.store.Count(s.ctx, documents.CountQuery{Entity: "Sample", Limit: limit})
		s.ok(err)
		s.same(want, n)
	}
	bounded, err := s.store.CountBy(s.ctx, documents.CountQuery{Entity: "Sample", Limit: 1}, "customer", []string{"c1"})
	s.ok(err)
	if bounded["c1"] < 1 || bounded["c1"] > 2 {
		s.Fatalf("counted to 1 or further, %d", bounded["c1"])
	}
	got, err = s.store.CountBy(s.ctx, documents.CountQuery{Entity: "Sample", Filter: documents.Not{F: documents.Compare{Field: "count", Value: 1}}}, "customer", []string{"c1"})
	s.ok(err)
	s.same(map[string]int64{"c1": 1}, got)
}

func (s *suite) batches() {
	n := min(2*s.store.BatchLimit()+1, s.features.Documents)
	ws := make([]documents.Write, n)
	vs := make([]documents.Version, n)
	rs := make([]documents.Recopy, n)
	for i := range n {
		id := fmt.Sprintf("b%05d", i)
		ws[i] = create(id, schema.Record{"customer": "c1", "count": i})
		vs[i] = documents.Version{ID: id, Version: 1, Event: "SampleCreated", At: day0, State: ws[i].Set, Changes: []byte("[]")}
		rs[i] = documents.Recopy{ID: id, Copies: copied("c1", 1, "Ana")}
	}
	s.write(ws...)
	s.write(ws...) // all of them there: duplicate keys all over
	s.ok(s.store.Archive(s.ctx, "Sample", vs))
	s.ok(s.store.Archive(s.ctx, "Sample", vs))
	changed, err := s.store.Recopy(s.ctx, "Sample", rs)
	s.ok(err)
	s.same(n, len(changed))
	count, err := s.store.Count(s.ctx, documents.CountQuery{Entity: "Sample", Filter: documents.Compare{Field: "customerName", Value: "Ana"}})
	s.ok(err)
	s.same(int64(n), count)
	s.ok(s.store.Write(s.ctx, "Sample", nil))
	s.ok(s.store.Archive(s.ctx, "Sample", nil))
}

func (s *suite) garbage() {
	refuse := func(what string, q documents.Query) {
		s.Helper()
		q.Entity = "Sample"
		if q.Limit == 0 {
			q.Limit = 1
		}
		if _, err := s.store.List(s.ctx, q); err == nil {
			s.Errorf("%s was accepted", what)
		}
	}
	refuse("an unknown field", documents.Query{Filter: documents.Compare{Field: "nope", Value: "x"}})
	refuse("a field of another's making", documents.Query{Filter: documents.Compare{Field: "x') OR 1=1 --", Value: "x"}})
	refuse("a value of another kind", documents.Query{Filter: documents.Compare{Field: "count", Value: "x"}})
	refuse("a nil value", documents.Query{Filter: documents.In{Field: "count", Values: []any{nil}}})
	refuse("an operator object", documents.Query{Filter: documents.Compare{Field: "text", Value: schema.Record{"$ne": ""}}})
	refuse("text in a number", documents.Query{Filter: documents.Text{Field: "count", Op: documents.Contains, Value: "1"}})
	refuse("a comparison of lists", documents.Query{Filter: documents.Compare{Field: "tags", Value: []any{}}})
	refuse("what a ref leads to", documents.Query{Filter: documents.Not{F: documents.Through{Field: "customer", Entity: "Customer", F: documents.And{}}}})
	refuse("an order by what a ref leads to", documents.Query{Orders: []documents.Order{{Field: "customer.name"}}})
	refuse("an order by an object", documents.Query{Orders: []documents.Order{{Field: "box"}}})
	refuse("a short key", documents.Query{Orders: []documents.Order{{Field: "text"}}, After: []any{"x"}})
	refuse("a key of another kind", documents.Query{After: []any{1}})
	refuse("a negative limit", documents.Query{Limit: -1})
	refuse("a limit past the bound", documents.Query{Limit: documents.MaxLimit + 1})
	var deep documents.Filter = documents.And{}
	for range 1000 {
		deep = documents.Not{F: deep}
	}
	refuse("a thousand levels", documents.Query{Filter: deep})
	if _, err := s.store.Load(s.ctx, "Nope", []string{"a"}, nil); err == nil {
		s.Error("an unknown entity was accepted")
	}
	if err := s.store.Write(s.ctx, "Sample", []documents.Write{create("a", schema.Record{"count": struct{}{}})}); err == nil {
		s.Error("a value of no kind was stored")
	}
}

func (s *suite) close() {
	s.ok(s.store.Close())
	s.ok(s.store.Close())
	if err := s.store.Ping(s.ctx); err == nil {
		s.Error("a closed store answers")
	}
}
