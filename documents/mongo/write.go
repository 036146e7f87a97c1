package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// Write implements documents.Store.
//
// Creates are inserts. Everything else, also a create whose document is there in a lower version, is an update guarded by the versions in its
// filter. So one round trip for each of the two kinds does in the common case, a document that is there is no error, and the order in which
// the server takes the operations doesn't matter.
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
	creates, updates := split(ws)
	taken, err := s.makeNew(ctx, e, creates)
	if err != nil {
		return err
	}
	ops := make([]operation, 0, len(updates)+len(taken))
	for _, w := range append(updates, taken...) {
		op, err := s.guarded(e, w)
		if err != nil {
			return fmt.Errorf("%s %s: %w", e.Name, w.ID, err)
		}
		ops = append(ops, op)
	}
	if len(ops) == 0 {
		return nil
	}
	res, err := bulk(ctx, e, e.docs, ops)
	if err != nil || res.MatchedCount == int64(len(ops)) {
		return err
	}
	return s.settleCopies(ctx, e, ws)
}

// split parts the writes that make documents from those that change them.
func split(ws []documents.Write) (creates, updates []*documents.Write) {
	for i := range ws {
		if ws[i].Since == 0 {
			creates = append(creates, &ws[i])
		} else {
			updates = append(updates, &ws[i])
		}
	}
	return creates, updates
}

// makeNew makes documents and returns the writes whose documents were there.
func (s *Store) makeNew(ctx context.Context, e *entity, ws []*documents.Write) ([]*documents.Write, error) {
	ids, docs := make([]string, len(ws)), make([]bson.D, len(ws))
	for i, w := range ws {
		var err error
		if docs[i], err = s.created(e, w); err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Name, w.ID, err)
		}
		ids[i] = w.ID
	}
	there, err := insert(ctx, e, e.docs, ids, docs)
	var taken []*documents.Write
	for i, w := range ws {
		if there[i] {
			taken = append(taken, w)
		}
	}
	return taken, err
}

// created is a document as the write makes it.
func (s *Store) created(e *entity, w *documents.Write) (bson.D, error) {
	c, err := s.whole(e, w)
	if err != nil {
		return nil, err
	}
	doc := append(make(bson.D, 0, len(c.set)+3), bson.E{Key: documents.FieldID, Value: w.ID}, bson.E{Key: documents.FieldCreatedAt, Value: encodeTime(w.CreatedAt)})
	sources := bson.D{}
	for _, el := range c.set { // inserted at once, the sources are one value, not paths
		if ref, ok := cutSource(el.Key); ok {
			sources = append(sources, bson.E{Key: ref, Value: el.Value})
			continue
		}
		doc = append(doc, el)
	}
	if len(sources) > 0 {
		doc = append(doc, bson.E{Key: fieldSources, Value: sources})
	}
	return doc, nil
}

func cutSource(path string) (ref string, ok bool) { return strings.CutPrefix(path, fieldSources+".") }

// whole is the change of the own fields and the copies.
func (s *Store) whole(e *entity, w *documents.Write) (*change, error) {
	c, err := s.own(e, w)
	if err != nil || w.Deleted {
		return c, err
	}
	for _, copied := range w.Copies {
		if err := s.copies(e, c, copied, ""); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// guarded is the write with its copies, for a document whose version fits and whose copies are not from later versions of the same sources.
func (s *Store) guarded(e *entity, w *documents.Write) (operation, error) {
	c, err := s.whole(e, w)
	if err != nil {
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
	res, err := bulk(ctx, e, e.docs, own)
	if err != nil || res.MatchedCount == 0 {
		return err
	}
	_, err = s.recopy(ctx, e, copies)
	return err
}

// operation is one update of a bulk write.
type operation struct {
	id     string
	filter bson.D
	update bson.D
}

// bulk sends operations, which must not depend on each other's order.
func bulk(ctx context.Context, e *entity, in *mongo.Collection, ops []operation) (*mongo.BulkWriteResult, error) {
	models := make([]mongo.WriteModel, len(ops))
	for i, op := range ops {
		update, err := raw(e, op.id, op.update) // one that would only grow a document over the limit, the server refuses
		if err != nil {
			return nil, err
		}
		models[i] = mongo.NewUpdateOneModel().SetFilter(op.filter).SetUpdate(update)
	}
	res, err := in.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if err != nil {
		return nil, explain(err, e, func(i int) string { return ops[i].id }, len(ops))
	}
	return res, nil
}
