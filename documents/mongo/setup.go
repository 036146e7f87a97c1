package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// codeNamespaceExists is the server's answer to a collection that is there.
const codeNamespaceExists = 48

// Setup implements documents.Store. Every step is one that another process may have taken already.
func (s *Store) Setup(ctx context.Context) error {
	if err := s.create(ctx, "checkpoints"); err != nil {
		return err
	}
	for _, e := range s.model.Entities {
		if err := s.setupEntity(ctx, s.entities[e.Name]); err != nil {
			return fmt.Errorf("collections of %s: %w", e.Name, err)
		}
	}
	return nil
}

func (s *Store) setupEntity(ctx context.Context, e *entity) error {
	for _, c := range []*mongo.Collection{e.docs, e.versions} {
		if err := s.create(ctx, c.Name()); err != nil {
			return err
		}
	}
	if err := s.createIndexes(ctx, e.versions, e.versionIndexes()); err != nil {
		return err
	}
	return s.checkGeneration(ctx, e)
}

// Index implements documents.Store.
func (s *Store) Index(ctx context.Context) error {
	for _, e := range s.model.Entities {
		own := s.entities[e.Name]
		if err := s.dropIndexes(ctx, own); err != nil {
			return fmt.Errorf("indexes of %s: %w", e.Name, err)
		}
		if err := s.createIndexes(ctx, own.docs, own.indexes()); err != nil {
			return fmt.Errorf("indexes of %s: %w", e.Name, err)
		}
	}
	return nil
}

// codeIndexNotFound is the server's answer to the end of an index that another process has dropped.
const codeIndexNotFound = 27

// dropIndexes drops those that another model named.
func (s *Store) dropIndexes(ctx context.Context, e *entity) error {
	there, err := e.docs.Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	wanted := e.indexes()
	for _, i := range there {
		if !strings.HasPrefix(i.Name, indexPrefix) || slices.ContainsFunc(wanted, func(w index) bool { return w.name == i.Name }) {
			continue
		}
		var server mongo.CommandError
		if err := e.docs.Indexes().DropOne(ctx, i.Name); err != nil && !(errors.As(err, &server) && server.Code == codeIndexNotFound) {
			return err
		}
	}
	return nil
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
