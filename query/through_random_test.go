package query_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/query"
)

// drawText draws conditions on a text, drawInt on a number.
func drawText(t *rapid.T) map[string]any {
	value := func() any { return rapid.SampledFrom(words[1:]).Draw(t, "text") }
	switch rapid.IntRange(0, 4).Draw(t, "condition") {
	case 0:
		return map[string]any{"isNull": rapid.Bool().Draw(t, "null")}
	case 1:
		return map[string]any{"ne": value()}
	case 2:
		return map[string]any{"startsWith": value()}
	case 3:
		return map[string]any{"in": []any{value(), value()}}
	}
	return map[string]any{"eq": value()}
}

func drawInt(t *rapid.T) map[string]any {
	op := rapid.SampledFrom([]string{"eq", "ne", "lt", "gte", "isNull"}).Draw(t, "condition")
	if op == "isNull" {
		return map[string]any{op: rapid.Bool().Draw(t, "null")}
	}
	return map[string]any{op: rapid.IntRange(0, 3).Draw(t, "number")}
}

func drawDeals(t *rapid.T, depth int) map[string]any {
	return drawWhere(t, depth, map[string]func(int) map[string]any{
		"size": func(int) map[string]any { return drawInt(t) }, "regionName": func(int) map[string]any { return drawText(t) },
		"firm":   func(depth int) map[string]any { return drawFirms(t, depth) },
		"region": func(depth int) map[string]any { return drawRegions(t, depth) },
		"main":   func(depth int) map[string]any { return drawParts(t, depth) },
		"parts": func(depth int) map[string]any {
			return map[string]any{rapid.SampledFrom([]string{"some", "every", "none"}).Draw(t, "of"): drawParts(t, depth)}
		},
	}, drawDeals)
}

func drawParts(t *rapid.T, depth int) map[string]any {
	return drawWhere(t, depth, map[string]func(int) map[string]any{
		"weight": func(int) map[string]any { return drawInt(t) },
		"firm":   func(depth int) map[string]any { return drawFirms(t, depth) },
	}, drawParts)
}

func drawFirms(t *rapid.T, depth int) map[string]any {
	return drawWhere(t, depth, map[string]func(int) map[string]any{
		"name": func(int) map[string]any { return drawText(t) }, "city": func(int) map[string]any { return drawText(t) },
		"rank":   func(int) map[string]any { return drawInt(t) },
		"box":    func(int) map[string]any { return map[string]any{"weight": drawInt(t)} },
		"id":     func(int) map[string]any { return map[string]any{"in": []any{"f1", "f2", "f-none"}} },
		"region": func(depth int) map[string]any { return drawRegions(t, depth) },
	}, drawFirms)
}

func drawRegions(t *rapid.T, depth int) map[string]any {
	return drawWhere(t, depth, map[string]func(int) map[string]any{
		"name": func(int) map[string]any { return drawText(t) }, "size": func(int) map[string]any { return drawInt(t) },
		"version": func(int) map[string]any { return drawInt(t) },
	}, drawRegions)
}

// drawWhere draws some conditions on fields, and on what combines them.
func drawWhere(t *rapid.T, depth int, fields map[string]func(int) map[string]any, again func(*rapid.T, int) map[string]any) map[string]any {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	where := map[string]any{}
	for range rapid.IntRange(0, 2).Draw(t, "fields") {
		name := rapid.SampledFrom(names).Draw(t, "field")
		where[name] = fields[name](depth - 1)
	}
	if depth > 0 && rapid.IntRange(0, 2).Draw(t, "combined") == 0 {
		switch name := rapid.SampledFrom([]string{"and", "or", "not"}).Draw(t, "how"); name {
		case "not":
			where[name] = again(t, depth-1)
		default:
			where[name] = []any{again(t, depth-1), again(t, depth-1)}
		}
	}
	return where
}

var sortKeys = []any{
	map[string]any{"field": "SIZE"}, map[string]any{"field": "SIZE", "direction": "DESC"}, map[string]any{"field": "FIRM_ID"},
	beyond("firm", "NAME", "ASC"), beyond("firm", "NAME", "DESC"), beyond("firm", "CITY", "ASC"), beyond("firm", "RANK", "DESC"), beyond("firm", "ID", "ASC"),
	beyond("region", "NAME", "ASC"), beyond("region", "CREATED_AT", "DESC"), map[string]any{"firm": beyond("region", "NAME", "DESC")}, map[string]any{"field": "ID", "direction": "DESC"},
}

func beyond(ref, field, direction string) map[string]any {
	return map[string]any{ref: map[string]any{"field": field, "direction": direction}}
}

