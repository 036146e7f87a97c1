package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// ownSortable are the sortable fields that the archive holds.
var ownSortable = slices.DeleteFunc(slices.Clone(sortable), isCopyOfSample)

func isCopyOfSample(field string) bool { return field == "customerName" }

// histories archives random histories of entities: several versions at one instant, instants that entities share, deletes, and what is there again after one.
// They come in two batches, so that versions are closed in both ways.
func (s *suite) histories() []documents.Version {
	s.Helper()
	n := min(60, s.features.Documents)
	gen := rapid.Custom(drawHistory)
	var first, second, all []documents.Version
	for i := range n {
		vs := gen.Example(i)
		for j := range vs {
			vs[j].ID = fmt.Sprintf("%s%d", texts[i%len(texts)], i)
			vs[j].Place = position.Place{Epoch: 1, Seq: uint64(i*100 + j)}
		}
		cut := i % (len(vs) + 1)
		first, second = append(first, vs[:cut]...), append(second, vs[cut:]...)
		all = append(all, vs...)
	}
	s.ok(s.store.Archive(s.ctx, "Sample", first))
	s.ok(s.store.Archive(s.ctx, "Sample", second))
	return all
}

// drawHistory draws the versions of one entity, the first of which creates it.
func drawHistory(t *rapid.T) []documents.Version {
	n := rapid.IntRange(1, 6).Draw(t, "versions")
	at := rapid.IntRange(0, 6).Draw(t, "created")
	created := instant(at)
	var vs []documents.Version
	for i := range n {
		if i > 0 {
			at += rapid.IntRange(0, 2).Draw(t, "later") // none later: at the same instant
		}
		v := documents.Version{Version: int64(i + 1), Event: "SampleChanged", CreatedAt: created, At: instant(at), Changes: []byte(`[]`), State: schema.Record{}}
		gone := i > 0 && !vs[i-1].Deleted && rapid.IntRange(0, 3).Draw(t, "gone") == 0
		if v.Deleted = gone; !gone {
			v.State = drawRecord(t)
			delete(v.State, "customerName")
		}
		vs = append(vs, v)
	}
	return vs
}

// instant is one of those that entities share.
func instant(n int) time.Time { return day0.Add(time.Duration(n)) }

