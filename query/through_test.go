package query_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// Firms are never deleted, regions may be.
const trade = `
type Region @entity @crud { id: ID! name: String size: Int }
type Firm @entity { id: ID! state: FirmState! @state name: String city: String rank: Int region: Region @ref box: Box next: Firm @ref(inverse: "earlier") }
type Deal @entity @crud {
  id: ID!
  firm: Firm @ref
  firmName: String @copy(of: "firm.name")
  firmRank: Int @copy(of: "firm.rank")
  firmBox: Box @copy(of: "firm.box")
  region: Region @ref
  regionName: String @copy(of: "region.name")
  size: Int
  parts: [Part]
  main: Part
}
type Part { firm: Firm @ref weight: Int }
type Box { weight: Int }
enum FirmState { ACTIVE }

extend type Mutation { createFirm(name: String, city: String, rank: Int, region: ID, box: BoxInput): Firm! @transition(to: ACTIVE, emits: "FirmCreated") }
`

// market has documents of the trade model, in a store and in memory.
type market struct {
	*testing.T
	model *schema.Model
	store *counting
	docs  map[string]map[string]documents.Document // by entity and id
}

var words = []any{nil, "", "a", "b", "ab", "B"}

// newMarket makes so many deals. Of the refs some are null, some lead to what is not there, and some to what was deleted.
func newMarket(t *testing.T, deals int) *market {
	t.Helper()
	model, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(trade)}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), t.TempDir()+"/docs.db", model, sqlite.Options{})
	if err == nil {
		t.Cleanup(func() { s.Close() })
		err = s.Setup(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	m := &market{t, model, &counting{Store: s}, map[string]map[string]documents.Document{"Region": {}, "Firm": {}, "Deal": {}}}
	seed := 0
	pick := func(from ...any) any { seed++; return rapid.SampledFrom(from).Example(seed) }
	for i := range 5 {
		id := fmt.Sprint("r", i)
		m.put("Region", documents.Write{ID: id, Version: 1, Set: record("name", pick(words...), "size", pick(nil, 1, 2))})
		if i > 2 {
			m.put("Region", documents.Write{ID: id, Since: 1, Version: 2, Deleted: true})
		}
	}
	region := func() any { return pick(nil, "r0", "r1", "r2", "r3", "r4", "r-none") }
	for i := range 6 {
		m.put("Firm", documents.Write{ID: fmt.Sprint("f", i), Version: 1, Set: record("state", "ACTIVE", "name", pick(words...), "city", pick(words...), "rank", pick(nil, 1, 2), "region", region(),
			"box", pick(nil, schema.Record{"weight": 1}, schema.Record{}))})
	}
	firm := func() any { return pick(nil, "f0", "f1", "f2", "f3", "f4", "f5", "f-none") }
	part := func() any { return pick(nil, record("firm", firm(), "weight", pick(nil, 1, 2))) }
	for i := range deals {
		w := documents.Write{ID: fmt.Sprintf("d%02d", i), Version: 1, Set: record("firm", firm(), "region", region(), "size", pick(nil, 1, 2, 3),
			"parts", pick(nil, []any{}, []any{part()}, []any{part(), part()}), "main", part())}
		m.copies(&w, "firm", "Firm", "firmName", "firmRank", "firmBox")
		m.copies(&w, "region", "Region", "regionName")
		m.put("Deal", w)
	}
	return m
}

func record(pairs ...any) schema.Record {
	r := schema.Record{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			r[pairs[i].(string)] = pairs[i+1]
		}
	}
	return r
}

// copies sets copies as a consolidator does: of what is deleted as it last was.
func (m *market) copies(w *documents.Write, ref, of string, names ...string) {
	id, _ := w.Set[ref].(string)
	source, ok := m.docs[of][id]
	if !ok {
		return
	}
	c := documents.Copies{Ref: ref, Source: documents.Source{ID: id, Version: 1}, Names: names, Values: schema.Record{}}
	for _, name := range names {
		if v := source.Fields[m.model.Entity("Deal").Field(name).Copy.Field]; v != nil {
			c.Values[name] = v
		}
	}
	w.Copies = append(w.Copies, c)
}

