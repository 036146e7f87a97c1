package consolidator_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/internal/versus"
	"github.com/daybook-cqrs/daybook/schema"
)

// BenchmarkViews compares consolidating a log of the store without views and with the two that it has for customers and products: one with a document for each customer, and a largest
// value; the other with two parts for each order. A call is the whole log.
func BenchmarkViews(b *testing.B) {
	without, with := storeModel(b, false), storeModel(b, true)
	l, err := sqlitelog.Open(b.Context(), filepath.Join(b.TempDir(), "log.db"), sqlitelog.Options{Placement: with.Roots()})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	orders, to := 1000, func(m *schema.Model) target { return &sqliteTarget{dir: b.TempDir(), model: m} }
	if os.Getenv("MONGODB_URI") != "" {
		to = func(m *schema.Model) target { return &mongoTarget{b: b, uri: testmongo.URI(b), model: m} }
	}
	events := makeOrders(b, without, l, orders)
	versus.Run(b, versus.Rounds{}, consolidating(b, "without", without, l, to(without)), consolidating(b, "with", with, l, to(with)))
	b.ReportMetric(float64(events), "events")
}

// consolidating consolidates the whole log, into an empty store each time.
func consolidating(b *testing.B, name string, m *schema.Model, l eventlog.Log, to target) versus.Way {
	b.Helper()
	ctx := context.Background()
	var store documents.Store
	b.Cleanup(func() {
		if store != nil {
			store.Close()
		}
	})
	return versus.Way{
		Name: name,
		Before: func(round int) (err error) {
			if store != nil {
				if err := store.Close(); err != nil {
					return err
				}
			}
			store, err = to.fresh(ctx, fmt.Sprint(name, b.N, "-", round))
			return err
		},
		Do: func(int) error { return rebuild(ctx, m, l, store) },
	}
}

// storeModel is the model of the store, without its views or with those of aggregates.
func storeModel(b *testing.B, views bool) *schema.Model {
	b.Helper()
	files := fstest.MapFS{}
	all, err := filepath.Glob("../schema/*.graphql")
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		name := filepath.Base(path)
		if name == "daybook.graphql" || !strings.Contains(string(text), "@view(") || views && strings.Contains(string(text), "@group") {
			files[name] = &fstest.MapFile{Data: text}
		}
	}
	m, err := schema.Load(fs.FS(files))
	if err != nil {
		b.Fatal(err)
	}
	if (len(m.Views) > 0) != views {
		b.Fatal(len(m.Views), "views")
	}
	return m
}