// then replays versions: the documents of an instant in the order of their ids, tombstones too.
func then(vs []documents.Version, at time.Time) []documents.Document {
	last := map[string]documents.Document{}
	for _, v := range vs { // of one entity in order
		if !v.At.After(at) {
			last[v.ID] = documents.Document{ID: v.ID, Version: v.Version, CreatedAt: v.CreatedAt, UpdatedAt: v.At, Deleted: v.Deleted, Fields: v.State}
		}
	}
	var out []documents.Document
	for _, d := range last {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b documents.Document) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func alive(ds []documents.Document) []documents.Document {
	return slices.DeleteFunc(slices.Clone(ds), func(d documents.Document) bool { return d.Deleted })
}

// drawPastQuery draws a page of an instant, of those that are in the histories, before and after.
func drawPastQuery(t *rapid.T) documents.Query {
	q := documents.Query{Entity: "Sample", AsOf: instant(rapid.IntRange(-1, 18).Draw(t, "instant")), Limit: rapid.IntRange(1, 40).Draw(t, "limit"), Last: rapid.Bool().Draw(t, "last")}
	if rapid.Bool().Draw(t, "filtered") {
		q.Filter = drawFilter(t, 2)
		if documents.Any(q.Filter, func(f documents.Filter) bool { return isCopyOfSample(documents.FieldOf(f)) }) {
			q.Filter = nil
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		q.Orders = append(q.Orders, documents.Order{Field: rapid.SampledFrom(ownSortable).Draw(t, "order"), Desc: rapid.Bool().Draw(t, "desc")})
	}
	return q
}

// pastAgrees compares pages and counts as of an instant with a replay.
func (s *suite) pastAgrees() {
	all := s.histories()
	s.check(func(t *rapid.T) {
		q := drawPastQuery(t)
		was := alive(then(all, q.AsOf))
		if len(was) > 0 {
			q.After, q.Before = drawKey(t, q, was, "after"), drawKey(t, q, was, "before")
		}
		got, err := s.store.List(s.ctx, q)
		if err != nil {
			t.Fatalf("%#v: %v", q, err)
		}
		if d := diff(expectedPage(q, was, was), got); d != "" {
			t.Fatalf("%#v (-Go +List):\n%s", q, d)
		}
		n, err := s.store.Count(s.ctx, documents.CountQuery{Entity: "Sample", Filter: q.Filter, AsOf: q.AsOf})
		if want := int64(len(matching(q.Filter, was))); err != nil || n != want {
			t.Fatalf("%#v: Count says %d (%v), Match %d", q, n, err, want)
		}
	})
}

func matching(f documents.Filter, ds []documents.Document) []documents.Document {
	return slices.DeleteFunc(slices.Clone(ds), func(d documents.Document) bool { return !documents.Match(f, &d) })
}

// pastByAgrees does so for ListBy and CountBy.
func (s *suite) pastByAgrees() {
	all := s.histories()
	keys := []string{"c1", "c.3", "$c", "none"}
	s.check(func(t *rapid.T) {
		q := drawPastQuery(t)
		was := alive(then(all, q.AsOf))
		if len(was) > 0 {
			q.After = drawKey(t, q, was, "after")
		}
		gone, err := s.store.List(s.ctx, documents.Query{Entity: "Sample", AsOf: q.AsOf, Gone: true, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		dead := slices.DeleteFunc(then(all, q.AsOf), func(d documents.Document) bool { return !d.Deleted })
		if d := diff(dead, gone); d != "" {
			t.Fatalf("%v (-Go +List of tombstones):\n%s", q.AsOf, d)
		}
		q.Fields = []string{"count", "lines"}
		got, err := s.store.ListBy(s.ctx, q, "customer", keys)
		if err != nil {
			t.Fatalf("%#v: %v", q, err)
		}
		counts, err := s.store.CountBy(s.ctx, documents.CountQuery{Entity: "Sample", Filter: q.Filter, AsOf: q.AsOf}, "customer", keys)
		if err != nil {
			t.Fatalf("%#v: %v", q, err)
		}
		for _, k := range keys {
			own := slices.DeleteFunc(slices.Clone(was), func(d documents.Document) bool { return d.Fields["customer"] != k })
			if d := diff(someFields(expectedPage(q, was, own), q.Fields), someFields(got[k], q.Fields)); d != "" {
				t.Fatalf("%s, %#v (-Go +ListBy):\n%s", k, q, d)
			}
			if want := int64(len(matching(q.Filter, own))); counts[k] != want {
				t.Fatalf("%s, %#v: CountBy says %d, Match %d", k, q, counts[k], want)
			}
		}
	})
}

// someFields leaves documents with those fields only.
func someFields(ds []documents.Document, fields []string) []documents.Document {
	out := slices.Clone(ds)
	for i := range out {
		r := schema.Record{}
		for _, f := range fields {
			if v, ok := out[i].Fields[f]; ok {
				r[f] = v
			}
		}
		out[i].Fields = r
	}
	return out
}

// loadAsOf compares what was, by ids, with a replay.
func (s *suite) loadAsOf() {
	all := s.histories()
	for n := -1; n < 20; n++ {
		want := map[string]documents.Document{}
		ids := []string{"none"}
		for _, d := range then(all, instant(n)) {
			want[d.ID] = d
			ids = append(ids, d.ID, d.ID)
		}
		got, err := s.store.LoadAsOf(s.ctx, "Sample", ids, nil, instant(n))
		s.ok(err)
		s.same(want, got)
		for _, id := range ids[max(0, len(ids)-6):] {
			got, err := s.store.LoadAsOf(s.ctx, "Sample", []string{id}, []string{"count"}, instant(n))
			s.ok(err)
			if d, ok := want[id]; ok {
				s.same(map[string]documents.Document{id: someFields([]documents.Document{d}, []string{"count"})[0]}, got)
			} else {
				s.same(0, len(got))
			}
		}
	}
	none, err := s.store.LoadAsOf(s.ctx, "Sample", nil, nil, instant(5))
	s.ok(err)
	s.same(0, len(none))
	if _, err := s.store.LoadAsOf(s.ctx, "Nothing", []string{"a"}, nil, instant(5)); err == nil {
		s.Error("there is no such entity")
	}
}

// history compares versions, the newest first, with a replay.
func (s *suite) history() {
	all := s.histories()
	byID := map[string][]documents.Version{}
	for _, v := range all {
		byID[v.ID] = append(byID[v.ID], v)
	}
	for id, vs := range byID {
		for i := range vs[:len(vs)-1] {
			vs[i].ValidTo = vs[i+1].At
		}
		slices.Reverse(vs)
		byID[id] = vs
	}
	keys := []documents.VersionKey{{ID: "none"}}
	for id := range byID {
		keys = append(keys, documents.VersionKey{ID: id, Version: int64(len(keys) % 4)})
	}
	expected := func(q documents.HistoryQuery) map[string][]documents.Version {
		out := map[string][]documents.Version{}
		for _, k := range q.Of {
			vs := slices.DeleteFunc(slices.Clone(byID[k.ID]), func(v documents.Version) bool {
				return k.Version > 0 && v.Version >= k.Version || !q.AsOf.IsZero() && v.At.After(q.AsOf)
			})
			if vs = vs[:min(len(vs), q.Limit)]; len(vs) > 0 {
				out[k.ID] = vs
			}
		}
		return out
	}
	for _, of := range [][]documents.VersionKey{keys, keys[1:2], keys[3:4], keys[4:5], keys[:1], nil} {
		for _, q := range []documents.HistoryQuery{{Limit: 100}, {Limit: 2}, {Limit: 1}, {Limit: 3, AsOf: instant(6)}, {Limit: 9, AsOf: instant(3)}} {
			q.Entity, q.Of = "Sample", of
			got, err := s.store.History(s.ctx, q)
			s.ok(err)
			want := expected(q)
			s.same(want, got)
			for _, q.Fields = range [][]string{{"count", "lines", "count"}, {}} {
				got, err := s.store.History(s.ctx, q)
				s.ok(err)
				s.same(someOfStates(want, q.Fields), got)
			}
		}
	}
	for _, q := range []documents.HistoryQuery{{Entity: "Sample"}, {Entity: "Sample", Limit: documents.MaxLimit + 1}, {Entity: "Nothing", Limit: 1}} {
		if _, err := s.store.History(s.ctx, q); err == nil {
			s.Errorf("%+v was accepted", q)
		}
	}
}

// someOfStates leaves versions with those fields only, and without changes.
func someOfStates(byID map[string][]documents.Version, fields []string) map[string][]documents.Version {
	out := map[string][]documents.Version{}
	for id, vs := range byID {
		vs = slices.Clone(vs)
		for i := range vs {
			vs[i].State, vs[i].Changes = someFields([]documents.Document{{Fields: vs[i].State}}, fields)[0].Fields, nil
		}
		out[id] = vs
	}
	return out
}

// pastGarbage refuses what the archive can't answer.
func (s *suite) pastGarbage() {
	at := instant(3)
	name := documents.Not{F: documents.Or{documents.IsNull{Field: "text"}, documents.Compare{Field: "customerName", Value: "Ana"}}}
	for what, q := range map[string]documents.Query{
		"a filter on a copy":  {Filter: name},
		"an order by a copy":  {Orders: []documents.Order{{Field: "customerName"}}},
		"an unknown field":    {Filter: documents.IsNull{Field: "nope"}},
		"a place of one kind": {After: []any{1}},
	} {
		q.Entity, q.Limit, q.AsOf = "Sample", 1, at
		if _, err := s.store.List(s.ctx, q); err == nil {
			s.Errorf("%s was accepted", what)
		}
		if _, err := s.store.ListBy(s.ctx, q, "customer", []string{"c1"}); err == nil {
			s.Errorf("%s was accepted by a ref", what)
		}
	}
	if _, err := s.store.List(s.ctx, documents.Query{Entity: "Sample", Gone: true, Limit: 1}); err == nil {
		s.Error("tombstones of now were listed")
	}
	if _, err := s.store.Count(s.ctx, documents.CountQuery{Entity: "Sample", Filter: name, AsOf: at}); err == nil {
		s.Error("a filter on a copy was counted")
	}
	if _, err := s.store.CountBy(s.ctx, documents.CountQuery{Entity: "Sample", Filter: name, AsOf: at}, "customer", []string{"c1"}); err == nil {
		s.Error("a filter on a copy was counted by a ref")
	}
}
