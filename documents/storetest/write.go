package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func (s *suite) setup() {
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = s.store.Setup(s.ctx) })
	}
	wg.Wait()
	for _, err := range errs {
		s.ok(err)
	}
	s.write(create("a", schema.Record{"text": "kept"}))
	s.ok(s.store.Setup(s.ctx))
	if _, ok := s.sample("a"); !ok {
		s.Fatal("Setup lost a document")
	}
	s.ok(s.store.Ping(s.ctx))
}

func (s *suite) writes() {
	later := day0.Add(time.Hour)
	first := create("a", schema.Record{"text": "one", "count": 1})
	third := documents.Write{ID: "a", Since: 2, Version: 3, UpdatedAt: later, Set: schema.Record{"count": 3}, Clear: []string{"text"}}
	second := documents.Write{ID: "a", Since: 1, Version: 2, UpdatedAt: day0.Add(time.Minute), Set: schema.Record{"count": 2, "flag": true}}

	s.write(second) // of a document that isn't there: nothing to change
	if _, ok := s.sample("a"); ok {
		s.Fatal("a change made a document")
	}
	s.write(first)
	s.write(third) // too early: the document is below Since
	s.expect("a", documents.Document{ID: "a", Version: 1, CreatedAt: day0, UpdatedAt: day0, Fields: first.Set})
	s.write(second)
	s.write(third)
	want := documents.Document{ID: "a", Version: 3, CreatedAt: day0, UpdatedAt: later, Fields: schema.Record{"count": 3, "flag": true}}
	s.expect("a", want)
	for _, w := range []documents.Write{first, second, third} { // repeated: applied already
		s.write(w)
		s.expect("a", want)
	}
	s.write(documents.Write{ // a fold from the beginning, over a part of itself
		ID: "a", Version: 4, CreatedAt: day0, UpdatedAt: later, Set: schema.Record{"count": 4, "flag": true}, Clear: []string{"text"},
	})
	want.Version, want.Fields = 4, schema.Record{"count": 4, "flag": true}
	s.expect("a", want)
}

func (s *suite) expect(id string, want documents.Document) {
	s.Helper()
	got, _ := s.sample(id)
	s.same(want, got)
}

// writesConcurrently has two consolidators fold the same events, each in order but cut into other batches, again and again from where
// they stood before: the documents come to equal the fold.
func (s *suite) writesConcurrently() {
	const entities, events = 5, 12
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for worker := range errs {
		wg.Go(func() { errs[worker] = s.consolidate(rand.New(rand.NewPCG(1, uint64(worker))), entities, events) })
	}
	wg.Wait()
	for _, err := range errs {
		s.ok(err)
	}
	for e := range entities {
		w := fold(e, 0, events)
		s.expect(w.ID, documents.Document{ID: w.ID, Version: w.Version, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, Fields: w.Set})
	}
}

func (s *suite) consolidate(r *rand.Rand, entities, events int) error {
	for at := 0; at < events; {
		to := min(events, at+1+r.IntN(4))
		from := max(0, at-r.IntN(4)) // what a crash would repeat
		var batch []documents.Write
		for _, e := range r.Perm(entities) {
			batch = append(batch, fold(e, from, to))
		}
		if err := s.store.Write(s.ctx, "Sample", batch); err != nil {
			return err
		}
		at = to
	}
	return nil
}

// fold coalesces the events after version from up to version to of a made-up entity into one write.
func fold(entity, from, to int) documents.Write {
	w := documents.Write{
		ID: fmt.Sprintf("e%d", entity), Since: int64(from), Version: int64(to), CreatedAt: day0,
		UpdatedAt: day0.Add(time.Duration(to) * time.Second), Set: schema.Record{},
	}
	for v := from + 1; v <= to; v++ {
		field := []string{"text", "colour"}[v%2]
		delete(w.Set, "day")
		w.Clear = nil
		w.Set[field] = []string{"RED", "GREEN", "BLUE"}[(v+entity)%3]
		w.Set["count"] = v
		if v%3 == 0 {
			w.Set["day"] = scalar.Date(fmt.Sprintf("2024-01-%02d", v))
		} else {
			w.Clear = []string{"day"}
		}
	}
	return w
}

func (s *suite) values() {
	at := scalar.NewDateTime(day0)
	line := schema.Record{
		"title": `q"\` + "\n\u0001é😀$.", "price": decimal("-0.00001"), "at": at, "parts": []any{1, -2},
		"inner": schema.Record{"ratio": 0.1, "big": scalar.Long(1<<62 + 1)},
	}
	set := schema.Record{
		"customer": "c1", "colour": "RED", "text": `$set.{"a":1}\`, "count": -2147483648, "ratio": 1e-300, "flag": false,
		"price": decimal("9999999999999999999999999999999999"), "at": at, "day": scalar.Date("0001-01-01"), "big": scalar.Long(-1 << 63),
		"key": scalar.UUID("01900000-0000-7000-8000-000000000000"), "data": scalar.JSON(`{"$a.b":[1,null,"x"]}`),
		"tags": []any{"", "$x", "y.z"}, "lines": []any{line, schema.Record{"title": ""}}, "box": line,
	}
	w := create("a", set)
	w.CreatedAt, w.UpdatedAt = day0.Add(-time.Nanosecond), day0.Add(time.Nanosecond)
	s.write(w)
	s.expect("a", documents.Document{ID: "a", Version: 1, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, Fields: set})

	s.write(documents.Write{ID: "a", Since: 1, Version: 2, UpdatedAt: day0, Set: schema.Record{
		"box": schema.Record{"title": "whole"}, "tags": []any{}, "lines": []any{},
	}})
	got, _ := s.sample("a")
	s.same(schema.Record{"title": "whole"}, got.Fields["box"]) // replaced, not merged
	if v, ok := got.Fields["tags"]; !ok || len(v.([]any)) != 0 {
		s.Fatalf("an empty list became %v", v)
	}
}

func (s *suite) tombstones() {
	end := documents.Write{ID: "a", Since: 1, Version: 2, UpdatedAt: day0.Add(time.Second), Deleted: true}
	first := create("a", schema.Record{"text": "one", "customer": "c1"})
	first.Copies = []documents.Copies{{Ref: "customer", Source: documents.Source{ID: "c1", Version: 1}, Names: []string{"customerName"},
		Values: schema.Record{"customerName": "Ana"}}}
	s.write(first)
	s.write(end)
	want := documents.Document{ID: "a", Version: 2, CreatedAt: day0, UpdatedAt: end.UpdatedAt, Deleted: true}
	s.expect("a", want)
	s.write(first) // late: does not resurrect
	s.write(end)
	s.expect("a", want)

	whole := documents.Write{ID: "b", Version: 2, CreatedAt: day0, UpdatedAt: day0, Deleted: true} // made and ended in one
	s.write(whole, create("c", schema.Record{"customer": "c1"}))
	s.expect("b", documents.Document{ID: "b", Version: 2, CreatedAt: day0, UpdatedAt: day0, Deleted: true})

	list, err := s.store.List(s.ctx, documents.Query{Entity: "Sample", Limit: 10})
	s.ok(err)
	s.same([]string{"c"}, idsOf(list))
	n, err := s.store.Count(s.ctx, documents.CountQuery{Entity: "Sample"})
	s.ok(err)
	s.same(int64(1), n)
	refs, err := s.store.Referrers(s.ctx, "Sample", "customer", "c1", 9, true, "", 10)
	s.ok(err)
	s.same([]string{"c"}, idsOf(refs))
}

func idsOf(ds []documents.Document) []string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = d.ID
	}
	return out
}