// put writes a document; one that was deleted keeps its last fields in memory, for copies.
func (m *market) put(entity string, w documents.Write) {
	m.Helper()
	w.CreatedAt, w.UpdatedAt = time.Unix(int64(len(m.docs[entity])%3), 0).UTC(), time.Unix(9, 0).UTC()
	if err := m.store.Write(m.Context(), entity, []documents.Write{w}); err != nil {
		m.Fatal(err)
	}
	d := documents.Document{ID: w.ID, Version: w.Version, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, Deleted: w.Deleted, Fields: schema.Record{}}
	if w.Deleted {
		d.Fields = m.docs[entity][w.ID].Fields
	}
	for k, v := range w.Set {
		d.Fields[k] = v
	}
	for _, c := range w.Copies {
		for k, v := range c.Values {
			d.Fields[k] = v
		}
	}
	m.docs[entity][w.ID] = d
}

func (m *market) engine(bound int) *query.Engine {
	return query.New(query.Config{Model: m.model, Store: m.store, Feed: feed.NewMemory(1, 10), MaxLookup: bound})
}

// holds is what a filter means, by following refs.
func (m *market) holds(f documents.Filter, d *documents.Document) bool {
	in := func(f documents.Filter, v any) bool {
		r, ok := v.(schema.Record)
		return ok && m.holds(f, &documents.Document{Fields: r})
	}
	switch f := f.(type) {
	case documents.And:
		return !slices.ContainsFunc(f, func(f documents.Filter) bool { return !m.holds(f, d) })
	case documents.Or:
		return slices.ContainsFunc(f, func(f documents.Filter) bool { return m.holds(f, d) })
	case documents.Not:
		return !m.holds(f.F, d)
	case documents.Inside:
		return in(f.F, d.Value(f.Field))
	case documents.Some:
		list, _ := d.Value(f.Field).([]any)
		return slices.ContainsFunc(list, func(v any) bool { return in(f.F, v) })
	case documents.Through:
		id, _ := d.Value(f.Field).(string)
		target, ok := m.docs[f.Entity][id]
		return ok && !target.Deleted && m.holds(f.F, &target)
	}
	return documents.Match(f, d)
}

// value is what stands at a path.
func (m *market) value(entity, path string, d *documents.Document) any {
	ref, rest, ok := strings.Cut(path, ".")
	if !ok {
		return d.Value(path)
	}
	of := m.model.Entity(entity).Field(ref).Ref.Entity
	id, _ := d.Value(ref).(string)
	target, there := m.docs[of][id]
	if !there || target.Deleted {
		return nil
	}
	return m.value(of, rest, &target)
}

// expect is what a list is, by plain Go.
func (m *market) expect(f documents.Filter, orders []documents.Order) []string {
	var keyed []documents.Document
	for _, d := range m.docs["Deal"] {
		if f == nil || m.holds(f, &d) {
			k := documents.Document{ID: d.ID, Version: d.Version, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Fields: schema.Record{}}
			for _, o := range orders {
				if v := m.value("Deal", o.Field, &d); v != nil {
					k.Fields[o.Field] = v
				}
			}
			keyed = append(keyed, k)
		}
	}
	down := len(orders) > 0 && orders[len(orders)-1].Desc
	slices.SortFunc(keyed, func(a, b documents.Document) int {
		if c := documents.CompareDocuments(orders, &a, &b); c != 0 {
			return c
		}
		if down {
			return cmp.Compare(b.ID, a.ID)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	ids := make([]string, len(keyed))
	for i := range keyed {
		ids[i] = keyed[i].ID
	}
	return ids
}
