package query_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
)

// TestBoundsOfFilters tries each bound, and one more.
func TestBoundsOfFilters(t *testing.T) {
	b := newBench(t)
	e := query.New(query.Config{Model: b.model, Store: b.store})
	values := func(n int) any {
		out := make([]any, n)
		for i := range out {
			out[i] = i
		}
		return map[string]any{"size": map[string]any{"in": out}}
	}
	notIn := func(n int) any {
		return map[string]any{"size": map[string]any{"notIn": values(n).(map[string]any)["size"].(map[string]any)["in"]}}
	}
	ors := func(n int) any { // each counts for itself and for its condition
		out := make([]any, n)
		for i := range out {
			out[i] = map[string]any{"size": map[string]any{"eq": i}}
		}
		return map[string]any{"or": out}
	}
	empty := func(n int) any {
		out := make([]any, n)
		for i := range out {
			out[i] = map[string]any{}
		}
		return map[string]any{"and": out}
	}
	nested := func(n int) any {
		where := map[string]any{"size": map[string]any{"eq": 1}}
		for range n {
			where = map[string]any{"and": []any{where}}
		}
		return where
	}
	not := func(n int) any {
		where := map[string]any{"size": map[string]any{"eq": 1}}
		for range n {
			where = map[string]any{"not": where}
		}
		return where
	}
	for name, c := range map[string]struct {
		make  func(int) any
		bound int
		says  string
	}{
		"values":               {values, query.MaxIn, "more than 1000 values"},
		"values not in":        {notIn, query.MaxIn, "more than 1000 values"},
		"conditions":           {ors, query.MaxConditions / 2, "more than 1000 conditions"},
		"branches without one": {empty, query.MaxConditions, "more than 1000 conditions"},
		"levels":               {nested, query.MaxFilterDepth, "deeper than 16 levels"},
		"levels of not":        {not, query.MaxFilterDepth, "deeper than 16 levels"},
	} {
		thing := b.model.Entity("Thing")
		if _, err := e.Filter(thing, c.make(c.bound).(map[string]any)); err != nil {
			t.Errorf("%d %s: %v", c.bound, name, err)
		}
		if _, err := e.Filter(thing, c.make(c.bound+1).(map[string]any)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d %s: %v", c.bound+1, name, err)
		}
	}
}

func TestOrders(t *testing.T) {
	e, _, m := shop(t, 20)
	order := m.Entity("Order")
	key := func(field, direction string) any { return map[string]any{"field": field, "direction": direction} }
	for name, by := range map[string]any{
		"twice":      []any{key("TOTAL", "ASC"), key("STATUS", "ASC"), key("TOTAL", "DESC")},
		"not there":  []any{key("COLOUR", "ASC")},
		"a list":     []any{key("LINES", "ASC")},
		"no objects": []any{"TOTAL"},
		"nine keys":  slices.Repeat([]any{key("TOTAL", "ASC")}, 9),
		"no list":    "TOTAL",
	} {
		if _, err := e.Orders(order, by); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if o, err := e.Orders(order, nil); err != nil || len(o) != 0 {
		t.Error(o, err)
	}
	read := func(by ...any) []string {
		t.Helper()
		orders, err := e.Orders(order, by)
		if err != nil {
			t.Fatal(err)
		}
		page, err := e.List(t.Context(), order, query.ListArgs{Orders: orders}, query.Connection{Node: &query.Selection{Fields: []string{"total"}}})
		if err != nil {
			t.Fatal(err)
		}
		out := make([]string, len(page.Nodes))
		for i, n := range page.Nodes {
			out[i] = fmt.Sprintf("%v %s", n.Value("total"), n.ID)
		}
		return out
	}
	rising := read(key("TOTAL", "ASC"))
	if !slices.IsSorted(rising) || len(rising) != 40 {
		t.Errorf("rising: %q", rising)
	}
	falling := read(key("TOTAL", "DESC"))
	if slices.Reverse(falling); !slices.Equal(rising, falling) {
		t.Errorf("falling: %q", falling)
	}
	if both := read(key("TOTAL", "DESC"), key("ID", "ASC")); both[0] >= both[1] || both[0][0] != '6' {
		t.Errorf("falling, then rising: %q", both)
	}
}

// TestWhatIsBesideAPage: a page knows whether there is more on the side that it was read to, and on the other if it began at a cursor.
func TestWhatIsBesideAPage(t *testing.T) {
	e, _, m := shop(t, 5)
	customer := m.Entity("Customer")
	read := func(a query.ListArgs) *query.Page {
		t.Helper()
		p, err := e.List(t.Context(), customer, a, query.Connection{Node: &query.Selection{}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	all := read(query.ListArgs{})
	n := func(n int) *int { return &n }
	c := all.Cursors
	for name, want := range map[string]struct {
		args           query.ListArgs
		ids            string
		previous, next bool
	}{
		"everything":                {query.ListArgs{}, "0 1 2 3 4", false, false},
		"exactly everything":        {query.ListArgs{First: n(5)}, "0 1 2 3 4", false, false},
		"the first":                 {query.ListArgs{First: n(2)}, "0 1", false, true},
		"further":                   {query.ListArgs{First: n(2), After: c[1]}, "2 3", true, true},
		"the end":                   {query.ListArgs{First: n(2), After: c[2]}, "3 4", true, false},
		"beyond the end":            {query.ListArgs{First: n(2), After: c[4]}, "", true, false},
		"the last":                  {query.ListArgs{Last: n(2)}, "3 4", true, false},
		"exactly everything, last":  {query.ListArgs{Last: n(5)}, "0 1 2 3 4", false, false},
		"back":                      {query.ListArgs{Last: n(2), Before: c[3]}, "1 2", true, true},
		"the beginning":             {query.ListArgs{Last: n(2), Before: c[2]}, "0 1", false, true},
		"before the beginning":      {query.ListArgs{Last: n(2), Before: c[0]}, "", false, true},
		"between two":               {query.ListArgs{First: n(1), After: c[0], Before: c[4]}, "1", true, true},
		"between two, from the end": {query.ListArgs{Last: n(1), After: c[0], Before: c[4]}, "3", true, true},
	} {
		p := read(want.args)
		var ids []string
		for _, n := range p.Nodes {
			ids = append(ids, strings.TrimPrefix(n.ID, "c00"))
		}
		if got := strings.Join(ids, " "); got != want.ids || p.HasPrevious != want.previous || p.HasNext != want.next || len(p.Cursors) != len(ids) {
			t.Errorf("%s: %s, previous %v, next %v", name, got, p.HasPrevious, p.HasNext)
		}
	}
	if p := read(query.ListArgs{Orders: []documents.Order{{Field: "name", Desc: true}}, First: n(1)}); p.Nodes[0].ID != "c004" || !p.HasNext {
		t.Errorf("%s", p.Nodes[0].ID)
	}
}
