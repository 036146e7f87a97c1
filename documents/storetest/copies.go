package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// copied are the copies through Sample.customer, taken from a version of a customer.
func copied(id string, version int64, name string) documents.Copies {
	c := documents.Copies{
		Ref: "customer", Source: documents.Source{ID: id, Version: version}, Names: []string{"customerName", "customerCity"},
		Values: schema.Record{},
	}
	if name != "" {
		c.Values["customerName"] = name
	}
	return c
}

func (s *suite) copies() {
	w := create("a", schema.Record{"customer": "c1", "text": "x"})
	w.Copies = []documents.Copies{copied("c1", 3, "Ana")}
	s.write(w)
	s.expectCopies("a", "Ana", documents.Source{ID: "c1", Version: 3})

	again := documents.Write{ID: "a", Since: 1, Version: 2, UpdatedAt: day0, Set: schema.Record{"customer": "c1"},
		Copies: []documents.Copies{copied("c1", 2, "Old")}} // the same ref, read before it was copied last
	s.write(again)
	s.expectCopies("a", "Ana", documents.Source{ID: "c1", Version: 3})
	if d, _ := s.sample("a"); d.Version != 2 {
		s.Fatalf("the write itself did not apply: version %d", d.Version)
	}

	other := documents.Write{ID: "a", Since: 2, Version: 3, UpdatedAt: day0, Set: schema.Record{"customer": "c2"},
		Copies: []documents.Copies{copied("c2", 1, "Bea")}} // another ref: whatever its version
	s.write(other)
	s.expectCopies("a", "Bea", documents.Source{ID: "c2", Version: 1})

	missing := documents.Write{ID: "a", Since: 3, Version: 4, UpdatedAt: day0, Set: schema.Record{"customer": "c9"},
		Copies: []documents.Copies{copied("c9", 0, "")}} // a source that isn't consolidated yet
	s.write(missing)
	s.expectCopies("a", "", documents.Source{ID: "c9"})

	s.write(documents.Write{ID: "a", Since: 4, Version: 5, UpdatedAt: day0, Set: schema.Record{"customer": "c1"},
		Copies: []documents.Copies{copied("c1", 3, "Ana")}})
	s.write(documents.Write{ID: "a", Since: 5, Version: 6, UpdatedAt: day0, Clear: []string{"customer"}})
	d, _ := s.sample("a")
	s.same(schema.Record{"text": "x"}, d.Fields) // no ref, no copies
	s.same(0, len(d.Sources))
}

func (s *suite) expectCopies(id, name string, source documents.Source) {
	s.Helper()
	d, _ := s.sample(id)
	got, _ := d.Fields["customerName"].(string)
	s.same(name, got)
	s.same(source, d.Sources["customer"])
}

func (s *suite) recopy() {
	for i, id := range []string{"a", "b", "c"} {
		w := create(id, schema.Record{"customer": "c1"})
		w.Copies = []documents.Copies{copied("c1", int64(i+1), fmt.Sprint("v", i+1))}
		s.write(w)
	}
	s.write(create("d", schema.Record{"customer": "c2"}), create("e", schema.Record{"customer": "c1"}),
		documents.Write{ID: "z", Version: 2, CreatedAt: day0, UpdatedAt: day0, Deleted: true})
	var rs []documents.Recopy
	for _, id := range []string{"a", "b", "c", "d", "e", "z", "none"} {
		rs = append(rs, documents.Recopy{ID: id, Copies: copied("c1", 2, "v2")})
	}
	changed, err := s.store.Recopy(s.ctx, "Sample", rs)
	s.ok(err)
	slices.Sort(changed)
	s.same([]string{"a", "e"}, changed) // b has it, c is later, d refers to another
	s.expectCopies("a", "v2", documents.Source{ID: "c1", Version: 2})
	s.expectCopies("c", "v3", documents.Source{ID: "c1", Version: 3})
	s.expectCopies("d", "", documents.Source{})
	s.expectCopies("e", "v2", documents.Source{ID: "c1", Version: 2})
	if d, _ := s.sample("a"); d.Version != 1 || !d.UpdatedAt.Equal(day0) {
		s.Fatalf("a copy changed the document's own version or time: %+v", d)
	}
	changed, err = s.store.Recopy(s.ctx, "Sample", rs)
	s.ok(err)
	s.same(0, len(changed)) // once

	gone := copied("c1", 4, "") // a value that became null
	_, err = s.store.Recopy(s.ctx, "Sample", []documents.Recopy{{ID: "a", Copies: gone}})
	s.ok(err)
	s.expectCopies("a", "", documents.Source{ID: "c1", Version: 4})
}

