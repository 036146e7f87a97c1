package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
)

// Collections about views: their checkpoints under _id "<stored name>/<partition>", and the names of those that were complete once.
const (
	viewCheckpoints = "view_checkpoints"
	viewsReady      = "views_ready"
)

// viewCheckpoint is what view_checkpoints holds.
type viewCheckpoint struct {
	View      string `bson:"view"`
	Partition int    `bson:"partition"`
	Epoch     int64  `bson:"epoch"`
	Seq       int64  `bson:"seq"`
	Hash      string `bson:"hash"`
}

// ViewCheckpoints implements documents.Views.
func (s *Store) ViewCheckpoints(ctx context.Context, view string) (map[int]documents.Checkpoint, error) {
	e, err := s.view(view)
	if err != nil {
		return nil, err
	}
	cursor, err := s.db.Collection(viewCheckpoints).Find(ctx, bson.D{{Key: "view", Value: e.Stored()}})
	if err != nil {
		return nil, fmt.Errorf("checkpoints of %s in MongoDB: %w", view, err)
	}
	var all []viewCheckpoint
	if err := cursor.All(ctx, &all); err != nil {
		return nil, fmt.Errorf("checkpoints of %s in MongoDB: %w", view, err)
	}
	out := make(map[int]documents.Checkpoint, len(all))
	for _, c := range all {
		out[c.Partition] = documents.Checkpoint{Place: position.Place{Epoch: uint64(c.Epoch), Seq: uint64(c.Seq)}, Hash: c.Hash}
	}
	return out, nil
}

// AdvanceViews implements documents.Views. As with Advance, a duplicate key says that a checkpoint is there or further on, or that two first ones raced: hence the second try.
func (s *Store) AdvanceViews(ctx context.Context, partition int, views []string, c documents.Checkpoint) error {
	if len(views) == 0 {
		return nil
	}
	models := make([]mongo.WriteModel, len(views))
	for i, name := range views {
		e, err := s.view(name)
		if err != nil {
			return err
		}
		epoch, seq := int64(c.Place.Epoch), int64(c.Place.Seq)
		filter := bson.D{{Key: "_id", Value: fmt.Sprintf("%s/%d", e.Stored(), partition)}, {Key: "$or", Value: before(epoch, seq, "$lt")}}
		set := viewCheckpoint{View: e.Stored(), Partition: partition, Epoch: epoch, Seq: seq, Hash: c.Hash}
		models[i] = mongo.NewUpdateOneModel().SetFilter(filter).SetUpdate(bson.D{{Key: "$set", Value: set}}).SetUpsert(true)
	}
	for range 2 {
		_, err := s.db.Collection(viewCheckpoints).BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
		if err == nil {
			return nil
		}
		if !onlyDuplicates(err) {
			return fmt.Errorf("checkpoints of views in MongoDB: %w", err)
		}
	}
	return nil
}

// ViewReady implements documents.Views.
func (s *Store) ViewReady(ctx context.Context, view string) (bool, error) {
	e, err := s.view(view)
	if err != nil {
		return false, err
	}
	n, err := s.db.Collection(viewsReady).CountDocuments(ctx, bson.D{{Key: "_id", Value: e.Stored()}})
	if err != nil {
		return false, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	return n > 0, nil
}

// SetViewReady implements documents.Views.
func (s *Store) SetViewReady(ctx context.Context, view string, ready bool) error {
	e, err := s.view(view)
	if err != nil {
		return err
	}
	in, it := s.db.Collection(viewsReady), bson.D{{Key: "_id", Value: e.Stored()}}
	if ready {
		_, err = in.InsertOne(ctx, it)
	} else {
		_, err = in.DeleteOne(ctx, it)
	}
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	return nil
}

// DropView implements documents.Views. It is not atomic: what makes that the view is built again goes before what is built, so that a second call finishes what a first one began.
func (s *Store) DropView(ctx context.Context, view string) error {
	e, err := s.view(view)
	if err != nil {
		return err
	}
	if err := s.forgetView(ctx, e); err != nil {
		return err
	}
	for _, in := range s.collectionsOf(e) {
		if _, err := in.DeleteMany(ctx, bson.D{}); err != nil {
			return fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
		}
	}
	return nil
}

// collectionsOf returns the collections of a view and of its tallies.
func (s *Store) collectionsOf(e *entity) []*mongo.Collection {
	out := []*mongo.Collection{e.docs}
	if e.View != nil && e.View.Tallies != nil {
		out = append(out, s.entities[e.View.Tallies.Name].docs)
	}
	return out
}

// forgetView forgets how far a view is. First nobody may read it any more.
func (s *Store) forgetView(ctx context.Context, e *entity) error {
	_, err := s.db.Collection(viewsReady).DeleteMany(ctx, bson.D{{Key: "_id", Value: e.Stored()}})
	if err == nil {
		_, err = s.db.Collection(viewCheckpoints).DeleteMany(ctx, bson.D{{Key: "view", Value: e.Stored()}})
	}
	if err != nil {
		return fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	return nil
}

// forgetDropped forgets how far views are whose collections somebody has dropped, so that they begin again. It looks at the checkpoints first: they come after the collections, so that
// one of which another process has just made both is left alone.
func (s *Store) forgetDropped(ctx context.Context) error {
	var begun []*entity
	for _, v := range s.model.Views {
		at, err := s.ViewCheckpoints(ctx, v.Name)
		if err != nil {
			return err
		}
		if len(at) > 0 {
			begun = append(begun, s.entities[v.Name])
		}
	}
	if len(begun) == 0 {
		return nil
	}
	names, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return fmt.Errorf("collections in MongoDB: %w", err)
	}
	for _, e := range begun {
		if slices.ContainsFunc(s.collectionsOf(e), func(c *mongo.Collection) bool { return !slices.Contains(names, c.Name()) }) {
			if err := s.forgetView(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}
