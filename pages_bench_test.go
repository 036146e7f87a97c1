package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	mongodocs "github.com/daybook-cqrs/daybook/documents/mongo"
	sqlitedocs "github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/internal/versus"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

const (
	pageRows   = 20
	pageFields = "id status total customerId customerName placedAt version"
	farPage    = 1000
	pageCalls  = 1000
	pageKeys   = 8 // different calls of each kind
)

// key is where a page begins: behind a total and an id; "" for the first.
type key struct{ total, id string }

// pageCall is one call of the comparison: orders of more than a total, by total, behind a key.
type pageCall struct {
	above scalar.Decimal
	after key
	token string // the key as a cursor
}

// BenchmarkPages compares a page of orders (a filter and an order by an indexed field, 20 rows) with the same query by the bare driver on the same data: the first page, and the
// thousandth by its cursor; through query.Engine and as GraphQL through HTTP. Each driver's query reads the same rows and decodes them into a struct.
func BenchmarkPages(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		dir := b.TempDir()
		p := newPages(b, func(m *schema.Model) (documents.Store, error) {
			return sqlitedocs.Open(b.Context(), filepath.Join(dir, "documents.db"), m, sqlitedocs.Options{})
		}, 100_000, farPage)
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "documents.db")+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		p.compare(b, pageCalls, sqlitePages(b, db), "--data", dir)
	})
	b.Run("mongo", func(b *testing.B) {
		args := servers(b)
		n, far, calls := 100_000, farPage, pageCalls
		if os.Getenv("MONGODB_URI") == "" {
			n, far, calls = 300, 5, 30 // FerretDB scans
		}
		p := newPages(b, func(m *schema.Model) (documents.Store, error) {
			return mongodocs.Open(b.Context(), args[3], m, mongodocs.Options{})
		}, n, far)
		p.compare(b, calls, mongoPages(collection(b, args[3], "orders.g1"), p.mongoDecimals), args...)
	})
}

// pages is a store of orders, and the calls to make.
type pages struct {
	engine        *query.Engine
	order         *schema.Entity
	near, far     []pageCall
	mongoDecimals func(scalar.Decimal) any
}

func newPages(b *testing.B, open func(*schema.Model) (documents.Store, error), n, far int) *pages {
	b.Helper()
	m, err := schema.Load(model)
	if err != nil {
		b.Fatal(err)
	}
	s, err := open(m)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if err := s.Setup(b.Context()); err != nil {
		b.Fatal(err)
	}
	for from := 0; from < n; from += 5000 {
		var ws []documents.Write
		for i := from; i < min(from+5000, n); i++ {
			ws = append(ws, pageOrder(i))
		}
		if err := s.Write(b.Context(), "Order", ws); err != nil {
			b.Fatal(err)
		}
	}
	p := &pages{engine: query.New(query.Config{Model: m, Store: s, Logger: slog.New(slog.DiscardHandler)}), order: m.Entity("Order")}
	p.mongoDecimals = func(d scalar.Decimal) any { return d.Sortable() }
	if ms, ok := s.(*mongodocs.Store); ok && ms.Features().Decimal128 {
		p.mongoDecimals = func(d scalar.Decimal) any {
			v, err := bson.ParseDecimal128(d.String())
			if err != nil {
				b.Error(err)
			}
			return v
		}
	}
	for i := range pageKeys {
		p.near = append(p.near, pageCall{above: cents(5000 + i*100)})
	}
	p.far = p.walk(b, far)
	return p
}

// pageOrder is an order as the olist sample has them: totals differ, many placed in the same month.
func pageOrder(i int) documents.Write {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
	line := func(seller string) schema.Record {
		return schema.Record{"line": seller, "product": fmt.Sprint("p", i%500), "seller": seller, "price": cents(i % 9000), "freight": cents(1510), "quantity": 1}
	}
	customer := fmt.Sprint("c", i%1000)
	return documents.Write{ID: fmt.Sprintf("o%06d", i), Version: 1, CreatedAt: at, UpdatedAt: at,
		Set: schema.Record{"status": []string{"CREATED", "APPROVED", "SHIPPED", "DELIVERED"}[i%4], "customer": customer, "total": cents(i * 7919 % 1_000_003), "note": "gift",
			"placedAt": scalar.NewDateTime(at), "lines": []any{line("s1"), line("s2")}},
		Copies: []documents.Copies{{Ref: "customer", Source: documents.Source{ID: customer, Version: 1}, Values: schema.Record{"customerName": "Ana Maria"}, Names: []string{"customerName"}}}}
}

func cents(n int) scalar.Decimal {
	d, err := scalar.ParseDecimal(fmt.Sprintf("%d.%02d", n/100, n%100))
	if err != nil {
		panic(err) // these are decimals
	}
	return d
}

func (p *pages) args(c pageCall, first int) query.ListArgs {
	return query.ListArgs{Filter: documents.Compare{Field: "total", Op: documents.Gt, Value: c.above}, Orders: []documents.Order{{Field: "total"}}, First: &first, After: c.token}
}

// walk goes to a page by cursors, and returns it and those behind it.
func (p *pages) walk(b *testing.B, far int) []pageCall {
	b.Helper()
	c := pageCall{above: cents(5000)}
	next := func(rows int) {
		page, err := p.engine.List(b.Context(), p.order, p.args(c, rows), query.Connection{Node: &query.Selection{Fields: []string{"total"}}})
		if err != nil || len(page.Nodes) != rows {
			b.Fatalf("a page of %d: %v", rows, err)
		}
		d := page.Nodes[rows-1].Document
		c.token = page.Cursors[rows-1]
		c.after = key{d.Fields["total"].(scalar.Decimal).String(), d.ID}
	}
	for left := (far - 1) * pageRows; left > 0; left -= query.MaxPage {
		next(min(left, query.MaxPage))
	}
	var out []pageCall
	for range pageKeys {
		out = append(out, c)
		next(pageRows)
	}
	return out
}

