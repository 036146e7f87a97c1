package query_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

type object = map[string]any

func is(v any) object { return object{"eq": v} }

// args are those of a list of deals.
func (m *market) args(e *query.Engine, where object, orderBy ...any) query.ListArgs {
	m.Helper()
	deal := m.model.Entity("Deal")
	f, err := e.Filter(deal, where)
	if err != nil {
		m.Fatal(err)
	}
	orders, err := e.Orders(deal, orderBy)
	if err != nil {
		m.Fatal(err)
	}
	return query.ListArgs{Filter: f, Orders: orders}
}

// TestReadsThroughRefs: what a list costs does not depend on how many rows it has.
func TestReadsThroughRefs(t *testing.T) {
	inFirm := func(where object) object { return object{"firm": where} }
	for name, c := range map[string]struct {
		where object
		by    []any
		reads int64 // with the count and the rows
	}{
		"nothing through refs":           {object{"size": is(1)}, nil, 2},
		"looked up":                      {inFirm(object{"city": is("a")}), nil, 3},
		"looked up, asked twice":         {object{"or": []any{inFirm(object{"city": is("a")}), object{"size": is(1)}, object{"not": inFirm(object{"city": is("a")})}}}, nil, 3},
		"in a value object and outside":  {object{"firm": object{"city": is("a")}, "parts": object{"some": inFirm(object{"city": is("a")})}}, nil, 3},
		"over two refs":                  {inFirm(object{"region": object{"size": is(1)}}), nil, 4},
		"by copies":                      {inFirm(object{"name": is("a"), "rank": object{"gt": 0}}), nil, 2},
		"a copy that need not tell":      {inFirm(object{"name": object{"ne": "a"}}), nil, 3},
		"a copy of what may be gone":     {object{"region": object{"name": is("a")}}, nil, 3},
		"a copy beside what is none":     {inFirm(object{"name": is("a"), "city": is("a")}), nil, 3},
		"asks nothing":                   {inFirm(object{}), nil, 2},
		"sorted by a copy":               {nil, []any{beyond("firm", "NAME", "DESC")}, 2},
		"sorted by what is looked up":    {nil, []any{beyond("firm", "CITY", "DESC")}, 4},
		"sorted by several of one":       {nil, []any{beyond("firm", "CITY", "DESC"), beyond("firm", "ID", "ASC"), beyond("firm", "RANK", "ASC")}, 4},
		"sorted over two refs":           {nil, []any{object{"firm": beyond("region", "SIZE", "ASC")}}, 5},
		"sorted by a copy of what ended": {nil, []any{beyond("region", "NAME", "ASC")}, 4},
	} {
		for _, deals := range []int{10, 60} {
			m := newMarket(t, deals)
			e := m.engine(0)
			m.store.reads.Store(0)
			args := m.args(e, c.where, c.by...)
			if _, err := e.List(t.Context(), m.model.Entity("Deal"), args, query.Connection{TotalCount: true, Node: &query.Selection{}}); err != nil {
				t.Fatal(err)
			}
			if got := m.store.reads.Load(); got != c.reads {
				t.Errorf("%s: %d reads of %d deals, not %d", name, got, deals, c.reads)
			}
		}
	}
}