// TestListsThroughRefsAgree compares lists that are filtered and sorted through refs, page by page, with the same in plain Go.
func TestListsThroughRefsAgree(t *testing.T) {
	m := newMarket(t, 60)
	e := m.engine(0)
	deal := m.model.Entity("Deal")
	rapid.Check(t, func(t *rapid.T) {
		where, by := drawDeals(t, 3), rapid.SliceOfNDistinct(rapid.SampledFrom(sortKeys), 0, 3, func(v any) string {
			o, err := e.Orders(deal, []any{v})
			if err != nil {
				t.Fatal(err)
			}
			return o[0].Field
		}).Draw(t, "orders")
		f, err := e.Filter(deal, where)
		if err != nil {
			t.Skip(err) // more refs than one filter may go through
		}
		orders, err := e.Orders(deal, anySlice(by))
		if err != nil {
			t.Fatal(err)
		}
		want := m.expect(f, orders)
		last := rapid.Bool().Draw(t, "last")
		got, total := m.pages(t, e, query.ListArgs{Filter: f, Orders: orders}, rapid.IntRange(1, 25).Draw(t, "size"), last)
		if !slices.Equal(got, want) || int(total) != len(want) {
			t.Fatalf("where %v, by %v, last %v:\n%v, %d\nwant\n%v", where, by, last, got, total, want)
		}
	})
}

func anySlice(of []any) any { return of }

// pages reads a list to its end, forwards or backwards.
func (m *market) pages(t *rapid.T, e *query.Engine, args query.ListArgs, size int, last bool) (ids []string, total int64) {
	sel := query.Connection{TotalCount: true, Node: &query.Selection{Fields: []string{"size"}}}
	for range 200 {
		if args.First = &size; last {
			args.First, args.Last = nil, &size
		}
		page, err := e.List(m.Context(), m.model.Entity("Deal"), args, sel)
		if err != nil {
			t.Fatal(err)
		}
		total = page.TotalCount
		var some []string
		for _, n := range page.Nodes {
			some = append(some, n.ID)
			if n.Fields["size"] != m.docs["Deal"][n.ID].Fields["size"] {
				t.Fatalf("%s has the size %v", n.ID, n.Fields["size"])
			}
		}
		switch {
		case last:
			ids = append(some, ids...)
		default:
			ids = append(ids, some...)
		}
		if last && !page.HasPrevious || !last && !page.HasNext {
			return ids, total
		}
		if args.After = page.Cursors[len(page.Cursors)-1]; last {
			args.After, args.Before = "", page.Cursors[0]
		}
	}
	t.Fatal("no end")
	return nil, 0
}

// TestListsOfEntitiesThroughRefsAgree: the same for lists inside entities.
func TestListsOfEntitiesThroughRefsAgree(t *testing.T) {
	m := newMarket(t, 60)
	e := m.engine(0)
	deal, region := m.model.Entity("Deal"), m.model.Entity("Region")
	rapid.Check(t, func(t *rapid.T) {
		f, err := e.Filter(deal, drawDeals(t, 2))
		if err != nil {
			t.Skip(err)
		}
		orders, err := e.Orders(deal, []any{rapid.SampledFrom(sortKeys).Draw(t, "order")})
		if err != nil {
			t.Fatal(err)
		}
		size, last := rapid.IntRange(1, 30).Draw(t, "size"), rapid.Bool().Draw(t, "last")
		ls := &query.ListSelection{Inverse: region.Inverses[1], Args: query.ListArgs{Filter: f, Orders: orders, First: &size}}
		if last {
			ls.Args.First, ls.Args.Last = nil, &size
		}
		ls.Connection = query.Connection{TotalCount: true, Node: &query.Selection{Fields: []string{"size"}}}
		page, err := e.List(m.Context(), region, query.ListArgs{}, query.Connection{Node: &query.Selection{Lists: []*query.ListSelection{ls}}})
		if err != nil || len(page.Nodes) != 3 {
			t.Fatal(len(page.Nodes), err)
		}
		for _, n := range page.Nodes {
			want := slices.DeleteFunc(m.expect(f, orders), func(id string) bool { return m.docs["Deal"][id].Fields["region"] != n.ID })
			list := n.List(ls)
			more := len(want) > size
			if int(list.TotalCount) != len(want) || list.HasNext != (more && !last) || list.HasPrevious != (more && last) {
				t.Fatalf("%s has %d deals, next %v, previous %v, want %d", n.ID, list.TotalCount, list.HasNext, list.HasPrevious, len(want))
			}
			switch {
			case more && last:
				want = want[len(want)-size:]
			case more:
				want = want[:size]
			}
			if got := idsOf(list.Nodes); !slices.Equal(got, want) {
				t.Fatalf("%#v by %v: %s has %v, want %v", f, orders, n.ID, got, want)
			}
		}
	})
}

func idsOf(nodes []*query.Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.ID
	}
	return out
}
