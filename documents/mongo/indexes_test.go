package mongo_test

import (
	"context"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestIndexesAreWhatTheModelSays(t *testing.T) {
	uri := testmongo.URI(t)
	database := testmongo.Database(t, uri)
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.Background()) }()
	things := client.Database(database).Collection("things.g1")
	ok := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	storetest.Indexes(t, storetest.Indexed{
		Open: func(m *schema.Model) documents.Store { return openIn(t, uri, database, m) },
		Names: func() []string {
			var out []string
			for _, c := range []*driver.Collection{things, client.Database(database).Collection("things_versions")} {
				there, err := c.Indexes().ListSpecifications(t.Context())
				ok(err)
				for _, i := range there {
					if i.Name != "_id_" && i.Name != "by_version" && i.Name != "by_created" && i.Name != "by_gone" && i.Name != "by_caused_command" {
						out = append(out, i.Name)
					}
				}
			}
			return out
		},
		Name: func(_ *schema.Entity, past bool) string {
			if past {
				return "by_*_then"
			}
			return "by_"
		},
		Foreign: func(name, field string) {
			_, err := things.Indexes().CreateOne(t.Context(), driver.IndexModel{Keys: bson.D{{Key: field, Value: 1}}, Options: options.Index().SetName(name)})
			ok(err)
		},
		Drop: func(name string) { ok(things.Indexes().DropOne(t.Context(), name)) },
	})
}

// Who administers the server may have made the index that the model comes to want: MongoDB refuses to make it twice.
func TestAnIndexUnderAnotherNameServes(t *testing.T) {
	uri := testmongo.URI(t)
	database := testmongo.Database(t, uri)
	s := openIn(t, uri, database, storetest.Model(t))
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.Background()) }()
	indexes := client.Database(database).Collection("samples.g1").Indexes()
	if _, err := indexes.CreateOne(t.Context(), driver.IndexModel{Keys: bson.D{{Key: "price", Value: 1}, {Key: "_id", Value: 1}}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	there, err := indexes.ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	of := 0
	for _, i := range there {
		if strings.Contains(i.Name, "price") {
			of++
		}
	}
	if of != 1 {
		t.Errorf("%d indexes of price", of)
	}
}
