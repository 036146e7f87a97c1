package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// noting notes each read of a store: what kind, of which entity, and which fields.
type noting struct {
	documents.Store
	mu    sync.Mutex
	reads []string
}

func (n *noting) note(kind, entity string, fields []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	read := kind + " " + entity
	if fields == nil {
		read += " whole"
	}
	n.reads = append(n.reads, strings.Join(append([]string{read}, slices.Sorted(slices.Values(fields))...), " "))
}

// taken returns what was noted since it was called last, sorted: the reads of one level come in any order.
func (n *noting) taken() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.reads
	n.reads = nil
	slices.Sort(out)
	return out
}

func (n *noting) Load(ctx context.Context, entity string, ids, fields []string) (map[string]documents.Document, error) {
	n.note("load", entity, fields)
	return n.Store.Load(ctx, entity, ids, fields)
}

func (n *noting) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	n.note("list", q.Entity, q.Fields)
	return n.Store.List(ctx, q)
}

func (n *noting) ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	n.note("list by "+by, q.Entity, q.Fields)
	return n.Store.ListBy(ctx, q, by, keys)
}

func (n *noting) Count(ctx context.Context, q documents.CountQuery) (int64, error) {
	n.note("count", q.Entity, []string{})
	return n.Store.Count(ctx, q)
}

func (n *noting) CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	n.note("count by "+by, q.Entity, []string{})
	return n.Store.CountBy(ctx, q, by, keys)
}

// TestWhatAQueryReads: a query reads as often as it has levels, whatever the number of rows, and of each entity the fields that were selected and what leads on, nothing else.
func TestWhatAQueryReads(t *testing.T) {
	n := &noting{Store: stocked(t, 40)}
	s := serve(t, n)
	for query, want := range map[string][]string{
		`{ orders(first: %d) { edges { node { customer { name orders(first: 2) { edges { node { lines { product { category } } } } } } } } } }`: {
			"list Order customer", "list by customer Order lines", "load Customer name", "load Product category"},
		`{ orders(first: %d) { totalCount edges { node { id version } } } }`:                 {"count Order", "list Order"},
		`{ orders(first: %d) { totalCount totalCountIsExact } }`:                             {"count Order"},
		`{ orders(first: %d, orderBy: [{field: TOTAL}]) { edges { cursor } } }`:              {"list Order total"},
		`{ orders(first: %d) { edges { node { customerId lines { productId seller } } } } }`: {"list Order customer lines"},
		`{ orders(first: %d) { edges { node { a: customer { name } b: customer { city } ...F } } } } fragment F on Order { customer { orders { totalCount } } }`: {
			"count by customer Order", "list Order customer", "load Customer", "load Customer city", "load Customer name"},
		`{ customers(first: %d) { edges { node { orders(where: {note: {isNull: true}}, orderBy: [{field: PLACED_AT}]) { edges { node { total } } } } } } }`: {
			"list Customer", "list by customer Order placedAt total"},
		`{ orders(first: %d, where: {customer: {region: {eq: "y"}}}) { edges { node { total } } } }`: {"list Customer", "list Order total"},
		`{ orders(first: %d, orderBy: [{customer: {field: REGION}}]) { edges { node { total } } } }`: {"list Order customer", "list Order total", "load Customer region"},
		`{ customers(first: %d) { edges { node { orders(orderBy: [{customer: {field: REGION}}], where: {lines: {some: {product: {category: {eq: "toys"}}}}}) { edges { node { total } } } } } } }`: {
			"list Customer", "list Order customer", "list Order customer total", "list Product", "load Customer region"},
	} {
		for _, rows := range []int{2, 30} {
			s.do(fmt.Sprintf(query, rows)).want("errors", "<nil>")
			if got := n.taken(); !slices.Equal(got, want) {
				t.Errorf("%s\nof %d rows read %q, want %q", query, rows, got, want)
			}
		}
	}
	s.do(`{ customer(id: "c001") { name orders { edges { node { customer { city } } } } } }`).want("data.customer.orders.edges.1.node.customer.city", "x")
	if got, want := n.taken(), []string{"list by customer Order customer", "load Customer city", "load Customer name"}; !slices.Equal(got, want) {
		t.Errorf("one entity read %q, want %q", got, want)
	}
}

// stocked is a store with so many customers, each with two orders of one product of its own.
func stocked(t *testing.T, customers int) documents.Store {
	t.Helper()
	m, err := schema.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"), m, sqlite.Options{})
	if err == nil {
		t.Cleanup(func() { store.Close() })
		err = store.Setup(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	write := func(entity, id string, set schema.Record) {
		if err := store.Write(t.Context(), entity, []documents.Write{{ID: id, Version: 1, CreatedAt: now, UpdatedAt: now, Set: set}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range customers {
		c, p := fmt.Sprintf("c%03d", i), fmt.Sprintf("p%03d", i)
		write("Customer", c, schema.Record{"status": "ACTIVE", "name": c, "email": c, "city": "x", "region": "y"})
		write("Product", p, schema.Record{"category": "toys"})
		for j := range 2 {
			line := schema.Record{"line": "1", "product": p, "seller": "s", "price": scalar.NewDecimal(1), "freight": scalar.NewDecimal(0), "quantity": 1}
			write("Order", fmt.Sprintf("o%03d-%d", i, j), schema.Record{"status": "CREATED", "customer": c, "lines": []any{line}, "total": scalar.NewDecimal(int64(i))})
		}
	}
	return store
}
