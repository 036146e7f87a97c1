package consolidator_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	mongooptions "go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	mongodocs "github.com/daybook-cqrs/daybook/documents/mongo"
	sqlitedocs "github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/eventlog"
	redislog "github.com/daybook-cqrs/daybook/eventlog/redis"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/internal/versus"
	"github.com/daybook-cqrs/daybook/rules"
	"github.com/daybook-cqrs/daybook/schema"
)

// BenchmarkRebuild compares consolidating a log of the store from its beginning into an empty store with writing the same documents and versions by the
// bare driver. A call is one event.
func BenchmarkRebuild(b *testing.B) {
	model, err := schema.Load(os.DirFS("../schema"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sqlite", func(b *testing.B) {
		l, err := sqlitelog.Open(b.Context(), filepath.Join(b.TempDir(), "log.db"), sqlitelog.Options{Placement: model.Roots()})
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		compareRebuild(b, model, l, 1000, &sqliteTarget{dir: b.TempDir(), model: model})
	})
	b.Run("redis and mongo", func(b *testing.B) {
		l, err := redislog.Open(b.Context(), testredis.Start(b).URL, redislog.Options{Placement: model.Roots()})
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		orders := 1000
		if os.Getenv("MONGODB_URI") == "" {
			orders = 120 // FerretDB scans
		}
		compareRebuild(b, model, l, orders, &mongoTarget{b: b, uri: testmongo.URI(b), model: model})
	})
}

// target is where documents go.
type target interface {
	// fresh opens an empty store, set up.
	fresh(ctx context.Context, name string) (documents.Store, error)
	// capture reads all documents and versions of the store that fresh opened last.
	capture(ctx context.Context) error
	// raw writes what was captured into the store that fresh opened last.
	raw(ctx context.Context) error
}

func compareRebuild(b *testing.B, model *schema.Model, l eventlog.Log, orders int, to target) {
	b.Helper()
	ctx := context.Background()
	events := makeOrders(b, model, l, orders)
	var store documents.Store
	fresh := func(way string) func(int) error {
		return func(round int) (err error) {
			if store != nil {
				if err := store.Close(); err != nil {
					return err
				}
			}
			store, err = to.fresh(ctx, fmt.Sprint(way, b.N, "-", round))
			return err
		}
	}
	ours := func(int) error { return rebuild(ctx, model, l, store) }
	if err := fresh("first")(0); err != nil {
		b.Fatal(err)
	}
	if err := ours(0); err != nil {
		b.Fatal(err)
	}
	if err := to.capture(ctx); err != nil {
		b.Fatal(err)
	}
	versus.Run(b, versus.Rounds{},
		versus.Way{Name: "ours", Before: fresh("ours"), Do: ours},
		versus.Way{Name: "raw", Before: fresh("raw"), Do: func(int) error { return to.raw(ctx) }})
	b.ReportMetric(float64(events), "events")
	_ = store.Close()
}

// rebuild consolidates the whole log.
func rebuild(ctx context.Context, model *schema.Model, l eventlog.Log, s documents.Store) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tails := make([]eventlog.Tail, l.Partitions())
	for p := range tails {
		var err error
		if tails[p], err = l.Tail(ctx, p); err != nil {
			return err
		}
	}
	c := consolidator.New(model, l, s, feed.NewMemory(l.Partitions(), 10_000), consolidator.Options{})
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	behind := func() bool {
		return slices.ContainsFunc(c.Status(), func(p consolidator.PartitionStatus) bool { return p.Place.Before(tails[p.Partition].Place) })
	}
	for behind() && ctx.Err() == nil {
		time.Sleep(time.Millisecond) // a benchmark: what it waits for has no signal
	}
	err := ctx.Err()
	cancel()
	if runErr := <-ended; err == nil {
		err = runErr
	}
	return err
}

// makeOrders fills a log with customers, products, and orders that go through their states, and returns the number of events.
func makeOrders(b *testing.B, model *schema.Model, l eventlog.Log, orders int) int {
	b.Helper()
	e, err := command.New(command.Config{Model: model, Log: l, Rules: rules.Table()})
	if err != nil {
		b.Fatal(err)
	}
	events := 0
	do := func(name, id string, in map[string]any) {
		spec := model.Command(name)
		input := schema.Record{}
		for _, a := range spec.Args {
			if raw, ok := in[a.Name]; ok {
				if input[a.Name], err = model.Coerce(a.Type, raw, a.Name); err != nil {
					b.Fatal(err)
				}
			}
		}
		r, err := e.Execute(b.Context(), command.Command{Name: name, ID: id, Input: input})
		if err != nil || len(r.Rejections) > 0 {
			b.Fatal(name, id, err, r)
		}
		events++
	}
	for i := range orders / 10 {
		do("registerCustomer", fmt.Sprint("c", i), map[string]any{"name": "Ana", "email": fmt.Sprint(i, "@example.org"), "city": "Recife", "region": "PE"})
		do("createProduct", fmt.Sprint("p", i), map[string]any{"category": "toys", "weightGrams": 250})
	}
	for i := range orders {
		line := map[string]any{"product": fmt.Sprint("p", i%(orders/10)), "seller": "s1", "price": "21.33", "freight": "15.10", "quantity": 3}
		do("createOrder", fmt.Sprint("o", i), map[string]any{"customer": fmt.Sprint("c", i%(orders/10)), "lines": []any{line, line}, "note": "gift"})
	}
	for _, step := range []string{"approveOrder", "processOrder", "shipOrder", "deliverOrder"} {
		for i := range orders {
			in := map[string]any{}
			if step == "approveOrder" {
				in["payments"] = []any{map[string]any{"type": "credit_card", "installments": 2, "value": "79.09"}}
			}
			do(step, fmt.Sprint("o", i), in)
		}
	}
	return events
}

