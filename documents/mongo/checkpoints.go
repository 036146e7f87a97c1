package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
)

// checkpoint is stored under _id "g1/7": generation and partition.
type checkpoint struct {
	Generation int    `bson:"generation"`
	Partition  int    `bson:"partition"`
	Epoch      int64  `bson:"epoch"`
	Seq        int64  `bson:"seq"`
	Hash       string `bson:"hash"`
	Watermark  string `bson:"watermark,omitempty"` // absent or "" if none is known
}

// Checkpoints implements documents.Store.
func (s *Store) Checkpoints(ctx context.Context) (map[int]documents.Checkpoint, error) {
	cursor, err := s.db.Collection("checkpoints").Find(ctx, bson.D{{Key: "generation", Value: documents.FirstGeneration}})
	if err != nil {
		return nil, fmt.Errorf("checkpoints in MongoDB: %w", err)
	}
	var all []checkpoint
	if err := cursor.All(ctx, &all); err != nil {
		return nil, fmt.Errorf("checkpoints in MongoDB: %w", err)
	}
	out := make(map[int]documents.Checkpoint, len(all))
	for _, c := range all {
		at := documents.Checkpoint{Place: position.Place{Epoch: uint64(c.Epoch), Seq: uint64(c.Seq)}, Hash: c.Hash}
		if c.Watermark != "" {
			if at.Watermark, err = parseTime(c.Watermark); err != nil {
				return nil, fmt.Errorf("the watermark of partition %d in MongoDB: %w", c.Partition, err)
			}
		}
		out[c.Partition] = at
	}
	return out, nil
}

// Advance implements documents.Store. The filter finds no document that is further on, so the upsert then tries to insert one: a duplicate key
// says that the checkpoint is there. It says so too if two first ones race, hence the second try, which finds the other's.
func (s *Store) Advance(ctx context.Context, partition int, c documents.Checkpoint) error {
	var err error
	for range 2 {
		if err = s.advance(ctx, partition, c); err == nil {
			return nil
		}
		if !mongo.IsDuplicateKeyError(err) {
			return fmt.Errorf("checkpoint in MongoDB: %w", err)
		}
	}
	return nil
}

// before holds for checkpoints of an earlier epoch, and for those of the same whose sequence compares so ($lt, $lte).
func before(epoch, seq int64, compare string) bson.A {
	return bson.A{
		bson.D{{Key: "epoch", Value: bson.D{{Key: "$lt", Value: epoch}}}},
		bson.D{{Key: "epoch", Value: epoch}, {Key: "seq", Value: bson.D{{Key: compare, Value: seq}}}},
	}
}

func (s *Store) advance(ctx context.Context, partition int, c documents.Checkpoint) error {
	epoch, seq := int64(c.Place.Epoch), int64(c.Place.Seq)
	filter := bson.D{
		{Key: "_id", Value: fmt.Sprintf("g%d/%d", documents.FirstGeneration, partition)},
		{Key: "$or", Value: before(epoch, seq, "$lte")},
	}
	set := checkpoint{Generation: documents.FirstGeneration, Partition: partition, Epoch: epoch, Seq: seq, Hash: c.Hash}
	update := bson.D{{Key: "$set", Value: set}}
	if !c.Watermark.IsZero() {
		update = append(update, bson.E{Key: "$max", Value: bson.D{{Key: "watermark", Value: encodeTime(c.Watermark)}}})
	}
	_, err := s.db.Collection("checkpoints").UpdateOne(ctx, filter, update, options.UpdateOne().SetUpsert(true))
	return err
}
