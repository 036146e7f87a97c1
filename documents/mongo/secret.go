package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// Secret implements documents.Store. Of several that find none, one inserts: a duplicate key says that it was another.
func (s *Store) Secret(ctx context.Context) ([]byte, error) {
	secret, err := s.readSecret(ctx)
	if errors.Is(err, mongo.ErrNoDocuments) {
		_, err = s.secrets().UpdateOne(ctx, bson.D{{Key: "_id", Value: "cursors"}},
			bson.D{{Key: "$setOnInsert", Value: bson.D{{Key: "value", Value: documents.NewSecret()}}}}, options.UpdateOne().SetUpsert(true))
		if err == nil || mongo.IsDuplicateKeyError(err) {
			secret, err = s.readSecret(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the secret in MongoDB: %w", err)
	}
	return documents.CheckSecret(secret)
}

func (s *Store) secrets() *mongo.Collection { return s.db.Collection("secrets") }

func (s *Store) readSecret(ctx context.Context) ([]byte, error) {
	var got struct{ Value []byte }
	err := s.secrets().FindOne(ctx, bson.D{{Key: "_id", Value: "cursors"}}).Decode(&got)
	return got.Value, err
}
