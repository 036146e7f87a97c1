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

// codeNamespaceExists is the server's answer to a collection that is there.
const codeNamespaceExists = 48

// Setup implements documents.Store. Every step is one that another process may have taken already.
func (s *Store) Setup(ctx context.Context) error {
	for _, name := range []string{"checkpoints", viewCheckpoints, viewsReady, "secrets"} {
		if err := s.create(ctx, name); err != nil {
			return err
		}
	}
	if err := s.forgetDropped(ctx); err != nil {
		return err
	}
	for _, e := range s.model.Documents() {
		if err := s.setupEntity(ctx, s.entities[e.Name]); err != nil {
			return fmt.Errorf("collections of %s: %w", e.Name, err)
		}
	}
	return nil
}

func (s *Store) setupEntity(ctx context.Context, e *entity) error {
	if err := s.create(ctx, e.docs.Name()); err != nil || e.ofView {
		return err
	}
	if err := s.create(ctx, e.versions.Name()); err != nil {
		return err
	}
	if err := s.createIndexes(ctx, e.versions, e.versionIndexes()); err != nil {
		return err
	}
	if err := s.dateVersions(ctx, e); err != nil {
		return err
	}
	return s.checkGeneration(ctx, e)
}

func (s *Store) create(ctx context.Context, name string) error {
	err := s.db.CreateCollection(ctx, name)
	var server mongo.CommandError
	if errors.As(err, &server) && server.Code == codeNamespaceExists {
		return nil
	}
	return err
}

func (s *Store) checkGeneration(ctx context.Context, e *entity) error {
	generations := s.db.Collection("generations")
	_, err := generations.UpdateOne(ctx, bson.D{{Key: "_id", Value: e.Name}},
		bson.D{{Key: "$setOnInsert", Value: bson.D{{Key: "live", Value: documents.FirstGeneration}}}}, options.UpdateOne().SetUpsert(true))
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return err
	}
	var got struct{ Live int }
	if err := generations.FindOne(ctx, bson.D{{Key: "_id", Value: e.Name}}).Decode(&got); err != nil {
		return err
	}
	if got.Live != documents.FirstGeneration {
		return fmt.Errorf("its live generation is %d, this Daybook knows %d: run the newer one", got.Live, documents.FirstGeneration)
	}
	return nil
}
