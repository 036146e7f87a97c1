package mongo_test

import (
	"context"
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/mongo"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/internal/versus"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	uri := testmongo.URI(t)
	storetest.Run(t, func(t testing.TB, m *schema.Model) documents.Store { return open(t, uri, m) }, storetest.Features{Documents: 120, Rounds: 100})
}

func TestValuesThatNoLongerFitTheModel(t *testing.T) {
	uri := testmongo.URI(t)
	database := testmongo.Database(t, uri)
	storetest.Unreadable(t, func(m *schema.Model) documents.Store { return openIn(t, uri, database, m) })
}

func open(t testing.TB, uri string, m *schema.Model) *mongo.Store {
	t.Helper()
	return openIn(t, uri, testmongo.Database(t, uri), m)
}

func openIn(t testing.TB, uri, database string, m *schema.Model) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), uri, m, mongo.Options{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func BenchmarkStore(b *testing.B) {
	uri := testmongo.URI(b)
	storetest.Bench(b, func(t testing.TB, m *schema.Model) documents.Store { return open(t, uri, m) }, 300)
}

func BenchmarkArchive(b *testing.B) {
	uri := testmongo.URI(b)
	storetest.BenchArchive(b, func(t testing.TB, m *schema.Model) documents.Store { return open(t, uri, m) })
}

// BenchmarkLoad compares reading a document by its id with what the driver alone takes to fetch its bytes.
func BenchmarkLoad(b *testing.B) {
	uri := testmongo.URI(b)
	database := testmongo.Database(b, uri)
	s, err := mongo.Open(b.Context(), uri, storetest.Model(b), mongo.Options{Database: database})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const n = 300
	if err := storetest.Fill(b.Context(), s, n); err != nil {
		b.Fatal(err)
	}
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.Background()) }()
	docs := client.Database(database).Collection("samples.g1")
	id := func(i int) string { return fmt.Sprintf("o%07d", i%n) }
	versus.Run(b, versus.Rounds{Callers: 4, Calls: 400},
		versus.Way{Name: "ours", Do: func(i int) error {
			got, err := s.Load(b.Context(), "Sample", []string{id(i)}, nil)
			if err == nil && len(got) != 1 {
				err = fmt.Errorf("%d documents", len(got))
			}
			return err
		}},
		versus.Way{Name: "driver", Do: func(i int) error {
			_, err := docs.FindOne(b.Context(), bson.D{{Key: "_id", Value: id(i)}}).Raw()
			return err
		}})
}

func TestViewsThatWereDroppedBeginAgain(t *testing.T) {
	uri := testmongo.URI(t)
	database := testmongo.Database(t, uri)
	storetest.Dropped(t, func(m *schema.Model) documents.Store { return openIn(t, uri, database, m) }, func(stored string) {
		client, err := driver.Connect(options.Client().ApplyURI(uri))
		if err == nil {
			defer func() { _ = client.Disconnect(context.Background()) }()
			err = client.Database(database).Collection(stored + ".g1").Drop(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}
