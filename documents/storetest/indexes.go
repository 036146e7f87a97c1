package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Indexed is what an engine tells Indexes beside its stores.
type Indexed struct {
	Open    func(*schema.Model) documents.Store      // the same data every time
	Names   func() []string                          // the names of all indexes of things and of their archive, but for those of keys and of the archive's own
	Name    func(e *schema.Entity, past bool) string // what the names of ours begin with
	Foreign func(name, field string)                 // makes an index of things on a field alone, of that name
	Drop    func(name string)                        // drops an index of things
}

const (
	thingsBefore = `type Thing @entity @crud @indexed(fields: ["size", "flag DESC"], asOf: true) @indexed(fields: ["createdAt"]) {
		id: ID! owner: Thing @ref(inverse: "owned") size: Int @indexed(asOf: true) flag: Boolean ownerSize: Int @copy(of: "owner.size") }`
	thingsAfter = `type Thing @entity @crud @indexed(fields: ["flag", "size", "version"]) @indexed(fields: ["createdAt"]) {
		id: ID! owner: Thing @ref(inverse: "owned") keeper: Thing @ref(inverse: "kept") size: Int flag: Boolean @indexed ownerSize: Int @copy(of: "owner.size") }`
)

// Indexes checks that Index makes a store's indexes what its model says.
func Indexes(t *testing.T, in Indexed) {
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	load := func(sdl string) *suite {
		t.Helper()
		m, err := schema.Load(fstest.MapFS{"thing.graphql": {Data: []byte(sdl)}})
		if err != nil {
			t.Fatal(err)
		}
		s := &suite{T: t, ctx: ctx, model: m, store: in.Open(m)}
		s.ok(s.store.Setup(ctx))
		return s
	}
	there := func(s *suite, past []string, now ...string) {
		t.Helper()
		e := s.model.Entity("Thing")
		var want []string
		for _, name := range now {
			want = append(want, in.Name(e, false)+name)
		}
		for _, name := range past {
			want = append(want, strings.Replace(in.Name(e, true), "*", name, 1))
		}
		s.same(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(in.Names())))
	}
	before := load(thingsBefore)
	there(before, nil) // Setup makes none
	before.ok(before.store.Index(ctx))
	before.ok(before.store.Index(ctx))
	there(before, []string{"owner", "size", "size+flag-"}, "owner", "size", "size+flag-", "_createdAt")
	for i := range 3 {
		w := create(benchID(i), schema.Record{"size": 9 - i, "flag": i%2 == 0})
		before.ok(before.store.Write(ctx, "Thing", []documents.Write{w}))
	}

	// Others made one of their own, and one that only looks like one of ours.
	in.Foreign("of_others", "flag")
	in.Foreign(in.Name(before.model.Entity("Thing"), false)+"ownerSize", "size")

	after := load(thingsAfter) // as of a process that only queries
	load(thingsBefore).same(6, len(slices.DeleteFunc(in.Names(), func(name string) bool { return strings.Contains(name, "_then") || strings.Contains(name, "versions") })))
	other := load(thingsAfter)
	var wg sync.WaitGroup
	for _, s := range []*suite{after, other, after, other} {
		wg.Go(func() {
			if err := s.store.Index(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	in.Drop("of_others") // it was there
	there(after, []string{"owner", "keeper"}, "owner", "keeper", "flag", "flag+size+_version", "_createdAt", "ownerSize")
	ds, err := after.store.List(ctx, documents.Query{Entity: "Thing", Orders: []documents.Order{{Field: "flag", Desc: true}, {Field: "size"}}, Limit: 9})
	after.ok(err)
	after.same([]string{benchID(2), benchID(0), benchID(1)}, idsOf(ds))

	// What is called like one of ours can't become it.
	in.Drop(in.Name(after.model.Entity("Thing"), false) + "flag")
	in.Foreign(in.Name(after.model.Entity("Thing"), false)+"flag", "ownerSize")
	if err := after.store.Index(ctx); err == nil || !strings.Contains(err.Error(), "drop it") {
		t.Error(err)
	}
}

func (s *suite) size() {
	size := func(past bool, want int64) {
		s.Helper()
		n, err := s.store.Size(s.ctx, "Sample", past)
		s.ok(err)
		s.same(want, n)
	}
	size(false, 0)
	size(true, 0)
	s.write(create("a", nil), create("b", nil), create("c", nil))
	s.write(create("c", nil)) // it is there
	s.write(documents.Write{ID: "a", Since: 1, Version: 2, UpdatedAt: day0, Deleted: true})
	s.ok(s.store.Archive(s.ctx, "Sample", []documents.Version{{ID: "a", Version: 1, At: day0}, {ID: "a", Version: 2, At: day0, Deleted: true}}))
	size(false, 3)
	size(true, 2)
	if _, err := s.store.Size(s.ctx, "Nothing", false); err == nil {
		s.Error("it is no entity")
	}
}

func (s *suite) explain() {
	s.write(create("a", schema.Record{"text": "x", "customer": "c"}))
	q := documents.Query{Entity: "Sample", Filter: documents.Compare{Field: "text", Value: "x"}, Orders: []documents.Order{{Field: "price"}}, Limit: 5}
	for name, ask := range map[string]func() (string, error){
		"a list":       func() (string, error) { return s.store.Explain(s.ctx, q, "", nil) },
		"below others": func() (string, error) { return s.store.Explain(s.ctx, q, "customer", []string{"c", "d"}) },
		"a further page": func() (string, error) {
			q := q
			q.After = []any{decimal("2"), "a"}
			return s.store.Explain(s.ctx, q, "", nil)
		},
		"in the past": func() (string, error) { q := q; q.AsOf = day0; return s.store.Explain(s.ctx, q, "", nil) },
	} {
		if text, err := ask(); err != nil || text == "" {
			s.Errorf("%s: %q, %v", name, text, err)
		}
	}
	for name, err := range map[string]error{
		"no entity": second(s.store.Explain(s.ctx, documents.Query{Entity: "Nothing", Limit: 1}, "", nil)),
		"no limit":  second(s.store.Explain(s.ctx, documents.Query{Entity: "Sample"}, "", nil)),
		"no ref":    second(s.store.Explain(s.ctx, q, "text", []string{"c"})),
	} {
		if err == nil {
			s.Errorf("%s: no error", name)
		}
	}
}

func second(_ string, err error) error { return err }