// compare measures the engine with a store of its own beside the server that answers HTTP.
func (p *pages) compare(b *testing.B, each int, bare func(context.Context, pageCall) (int, error), args ...string) {
	s := start(b, args...)
	const text = `query($above: Decimal, $after: String) { orders(where: {total: {gt: $above}}, orderBy: [{field: TOTAL}], first: 20, after: $after) { edges { node { ` + pageFields + ` } } pageInfo { hasNextPage endCursor } } }`
	selected := query.Connection{Node: &query.Selection{Fields: []string{"status", "total", "customer", "customerName", "placedAt"}}}
	for name, calls := range map[string][]pageCall{"first": p.near, "far": p.far} {
		at := func(i int) pageCall { return calls[i%len(calls)] }
		driver := versus.Way{Name: "driver", Do: func(i int) error {
			n, err := bare(b.Context(), at(i))
			if err == nil && n != pageRows+1 {
				err = fmt.Errorf("%d rows", n)
			}
			return err
		}}
		for way, do := range map[string]func(i int) error{
			"engine": func(i int) error {
				page, err := p.engine.List(b.Context(), p.order, p.args(at(i), pageRows), selected)
				if err == nil && len(page.Nodes) != pageRows {
					err = fmt.Errorf("%d rows", len(page.Nodes))
				}
				return err
			},
			"http": func(i int) error {
				return call(b.Context(), "http://"+s.addr+"/graphql", text, map[string]any{"above": at(i).above.String(), "after": at(i).token})
			},
		} {
			b.Run(name+"/"+way, func(b *testing.B) { versus.Latency(b, each, versus.Way{Name: "ours", Do: do}, driver) })
		}
	}
}

// bareOrder is what the drivers' queries decode rows into.
type bareOrder struct {
	ID           string `bson:"_id"`
	Version      int64  `bson:"_version"`
	Created      string `bson:"_createdAt"`
	Status       string `json:"status" bson:"status"`
	Total        any    `json:"total" bson:"total"`
	Customer     string `json:"customer" bson:"customer"`
	CustomerName string `json:"customerName" bson:"customerName"`
	PlacedAt     string `json:"placedAt" bson:"placedAt"`
}

// sqlitePages is the query by database/sql, as fast as one can write it on the table: it asks for one row more, to know whether there are more, and behind a key for what is above the key only.
func sqlitePages(b *testing.B, db *sql.DB) func(context.Context, pageCall) (int, error) {
	b.Helper()
	const total = "json_extract(body,'$.total')"
	prepare := func(where string) *sql.Stmt {
		st, err := db.PrepareContext(b.Context(), "SELECT _id, _version, _created, body FROM orders_g1 WHERE _deleted=0 AND "+where+" ORDER BY "+total+", _id LIMIT 21")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { st.Close() })
		return st
	}
	first, behind := prepare(total+" > ?1"), prepare(total+" >= ?1 AND ("+total+" > ?1 OR _id > ?2)")
	return func(ctx context.Context, c pageCall) (int, error) {
		st, args := first, []any{c.above.Sortable()}
		if c.token != "" {
			after, err := scalar.ParseDecimal(c.after.total)
			if err != nil {
				return 0, err
			}
			st, args = behind, []any{after.Sortable(), c.after.id}
		}
		rows, err := st.QueryContext(ctx, args...)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		var out []bareOrder
		for rows.Next() {
			var o bareOrder
			var body []byte
			if err := rows.Scan(&o.ID, &o.Version, &o.Created, &body); err != nil {
				return 0, err
			}
			if err := json.Unmarshal(body, &o); err != nil {
				return 0, err
			}
			out = append(out, o)
		}
		return len(out), rows.Err()
	}
}

// mongoPages is the query by the driver, as one would write it on the collection.
func mongoPages(orders *mongo.Collection, decimal func(scalar.Decimal) any) func(context.Context, pageCall) (int, error) {
	o := options.Find().SetSort(bson.D{{Key: "total", Value: 1}, {Key: "_id", Value: 1}}).SetLimit(pageRows + 1).
		SetProjection(bson.D{{Key: "status", Value: 1}, {Key: "total", Value: 1}, {Key: "customer", Value: 1}, {Key: "customerName", Value: 1}, {Key: "placedAt", Value: 1}, {Key: "_version", Value: 1}, {Key: "_createdAt", Value: 1}})
	return func(ctx context.Context, c pageCall) (int, error) {
		filter := bson.D{{Key: "_deleted", Value: bson.D{{Key: "$exists", Value: false}}}, {Key: "total", Value: bson.D{{Key: "$gt", Value: decimal(c.above)}}}}
		if c.token != "" {
			total, err := scalar.ParseDecimal(c.after.total)
			if err != nil {
				return 0, err
			}
			filter = append(filter, bson.E{Key: "$or", Value: bson.A{
				bson.D{{Key: "total", Value: bson.D{{Key: "$gt", Value: decimal(total)}}}},
				bson.D{{Key: "total", Value: decimal(total)}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: c.after.id}}}}}})
		}
		cursor, err := orders.Find(ctx, filter, o)
		if err != nil {
			return 0, err
		}
		var out []bareOrder
		err = cursor.All(ctx, &out)
		return len(out), err
	}
}
