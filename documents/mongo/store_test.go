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
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	uri := testmongo.URI(t)
	storetest.Run(t, func(t testing.TB, m *schema.Model) documents.Store { return open(t, uri, m) }, storetest.Features{Documents: 120, Rounds: 100})
}

func open(t testing.TB, uri string, m *schema.Model) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), uri, m, mongo.Options{Database: testmongo.Database(t, uri)})
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

// BenchmarkDriver is the driver alone, reading what Load1 of BenchmarkStore reads, to compare with.
func BenchmarkDriver(b *testing.B) {
	uri := testmongo.URI(b)
	database := testmongo.Database(b, uri)
	s, err := mongo.Open(b.Context(), uri, storetest.Model(b), mongo.Options{Database: database})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := storetest.Fill(b.Context(), s, 300); err != nil {
		b.Fatal(err)
	}
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.Background()) }()
	docs := client.Database(database).Collection("samples.g1")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := docs.FindOne(b.Context(), bson.D{{Key: "_id", Value: fmt.Sprintf("o%07d", i%300)}}).Raw(); err != nil {
			b.Fatal(err)
		}
	}
}
