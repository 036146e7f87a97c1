package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// Write implements documents.Store.
//
// A create is an upsert that only inserts; everything else, also a create whose document is there in a lower version, is an update guarded
// by the versions in its filter. So one round trip does in the common case, nothing ever fails on a duplicate key that could have hidden a
// lost write, and the order in which the server takes the operations doesn't matter.
func (s *Store) Write(ctx context.Context, entity string, ws []documents.Write) error {
	e, err := s.entity(entity)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(ws, s.features.Batch) {
		if err := s.writeBatch(ctx, e, batch); err != nil {
			return fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
		}
	}
	return nil
}

func (s *Store) writeBatch(ctx context.Context, e *entity, ws []documents.Write) error {
	ops := make([]operation, 0, len(ws))
	creates := int64(0)
	for i := range ws {
		op, err := s.firstTry(e, &ws[i])
		if err != nil {
			return fmt.Errorf("%s %s: %w", e.Name, ws[i].ID, err)
		}
		if ws[i].Since == 0 {
			creates++
		}
		ops = append(ops, op)
	}
	res, err := s.bulk(ctx, e.docs, ops)
	if err != nil {
		return err
	}
	guarded := int64(len(ws)) - creates
	applied := res.MatchedCount - (creates - res.UpsertedCount) // a create that found its document matched without changing it
	var again []operation
	for i := range ws {
		if _, inserted := res.UpsertedIDs[int64(i)]; ws[i].Since > 0 || inserted {
			continue
		}
		op, err := s.guarded(e, &ws[i])
		if err != nil {
			return err
		}
		again = append(again, op)
	}
	if len(again) > 0 {
		if res, err = s.bulk(ctx, e.docs, again); err != nil {
			return err
		}
		guarded, applied = guarded+int64(len(again)), applied+res.MatchedCount
	}
	if applied == guarded {
		return nil
	}
	return s.settleCopies(ctx, e, ws)
}

func (s *Store) firstTry(e *entity, w *documents.Write) (operation, error) {
	if w.Since > 0 {
		return s.guarded(e, w)
	}
	c, err := s.own(e, w)
	if err != nil {
		return operation{}, err
	}
	if err := s.addCopies(e, c, w); err != nil {
		return operation{}, err
	}
	insert := bson.D{{Key: documents.FieldCreatedAt, Value: encodeTime(w.CreatedAt)}}
	sources := bson.D{}
	for _, el := range c.set { // inserted at once, the sources are one value, not paths
		if ref, ok := cutSource(el.Key); ok {
			sources = append(sources, bson.E{Key: ref, Value: el.Value})
			continue
		}
		insert = append(insert, el)
	}
	if len(sources) > 0 {
		insert = append(insert, bson.E{Key: fieldSources, Value: sources})
	}
	return operation{id: w.ID, filter: bson.D{{Key: documents.FieldID, Value: w.ID}}, update: bson.D{{Key: "$setOnInsert", Value: insert}}, upsert: true}, nil
}

func cutSource(path string) (ref string, ok bool) {
	const prefix = fieldSources + "."
	if len(path) > len(prefix) && path[:len(prefix)] == prefix {
		return path[len(prefix):], true
	}
	return "", false
}

func (s *Store) addCopies(e *entity, c *change, w *documents.Write) error {
	if w.Deleted {
		return nil
	}
	for _, copied := range w.Copies {
		if err := s.copies(e, c, copied, ""); err != nil {
			return err
		}
	}
	return nil
}

// guarded is the write with its copies, for a document whose version fits and whose copies are not from later versions of the same sources.
func (s *Store) guarded(e *entity, w *documents.Write) (operation, error) {
	c, err := s.own(e, w)
	if err != nil {
		return operation{}, err
	}
	if err := s.addCopies(e, c, w); err != nil {
		return operation{}, err
	}
	filter := fits(w)
	if newer := newerSources(w); len(newer) > 0 {
		filter = append(filter, bson.E{Key: "$nor", Value: newer})
	}
	return operation{id: w.ID, filter: filter, update: c.update()}, nil
}

// fits holds for the document if its version is below the write's, and not below what the write continues.
func fits(w *documents.Write) bson.D {
	versions := bson.D{{Key: "$lt", Value: w.Version}}
	if w.Since > 0 {
		versions = append(versions, bson.E{Key: "$gte", Value: w.Since})
	}
	return bson.D{{Key: documents.FieldID, Value: w.ID}, {Key: documents.FieldVersion, Value: versions}}
}

// newerSources holds one condition per ref: the copies there are from a later version of the same source.
func newerSources(w *documents.Write) bson.A {
	var out bson.A
	for _, c := range w.Copies {
		if path := fieldSources + "." + c.Ref; c.Source.ID != "" && !w.Deleted {
			out = append(out, bson.D{
				{Key: path + ".id", Value: c.Source.ID}, {Key: path + ".v", Value: bson.D{{Key: "$gt", Value: c.Source.Version}}},
			})
		}
	}
	return out
}

// settleCopies is for the rare case that a write did not apply. Most likely the document was further on, and nothing happens. Else its copies
// were made again from a later version of the source meanwhile: then the own fields are set, and of the copies those that are not
// outdated.
func (s *Store) settleCopies(ctx context.Context, e *entity, ws []documents.Write) error {
	var own []operation
	var copies []documents.Recopy
	for i := range ws {
		w := &ws[i]
		newer := newerSources(w)
		if len(newer) == 0 {
			continue
		}
		c, err := s.own(e, w)
		if err != nil {
			return err
		}
		own = append(own, operation{id: w.ID, filter: append(fits(w), bson.E{Key: "$or", Value: newer}), update: c.update()})
		for _, copied := range w.Copies {
			copies = append(copies, documents.Recopy{ID: w.ID, Copies: copied})
		}
	}
	if len(own) == 0 {
		return nil
	}
	res, err := s.bulk(ctx, e.docs, own)
	if err != nil || res.MatchedCount == 0 {
		return err
	}
	_, err = s.recopy(ctx, e, copies)
	return err
}

// maxDocument is the most that a document may have, in bytes.
const maxDocument = 16 << 20

// operation is one update of a bulk write.
type operation struct {
	id     string
	filter bson.D
	update bson.D
	upsert bool
}

// bulk sends operations, which must not depend on each other's order. Duplicate keys are no error: the document was there.
func (s *Store) bulk(ctx context.Context, in *mongo.Collection, ops []operation) (*mongo.BulkWriteResult, error) {
	models := make([]mongo.WriteModel, len(ops))
	for i, op := range ops {
		update, err := bson.Marshal(op.update)
		if err != nil {
			return nil, fmt.Errorf("document %s: %w", op.id, err)
		}
		if len(update) > maxDocument { // what would only grow over it, the server refuses
			return nil, fmt.Errorf("document %s would have %d bytes, over 16 MiB, MongoDB's limit", op.id, len(update))
		}
		model := mongo.NewUpdateOneModel().SetFilter(op.filter).SetUpdate(bson.Raw(update))
		if op.upsert {
			model.SetUpsert(true)
		}
		models[i] = model
	}
	res, err := in.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if err != nil && !onlyDuplicates(err) {
		return nil, explain(err, ops)
	}
	return res, nil
}