// recopyRace has versions of a source copied at once and out of order, while the document moves on: the highest stays.
func (s *suite) recopyRace() {
	const versions = 8
	w := create("a", schema.Record{"customer": "c1"})
	w.Copies = []documents.Copies{copied("c1", 1, "v1")}
	s.write(w)
	var wg sync.WaitGroup
	errs := make([]error, versions+1)
	changed := make([][]string, versions+1)
	for v := 2; v <= versions; v++ {
		wg.Go(func() {
			changed[v], errs[v] = s.store.Recopy(s.ctx, "Sample", []documents.Recopy{{ID: "a", Copies: copied("c1", int64(v), fmt.Sprint("v", v))}})
		})
	}
	wg.Go(func() {
		errs[0] = s.store.Write(s.ctx, "Sample", []documents.Write{{ID: "a", Since: 1, Version: 2, UpdatedAt: day0.Add(time.Second),
			Set: schema.Record{"customer": "c1", "text": "x"}, Copies: []documents.Copies{copied("c1", 1, "v1")}}})
	})
	wg.Wait()
	for _, err := range errs {
		s.ok(err)
	}
	s.expectCopies("a", fmt.Sprint("v", versions), documents.Source{ID: "c1", Version: versions})
	if d, _ := s.sample("a"); d.Version != 2 || d.Fields["text"] != "x" {
		s.Fatalf("the write got lost among the copies: %+v", d)
	}
	s.same([]string{"a"}, changed[versions])
}

func (s *suite) referrers() {
	var ws []documents.Write
	for i := range 6 {
		w := create(fmt.Sprint("r", i), schema.Record{"customer": "c1", "text": "x"})
		w.Copies = []documents.Copies{copied("c1", int64(i), "n")}
		ws = append(ws, w)
	}
	bare := create("s0", schema.Record{"customer": "c1"}) // refers, with no copies taken yet
	ws = append(ws, bare, create("s1", schema.Record{"customer": "c2"}), create("s2", nil), create("s3", schema.Record{"seller": "c1"}))
	s.write(ws...)
	get := func(below int64, orEqual bool, after string, limit int) []string {
		s.Helper()
		ds, err := s.store.Referrers(s.ctx, "Sample", "customer", "c1", below, orEqual, after, limit)
		s.ok(err)
		return idsOf(ds)
	}
	s.same([]string{"r0", "r1", "r2", "s0"}, get(3, false, "", 10))
	s.same([]string{"r0", "r1", "r2", "r3", "s0"}, get(3, true, "", 10))
	s.same([]string{"r1", "r2"}, get(3, true, "r0", 2))
	s.same([]string{"s0"}, get(100, false, "r5", 10))
	ds, err := s.store.Referrers(s.ctx, "Sample", "customer", "c1", 3, false, "r0", 1)
	s.ok(err)
	s.same([]documents.Document{{ID: "r1", Version: 1, CreatedAt: day0, UpdatedAt: day0,
		Fields:  schema.Record{"customer": "c1", "text": "x", "customerName": "n"},
		Sources: map[string]documents.Source{"customer": {ID: "c1", Version: 1}}}}, ds)
	if _, err := s.store.Referrers(s.ctx, "Sample", "text", "c1", 3, false, "", 1); err == nil {
		s.Fatal("a field that is no reference was accepted")
	}
}
