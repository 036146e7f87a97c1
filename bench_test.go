package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/internal/bench/handwritten"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/internal/versus"
)

// BenchmarkRead compares reads of the store with a server of the same orders that is written by hand on gqlgen and the bare drivers. Both run in this
// process, and so do the clients.
func BenchmarkRead(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		s := start(b, "--data", b.TempDir())
		orders := s.fill(b, 1000)
		db, err := handwritten.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "hand.db"), orders)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		s.compare(b, handwritten.New(db, nil), reads)
	})
	b.Run("redis and mongo", func(b *testing.B) {
		args := servers(b) // --redis-url, URL, --mongodb-uri, URI
		s := start(b, args...)
		n := 1000
		if os.Getenv("MONGODB_URI") == "" {
			n = 200 // FerretDB scans
		}
		s.fill(b, n)
		s.compare(b, handwritten.New(handwritten.Mongo{Orders: collection(b, args[3], "orders.g1")}, nil), reads)
	})
}

// BenchmarkMutation compares mutations with those of a server written by hand that do one XADD or one INSERT, and decide nothing. The process has
// the command role alone where it can, on Redis; on SQLite it consolidates too.
func BenchmarkMutation(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		s := start(b, "--data", b.TempDir())
		s.customers(b, benchIDs)
		db, err := handwritten.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "hand.db"), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		s.compare(b, handwritten.New(nil, db.Append), mutations)
	})
	b.Run("redis", func(b *testing.B) {
		url := testredis.Start(b).URL
		s := start(b, "--redis-url", url, "--roles", "command", "--data", b.TempDir())
		s.customers(b, benchIDs)
		redis := testredis.Client(b, url)
		b.Cleanup(func() { redis.Close() })
		s.compare(b, handwritten.New(nil, handwritten.XAdd(redis)), mutations)
	})
}

func collection(b *testing.B, uri, name string) *mongo.Collection {
	b.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		b.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Disconnect(context.Background()) }) //nolint:errcheck // the benchmark is over
	return client.Database(strings.TrimPrefix(u.Path, "/")).Collection(name)
}

const benchLines = `[{product: "p1", seller: "s1", price: "21.33", freight: "15.10", quantity: 3}, {product: "p1", seller: "s2", price: "5", freight: "1.10", quantity: 1}]`

// customers makes what orders refer to, and n orders.
func (s *store) customers(b *testing.B, n int) {
	b.Helper()
	s.do(`mutation { registerCustomer(id: "c1", name: "Ana", email: "ana@example.org", city: "Recife", region: "PE") { errors { code } } createProduct(id: "p1", category: "toys") { errors { code } } }`).
		want("data.registerCustomer.errors", "[]", "data.createProduct.errors", "[]")
	const piece = 50
	for from := 0; from < n; from += piece {
		var m strings.Builder
		for i := from; i < min(from+piece, n); i++ {
			fmt.Fprintf(&m, `m%d: createOrder(id: "%s", customer: "c1", lines: %s, note: "gift") { receipt { version } errors { code } } `, i, benchOrder(i), benchLines)
		}
		if a := s.do("mutation { " + m.String() + "}"); strings.Contains(a.raw, "code") {
			b.Fatal(a.raw)
		}
	}
}

// fill makes n orders in the store, waits until they are consolidated, and returns them as the other server has to know them.
func (s *store) fill(b *testing.B, n int) []*handwritten.Order {
	b.Helper()
	s.customers(b, n)
	last := s.do(`mutation { noteOrder(id: "o00000", note: "gift") { receipt { position } } }`).at("data.noteOrder.receipt.position")
	for { // the position is of one partition only
		a := s.do(fmt.Sprintf(`{ orders(atLeast: %q) { totalCount } }`, last))
		if a.at("data.orders.totalCount") == fmt.Sprint(n) {
			break
		}
	}
	var out []*handwritten.Order
	for i := range n {
		o := &handwritten.Order{ID: benchOrder(i), Status: "CREATED", CustomerID: "c1", Version: 1, CreatedAt: "2026-11-24T12:00:00.000000000Z"}
		if err := json.Unmarshal([]byte(`{"total": "85.19", "note": "gift", "customerName": "Ana", "lines": [{"seller": "s1", "price": "21.33", "freight": "15.1", "quantity": 3}, {"seller": "s2", "price": "5", "freight": "1.1", "quantity": 1}]}`), o); err != nil {
			b.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// benchIDs is how many orders are read and noted on.
const benchIDs = 200

func benchOrder(i int) string { return fmt.Sprintf("o%05d", i) }

// operation is sent to both servers. Variables are those of call i; run is another text in each run.
type operation struct {
	name, query string
	calls       int
	vars        func(i int, run string) map[string]any
}

const benchFields = "id status total note customerId customerName version createdAt lines { seller price freight quantity }"

var reads = []operation{
	{"order", `query($id: ID!) { order(id: $id) { ` + benchFields + ` } }`, 400,
		func(i int, _ string) map[string]any { return map[string]any{"id": benchOrder(i % benchIDs)} }},
	{"orders", `query { orders(first: 20) { edges { cursor node { ` + benchFields + ` } } pageInfo { hasNextPage endCursor } } }`, 100,
		func(int, string) map[string]any { return nil }},
}

var mutations = []operation{
	{"noteOrder", `mutation($id: ID!, $note: String) { noteOrder(id: $id, note: $note) { order { id note version } receipt { position } } }`, 400,
		func(i int, run string) map[string]any {
			return map[string]any{"id": benchOrder(i % benchIDs), "note": fmt.Sprint(run, i)}
		}},
	{"createOrder", `mutation($id: ID!) { createOrder(id: $id, customer: "c1", lines: ` + benchLines + `) { order { id status total } receipt { position } } }`, 400,
		func(i int, run string) map[string]any { return map[string]any{"id": fmt.Sprint("z", run, i)} }},
}

// compare runs operations on both servers, from 16 clients at once.
func (s *store) compare(b *testing.B, hand http.Handler, operations []operation) {
	other := httptest.NewServer(hand)
	b.Cleanup(other.Close)
	for _, op := range operations {
		b.Run(op.name, func(b *testing.B) {
			run := fmt.Sprint(b.N, "-")
			send := func(way, url string) func(i int) error {
				return func(i int) error { return call(b.Context(), url, op.query, op.vars(i, way+run)) }
			}
			versus.Run(b, versus.Rounds{Callers: 16, Calls: op.calls},
				versus.Way{Name: "ours", Do: send("ours", "http://"+s.addr+"/graphql")},
				versus.Way{Name: "hand", Do: send("hand", other.URL)})
		})
	}
}

var benchClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// call posts an operation and fails on an answer that isn't one of success.
func call(ctx context.Context, url, query string, vars map[string]any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := benchClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(`"id":"`)) || bytes.Contains(text, []byte(`"errors"`)) {
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return nil
}