// TestBoundsOfLookups: what is too much says what to write instead.
func TestBoundsOfLookups(t *testing.T) {
	m := newMarket(t, 20)
	deal := m.model.Entity("Deal")
	all := object{"version": is(1)}
	for name, c := range map[string]struct {
		where object
		by    []any
		bound int // of which it is too much; one more is not
		says  string
	}{
		"a filter":                       {object{"firm": object{"city": object{"ne": "none"}}}, nil, 5, `more than 5 firms are what is asked of firm: give Deal a field with @copy(of: "firm.city") @indexed, and ask for that`},
		"a filter that copies don't say": {object{"firm": object{"name": object{"ne": "none"}}}, nil, 5, "ask for Deal.firmName instead"},
		"no field":                       {object{"firm": all}, nil, 5, "ask for less"},
		"a value object":                 {object{"main": object{"firm": object{"city": object{"ne": "none"}}}}, nil, 5, "asked of firm: ask for less"},
		"several":                        {object{"firm": object{"city": object{"ne": "none"}}, "region": all}, nil, 8, "ask for less"},
		"an order":                       {object{}, []any{beyond("firm", "CITY", "ASC")}, 19, `more than 19 deals are to be sorted through refs: give Deal a field with @copy(of: "firm.city") @indexed, and ask for that`},
		"an order that a copy is like":   {object{}, []any{beyond("region", "NAME", "ASC")}, 19, "sort by REGION_NAME, the copy"},
		"an order over two refs":         {object{}, []any{object{"firm": beyond("region", "NAME", "ASC")}}, 19, "ask for less"},
	} {
		list := func(bound int) error {
			e := m.engine(bound)
			_, err := e.List(t.Context(), deal, m.args(e, c.where, c.by...), query.Connection{Node: &query.Selection{}})
			return err
		}
		if err := list(c.bound + 1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := list(c.bound); err == nil || !strings.Contains(err.Error(), c.says) || err.(interface{ GraphQLCode() string }).GraphQLCode() != "TOO_MUCH" {
			t.Errorf("%s: %v, want %s", name, err, c.says)
		}
	}
}

func TestRefsInArgumentsThatMakeNoSense(t *testing.T) {
	m := newMarket(t, 1)
	e := m.engine(0)
	deal := m.model.Entity("Deal")
	many := func(n int) object {
		var or []any
		for range n {
			or = append(or, object{"firm": object{"city": is("a")}})
		}
		return object{"or": or}
	}
	if _, err := e.Filter(deal, many(query.MaxThrough)); err != nil {
		t.Error(err)
	}
	for says, where := range map[string]object{
		"looks through 16 refs at most":   many(query.MaxThrough + 1),
		"where.firm.street can't be":      {"firm": object{"street": is("a")}},
		"where.firm can't be filtered by": {"firm": "f1"},
		"where.firm.name.like":            {"firm": object{"name": object{"like": "a"}}},
		"where.main.firm.rank":            {"main": object{"firm": object{"rank": is("a")}}},
	} {
		if _, err := e.Filter(deal, where); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	next := func(n int) object {
		key := beyond("next", "NAME", "ASC")
		for range n - 2 {
			key = object{"next": key}
		}
		return object{"firm": key}
	}
	if _, err := e.Orders(deal, next(query.MaxThrough)); err != nil {
		t.Error(err)
	}
	for says, key := range map[string]any{
		"not 0 of them":                         object{"direction": "DESC"},
		"not 2 of them":                         object{"field": "SIZE", "firm": object{"field": "NAME"}},
		"orderBy.firm: Firm has no field":       beyond("firm", "STREET", "ASC"),
		`has no ref "size"`:                     beyond("size", "X", "ASC"),
		"orderBy.firm is no object":             object{"firm": "NAME"},
		"the direction stands beside the field": object{"direction": "DESC", "firm": object{"field": "NAME"}},
		"orderBy.firm: each key has a field":    object{"firm": object{}},
		"orderBy names firm.name twice":         []any{beyond("firm", "NAME", "ASC"), beyond("firm", "NAME", "DESC")},
		"is deeper than 16 levels":              next(query.MaxThrough + 1),
		"goes through 17 refs, more than 16":    []any{next(query.MaxThrough), beyond("region", "NAME", "ASC")},
	} {
		if _, err := e.Orders(deal, key); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	if o, err := e.Orders(deal, object{"field": nil, "direction": "ASC", "firm": object{"field": "NAME", "direction": "DESC"}}); err != nil || o[0] != (documents.Order{Field: "firm.name", Desc: true}) {
		t.Error(o, err)
	}
}

func TestLiveThroughRefs(t *testing.T) {
	b := follow(t, 0)
	watch := func(where object) error {
		f, err := b.e.Filter(b.model.Entity("Thing"), where)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.e.Watch(t.Context(), query.Watch{Entity: b.model.Entity("Thing"), Node: &query.Selection{}, Filter: f})
		return err
	}
	for says, where := range map[string]object{
		"ask for Thing.ownerName instead, the copy, which stays as it was when the owner is gone": {"owner": object{"name": is("one")}},
		"a subscription asks what owner leads to only by copies: ask for less":                    {"owner": object{"version": is(1)}},
	} {
		if err := watch(where); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	m := newMarket(t, 0)
	e := b.startOn(m)
	live, err := e.Watch(t.Context(), query.Watch{Entity: m.model.Entity("Deal"), Node: &query.Selection{}, Snapshot: true, Filter: m.args(e, object{"firm": object{"name": is("a")}}).Filter})
	if err != nil {
		t.Fatal(err)
	}
	b.next(live, query.Live, 0)
	if _, err := e.Watch(t.Context(), query.Watch{Entity: m.model.Entity("Deal"), Node: &query.Selection{}, Filter: m.args(e, object{"firm": object{"city": is("a")}}).Filter}); err == nil ||
		!strings.Contains(err.Error(), `give Deal a field with @copy(of: "firm.city") @indexed`) {
		t.Error(err)
	}
}

// startOn starts an engine on a market.
func (b *bench) startOn(m *market) *query.Engine {
	on := &bench{T: b.T, model: m.model, store: m.store, feed: b.feed}
	return on.start(m.store, b.feed, 0)
}

// vanishing deletes deals between the reads of a list that is looked up.
type vanishing struct {
	*counting
	gone []string
}

func (v *vanishing) Load(ctx context.Context, entity string, ids, fields []string) (map[string]documents.Document, error) {
	for _, id := range v.gone {
		if err := v.Write(ctx, "Deal", []documents.Write{{ID: id, Since: 1, Version: 2, Deleted: true}}); err != nil {
			return nil, err
		}
	}
	return v.counting.Load(ctx, entity, ids, fields)
}

// TestRowsThatVanishLeaveNoGaps: a page that is looked up is full although rows of it were deleted meanwhile.
func TestRowsThatVanishLeaveNoGaps(t *testing.T) {
	m := newMarket(t, 12)
	e := m.engine(0)
	args := m.args(e, nil, beyond("firm", "CITY", "ASC"))
	want := m.expect(nil, args.Orders)
	gone := []string{want[0], want[2], want[11]}
	v := &vanishing{m.store, gone}
	e = query.New(query.Config{Model: m.model, Store: v})
	size := 3
	args.First = &size
	page, err := e.List(t.Context(), m.model.Entity("Deal"), args, query.Connection{Node: &query.Selection{}})
	if err != nil {
		t.Fatal(err)
	}
	if got := idsOf(page.Nodes); !slices.Equal(got, []string{want[1], want[3], want[4]}) || !page.HasNext || len(page.Cursors) != 3 {
		t.Errorf("%v of %v, next %v", got, want, page.HasNext)
	}
	args.First, args.Last = nil, &size
	if page, err = e.List(t.Context(), m.model.Entity("Deal"), args, query.Connection{Node: &query.Selection{}}); err != nil {
		t.Fatal(err)
	}
	if got := idsOf(page.Nodes); !slices.Equal(got, want[8:11]) || !page.HasPrevious {
		t.Errorf("%v of %v, previous %v", got, want, page.HasPrevious)
	}
}

// moving gives a deal to another region between the reads of lists that are looked up.
type moving struct {
	*counting
	id, to string
}

func (v *moving) Load(ctx context.Context, entity string, ids, fields []string) (map[string]documents.Document, error) {
	w := documents.Write{ID: v.id, Since: 1, Version: 2, Set: schema.Record{"region": v.to}}
	if err := v.Write(ctx, "Deal", []documents.Write{w}); err != nil {
		return nil, err
	}
	return v.counting.Load(ctx, entity, ids, fields)
}

// TestRowsThatMoveToAnotherListAreInNoOther: what is no longer of an entity is not shown below it.
func TestRowsThatMoveToAnotherListAreInNoOther(t *testing.T) {
	m := newMarket(t, 40)
	args := m.args(m.engine(0), nil, beyond("firm", "CITY", "ASC"))
	of := func(region string) []string {
		return slices.DeleteFunc(m.expect(nil, args.Orders), func(id string) bool { return m.docs["Deal"][id].Fields["region"] != region })
	}
	moved := of("r0")[0]
	e := query.New(query.Config{Model: m.model, Store: &moving{m.store, moved, "r1"}})
	ls := &query.ListSelection{Inverse: m.model.Entity("Region").Inverses[1], Args: args, Connection: query.Connection{Node: &query.Selection{}}}
	page, err := e.List(t.Context(), m.model.Entity("Region"), query.ListArgs{}, query.Connection{Node: &query.Selection{Lists: []*query.ListSelection{ls}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{of("r0")[1:], of("r1"), of("r2")} {
		if got := idsOf(page.Nodes[i].List(ls).Nodes); !slices.Equal(got, want) {
			t.Errorf("%s has %v, not %v", page.Nodes[i].ID, got, want)
		}
	}
}
