package storetest

import (
	"cmp"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// population writes random documents and returns them as List should order them by _id.
func (s *suite) population() []documents.Document {
	s.Helper()
	n := min(200, s.features.Documents)
	gen := rapid.Custom(drawRecord)
	var ds []documents.Document
	var ws []documents.Write
	for i := range n {
		w := create(fmt.Sprintf("%s%d", texts[i%len(texts)], i), gen.Example(i))
		w.CreatedAt = moments[i%len(moments)].Time()
		ws = append(ws, w)
		ds = append(ds, documents.Document{ID: w.ID, Version: 1, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, Fields: w.Set})
	}
	s.write(ws...)
	slices.SortFunc(ds, func(a, b documents.Document) int { return cmp.Compare(a.ID, b.ID) })
	return ds
}

// filtersAgree compares the engine's compiler with Match on random filters.
func (s *suite) filtersAgree() {
	all := s.population()
	s.check(func(t *rapid.T) {
		f := drawFilter(t, 3)
		var want []string
		for i := range all {
			if documents.Match(f, &all[i]) {
				want = append(want, all[i].ID)
			}
		}
		ds, err := s.store.List(s.ctx, documents.Query{Entity: "Sample", Filter: f, Limit: documents.MaxLimit, Fields: []string{"text"}})
		if err != nil {
			t.Fatalf("%#v: %v", f, err)
		}
		if d := diff(want, idsOf(ds)); d != "" {
			t.Fatalf("%#v (-Match +List):\n%s", f, d)
		}
		n, err := s.store.Count(s.ctx, documents.CountQuery{Entity: "Sample", Filter: f})
		if err != nil || n != int64(len(want)) {
			t.Fatalf("%#v: Count says %d (%v), Match %d", f, n, err, len(want))
		}
	})
}

// pagesAgree compares the engine's order and keyset paging with scalar.Compare, by every sortable field, in both directions.
func (s *suite) pagesAgree() {
	all := s.population()
	s.check(func(t *rapid.T) {
		q := documents.Query{Entity: "Sample", Limit: rapid.IntRange(1, len(all)+1).Draw(t, "limit"), Last: rapid.Bool().Draw(t, "last")}
		if rapid.Bool().Draw(t, "filtered") {
			q.Filter = drawFilter(t, 1)
		}
		for range rapid.IntRange(0, 2).Draw(t, "orders") {
			q.Orders = append(q.Orders, documents.Order{Field: rapid.SampledFrom(sortable).Draw(t, "order"), Desc: rapid.Bool().Draw(t, "desc")})
		}
		q.After, q.Before = drawKey(t, q, all, "after"), drawKey(t, q, all, "before")
		got, err := s.store.List(s.ctx, q)
		if err != nil {
			t.Fatalf("%#v: %v", q, err)
		}
		if d := diff(expectedPage(q, all, all), got); d != "" {
			t.Fatalf("%#v (-Go +List):\n%s", q, d)
		}
	})
}

// listByAgrees compares ListBy and CountBy with a page in plain Go for every key.
func (s *suite) listByAgrees() {
	all := s.population()
	keys := []string{"c1", "c.3", "$c", "none"}
	s.check(func(t *rapid.T) {
		q := documents.Query{Entity: "Sample", Limit: rapid.IntRange(1, 20).Draw(t, "limit"), Last: rapid.Bool().Draw(t, "last")}
		if rapid.Bool().Draw(t, "filtered") {
			q.Filter = drawFilter(t, 1)
		}
		for range rapid.IntRange(0, 2).Draw(t, "orders") {
			q.Orders = append(q.Orders, documents.Order{Field: rapid.SampledFrom(sortable).Draw(t, "order"), Desc: rapid.Bool().Draw(t, "desc")})
		}
		q.After = drawKey(t, q, all, "after")
		got, err := s.store.ListBy(s.ctx, q, "customer", keys)
		if err != nil {
			t.Fatalf("%#v: %v", q, err)
		}
		counts, err := s.store.CountBy(s.ctx, documents.CountQuery{Entity: "Sample", Filter: q.Filter}, "customer", keys)
		if err != nil {
			t.Fatalf("%#v: %v", q, err)
		}
		for _, k := range keys {
			own := slices.DeleteFunc(slices.Clone(all), func(d documents.Document) bool { return d.Fields["customer"] != k })
			if d := diff(expectedPage(q, all, own), got[k]); d != "" {
				t.Fatalf("%s, %#v (-Go +ListBy):\n%s", k, q, d)
			}
			n := int64(len(slices.DeleteFunc(own, func(d documents.Document) bool { return !documents.Match(q.Filter, &d) })))
			if counts[k] != n {
				t.Fatalf("%s, %#v: CountBy says %d, Match %d", k, q, counts[k], n)
			}
		}
	})
}

// check runs a property as often as the features say.
func (s *suite) check(property func(*rapid.T)) {
	s.Helper()
	rounds := 0
	rapid.Check(s.T, func(t *rapid.T) {
		for range max(1, s.features.Rounds/100) {
			property(t)
		}
		rounds++
	})
	s.Logf("%d rounds", rounds)
}

func drawKey(t *rapid.T, q documents.Query, all []documents.Document, label string) []any {
	if !rapid.Bool().Draw(t, label) {
		return nil
	}
	d := &all[rapid.IntRange(0, len(all)-1).Draw(t, label+" of")]
	key := []any{}
	for _, o := range q.Orders {
		key = append(key, d.Value(o.Field))
	}
	return append(key, d.ID)
}

// expectedPage is List in plain Go: of those documents cut the range, sort, take the limit. The range's ends are among all.
func expectedPage(q documents.Query, all, of []documents.Document) []documents.Document {
	forward := q
	forward.Last = false
	orders := documents.PageOrders(forward)
	key := func(values []any) *documents.Document { // a document that stands where the key does
		d := &documents.Document{Fields: schema.Record{}, ID: values[len(values)-1].(string)}
		for i := range all {
			if all[i].ID == d.ID {
				return &all[i]
			}
		}
		return d
	}
	var out []documents.Document
	for i := range of {
		d := &of[i]
		if !documents.Match(q.Filter, d) ||
			q.After != nil && documents.CompareDocuments(orders, d, key(q.After)) <= 0 ||
			q.Before != nil && documents.CompareDocuments(orders, d, key(q.Before)) >= 0 {
			continue
		}
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b documents.Document) int { return documents.CompareDocuments(orders, &a, &b) })
	if q.Last {
		return out[max(0, len(out)-q.Limit):]
	}
	return out[:min(len(out), q.Limit)]
}
