package query_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counting counts the reads of a store.
type counting struct {
	documents.Store
	reads, lists atomic.Int64 // lists: those that have returned
	docs         atomic.Int64 // that List has given
}

func (c *counting) Load(ctx context.Context, e string, ids, fields []string) (map[string]documents.Document, error) {
	c.reads.Add(1)
	return c.Store.Load(ctx, e, ids, fields)
}
func (c *counting) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	c.reads.Add(1)
	defer c.lists.Add(1)
	docs, err := c.Store.List(ctx, q)
	c.docs.Add(int64(len(docs)))
	return docs, err
}
func (c *counting) ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	c.reads.Add(1)
	return c.Store.ListBy(ctx, q, by, keys)
}
func (c *counting) Count(ctx context.Context, q documents.CountQuery) (int64, error) {
	c.reads.Add(1)
	return c.Store.Count(ctx, q)
}
func (c *counting) CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	c.reads.Add(1)
	return c.Store.CountBy(ctx, q, by, keys)
}
func (c *counting) LoadAsOf(ctx context.Context, e string, ids, fields []string, at time.Time) (map[string]documents.Document, error) {
	c.reads.Add(1)
	return c.Store.LoadAsOf(ctx, e, ids, fields, at)
}
func (c *counting) History(ctx context.Context, q documents.HistoryQuery) (map[string][]documents.Version, error) {
	c.reads.Add(1)
	return c.Store.History(ctx, q)
}

// shop has the sample store's documents: so many customers with two orders each of two lines.
func shop(t *testing.T, customers int) (*query.Engine, *counting, *schema.Model) {
	t.Helper()
	m, err := schema.Load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"), m, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if err := errors.Join(store.Setup(t.Context()), store.Index(t.Context())); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	write := func(entity, id string, set schema.Record) {
		w := documents.Write{ID: id, Version: 1, CreatedAt: now, UpdatedAt: now, Set: set}
		if err := store.Write(t.Context(), entity, []documents.Write{w}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range customers {
		c := fmt.Sprintf("c%03d", i)
		write("Customer", c, schema.Record{"status": "ACTIVE", "name": c, "email": c, "city": "x", "region": "y"})
		write("Product", fmt.Sprint("p", i), schema.Record{"category": "toys"})
		for j := range 2 {
			line := schema.Record{"product": fmt.Sprint("p", i), "seller": "s", "price": scalar.NewDecimal(1), "freight": scalar.NewDecimal(0), "quantity": 1}
			write("Order", fmt.Sprintf("o%03d-%d", i, j), schema.Record{"status": "CREATED", "customer": c, "lines": []any{line, line}, "total": scalar.NewDecimal(int64(i % 7))})
		}
	}
	counted := &counting{Store: store}
	return query.New(query.Config{Model: m, Store: counted, Feed: feed.NewMemory(1, 10)}), counted, m
}

// TestReadsDoNotGrowWithRows reads orders → customer → orders → lines → product, of few and of many.
func TestReadsDoNotGrowWithRows(t *testing.T) {
	for _, rows := range []int{3, 60} {
		e, store, m := shop(t, 40)
		order := m.Entity("Order")
		product := &query.RefSelection{Field: m.Object("OrderLine").Field("product"), Node: &query.Selection{Fields: []string{"category"}}}
		inner := &query.ListSelection{Inverse: m.Entity("Customer").Inverses[0], Connection: query.Connection{TotalCount: true, Node: &query.Selection{
			Fields: []string{"total"}, Objects: []*query.ObjectSelection{{Field: order.Field("lines"), Value: &query.Selection{Refs: []*query.RefSelection{product}}}},
		}}}
		customer := &query.RefSelection{Field: order.Field("customer"), Node: &query.Selection{Fields: []string{"name"}, Lists: []*query.ListSelection{inner}}}
		page, err := e.List(t.Context(), order, query.ListArgs{First: &rows}, query.Connection{TotalCount: true, Node: &query.Selection{Refs: []*query.RefSelection{customer}}})
		if err != nil || len(page.Nodes) != rows || page.TotalCount != 80 {
			t.Fatal(len(page.Nodes), page.TotalCount, err)
		}
		for _, n := range page.Nodes {
			c := n.Ref(customer, n.Fields["customer"].(string))
			orders := c.List(inner)
			if orders.TotalCount != 2 || len(orders.Nodes) != 2 {
				t.Fatalf("%s has %d orders", c.ID, len(orders.Nodes))
			}
			line := orders.Nodes[0].Fields["lines"].([]any)[1].(schema.Record)
			if p := orders.Nodes[0].Ref(product, line["product"].(string)); p == nil || p.Fields["category"] != "toys" {
				t.Fatalf("the product of %v is %v", line, p)
			}
			if _, there := c.Fields["email"]; there {
				t.Fatal("a field was read that nobody selected")
			}
		}
		// count and list of the orders, their customers, count and list of those's orders, their products
		if got := store.reads.Load(); got != 6 {
			t.Errorf("%d rows cost %d reads, not 6", rows, got)
		}
	}
}

func TestPagesMeetWithoutOverlap(t *testing.T) {
	e, _, m := shop(t, 40)
	order := m.Entity("Order")
	sel := query.Connection{Node: &query.Selection{Fields: []string{"total"}}}
	orders := []documents.Order{{Field: "total", Desc: true}}
	for _, forward := range []bool{true, false} {
		size, seen := 7, map[string]bool{}
		args := query.ListArgs{Orders: orders, First: &size}
		if !forward {
			args = query.ListArgs{Orders: orders, Last: &size}
		}
		for range 100 {
			page, err := e.List(t.Context(), order, args, sel)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range page.Nodes {
				if seen[n.ID] {
					t.Fatalf("%s came twice", n.ID)
				}
				seen[n.ID] = true
			}
			if forward && !page.HasNext || !forward && !page.HasPrevious {
				break
			}
			if forward {
				args.After = page.Cursors[len(page.Cursors)-1]
			} else {
				args.Before = page.Cursors[0]
			}
		}
		if len(seen) != 80 {
			t.Errorf("forward %v: %d of 80 rows", forward, len(seen))
		}
	}
}

func TestArgumentsThatMakeNoSense(t *testing.T) {
	e, _, m := shop(t, 2)
	order := m.Entity("Order")
	one, many, negative := 1, 100_000, -1
	sel := query.Connection{Node: &query.Selection{}}
	page, err := e.List(t.Context(), order, query.ListArgs{First: &one}, sel)
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string]query.ListArgs{
		"first and last":       {First: &one, Last: &one},
		"too many":             {First: &many},
		"negative":             {Last: &negative},
		"garbage":              {After: "garbage"},
		"cursor of another":    {After: page.Cursors[0], Orders: []documents.Order{{Field: "total"}}},
		"cursor tampered with": {Before: page.Cursors[0] + "AA"},
	} {
		if _, err := e.List(t.Context(), order, args, sel); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, where := range map[string]map[string]any{
		"unknown field":     {"colour": map[string]any{"eq": "red"}},
		"a list":            {"lines": map[string]any{"eq": "x"}},
		"unknown condition": {"note": map[string]any{"like": "x"}},
		"wrong type":        {"total": map[string]any{"gt": "much"}},
		"null in gt":        {"total": map[string]any{"gt": nil}},
		"too deep":          deep(40),
	} {
		if _, err := e.Filter(order, where); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func deep(n int) map[string]any {
	where := map[string]any{"note": map[string]any{"eq": "x"}}
	for range n {
		where = map[string]any{"not": where}
	}
	return where
}