// sqliteTarget writes into SQLite files.
type sqliteTarget struct {
	dir, path string
	model     *schema.Model
	tables    []capturedTable
}

type capturedTable struct {
	name string
	cols int
	rows [][]any
}

func (s *sqliteTarget) fresh(ctx context.Context, name string) (documents.Store, error) {
	s.path = filepath.Join(s.dir, name+".db")
	store, err := sqlitedocs.Open(ctx, s.path, s.model, sqlitedocs.Options{})
	if err != nil {
		return nil, err
	}
	return store, errors.Join(store.Setup(ctx), store.Index(ctx))
}

func (s *sqliteTarget) open() (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+s.path+"?_pragma=busy_timeout(10000)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func (s *sqliteTarget) capture(ctx context.Context) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	for _, e := range s.model.Entities {
		for _, name := range []string{e.Plural + "_g1", e.Plural + "_versions"} {
			t, err := captureTable(ctx, db, name)
			if err != nil {
				return err
			}
			s.tables = append(s.tables, t)
		}
	}
	return nil
}

func captureTable(ctx context.Context, db *sql.DB, name string) (capturedTable, error) {
	t := capturedTable{name: name}
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+name)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return t, err
	}
	t.cols = len(cols)
	for rows.Next() {
		row, into := make([]any, t.cols), make([]any, t.cols)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return t, err
		}
		t.rows = append(t.rows, row)
	}
	return t, rows.Err()
}

func (s *sqliteTarget) raw(ctx context.Context) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	for _, t := range s.tables {
		for rows := range slices.Chunk(t.rows, 1000) {
			if err := insertRows(ctx, db, t, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

func insertRows(ctx context.Context, db *sql.DB, t capturedTable, rows [][]any) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	st, err := tx.PrepareContext(ctx, "INSERT INTO "+t.name+" VALUES (?"+strings.Repeat(", ?", t.cols-1)+")")
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // the transaction ends
	for _, row := range rows {
		if _, err := st.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// mongoTarget writes into databases of one server.
type mongoTarget struct {
	b           *testing.B
	uri, name   string
	model       *schema.Model
	client      *mongo.Client
	batch       int
	collections map[string][]bson.Raw
}

func (m *mongoTarget) fresh(ctx context.Context, _ string) (documents.Store, error) {
	m.name = testmongo.Database(m.b, m.uri)
	u, err := url.Parse(m.uri)
	if err != nil {
		return nil, err
	}
	store, err := mongodocs.Open(ctx, u.String(), m.model, mongodocs.Options{Database: m.name})
	if err != nil {
		return nil, err
	}
	m.batch = store.BatchLimit()
	return store, errors.Join(store.Setup(ctx), store.Index(ctx))
}

func (m *mongoTarget) capture(ctx context.Context) error {
	var err error
	if m.client, err = mongo.Connect(mongooptions.Client().ApplyURI(m.uri)); err != nil {
		return err
	}
	m.b.Cleanup(func() { m.client.Disconnect(context.Background()) }) //nolint:errcheck // the benchmark is over
	m.collections = map[string][]bson.Raw{}
	for _, e := range m.model.Entities {
		for _, name := range []string{e.Plural + ".g1", e.Plural + "_versions"} {
			cursor, err := m.client.Database(m.name).Collection(name).Find(ctx, bson.D{})
			if err != nil {
				return err
			}
			var docs []bson.Raw
			if err := cursor.All(ctx, &docs); err != nil {
				return err
			}
			m.collections[name] = docs
		}
	}
	return nil
}

func (m *mongoTarget) raw(ctx context.Context) error {
	for name, docs := range m.collections {
		in := m.client.Database(m.name).Collection(name)
		for batch := range slices.Chunk(docs, m.batch) {
			models := make([]mongo.WriteModel, len(batch))
			for i, d := range batch {
				models[i] = mongo.NewInsertOneModel().SetDocument(d)
			}
			if _, err := in.BulkWrite(ctx, models, mongooptions.BulkWrite().SetOrdered(false)); err != nil {
				return err
			}
		}
	}
	return nil
}
