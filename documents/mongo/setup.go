package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// codeNamespaceExists is the server's answer to a collection that is there.
const codeNamespaceExists = 48

// Setup implements documents.Store. Every step is one that another process may have taken already.
func (s *Store) Setup(ctx context.Context) error {
	for _, name := range []string{"checkpoints", viewCheckpoints, viewsReady} {
		if err := s.create(ctx, name); err != nil {
			return err
		}
	}
	for _, e := range s.model.Documents() {
		if err := s.setupEntity(ctx, s.entities[e.Name]); err != nil {
			return fmt.Errorf("collections of %s: %w", e.Name, err)
		}
	}
	return nil
}

func (s *Store) setupEntity(ctx context.Context, e *entity) error {
	type collection struct {
		in      *mongo.Collection
		indexes []index
	}
	all := []collection{{e.docs, e.indexes()}}
	if !e.ofView {
		all = append(all, collection{e.versions, e.versionIndexes()})
	}
	for _, c := range all {
		if err := s.create(ctx, c.in.Name()); err != nil {
			return err
		}
		if err := s.createIndexes(ctx, c.in, c.indexes); err != nil {
			return err
		}
	}
	if e.ofView {
		return nil
	}
	if err := s.dateVersions(ctx, e); err != nil {
		return err
	}
	return s.checkGeneration(ctx, e)
}

// createIndexes makes those that are missing. Several processes may do so at once, which MongoDB allows; FerretDB breaks the connection, so it is looked at again.
func (s *Store) createIndexes(ctx context.Context, in *mongo.Collection, wanted []index) error {
	var failed error
	for range 3 {
		there, err := in.Indexes().ListSpecifications(ctx)
		if err != nil {
			return err
		}
		var missing []mongo.IndexModel
		for _, w := range wanted {
			if !slices.ContainsFunc(there, func(i mongo.IndexSpecification) bool { return i.Name == w.name }) {
				o := options.Index().SetName(w.name)
				if w.only != nil && s.features.Partial {
					o.SetPartialFilterExpression(w.only)
				}
				missing = append(missing, mongo.IndexModel{Keys: w.keys, Options: o})
			}
		}
		if len(missing) == 0 {
			return nil
		}
		if _, failed = in.Indexes().CreateMany(ctx, missing); failed == nil {
			return nil
		}
	}
	return failed
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
