package mongo_test

import (
	"testing"

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
