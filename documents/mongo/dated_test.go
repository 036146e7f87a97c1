package mongo_test

import (
	"context"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestArchivesOfOlderVersionsGetTheirCreatedAt(t *testing.T) {
	uri := testmongo.URI(t)
	database := testmongo.Database(t, uri)
	storetest.Dated(t, func(m *schema.Model) documents.Store { return openIn(t, uri, database, m) }, func() {
		client, err := driver.Connect(options.Client().ApplyURI(uri))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Disconnect(context.Background()) }()
		unset := bson.D{{Key: "$unset", Value: bson.D{{Key: "createdAt", Value: ""}}}}
		if _, err := client.Database(database).Collection("samples_versions").UpdateMany(t.Context(), bson.D{}, unset); err != nil {
			t.Fatal(err)
		}
	})
}
