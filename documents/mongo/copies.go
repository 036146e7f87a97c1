package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// Recopy implements documents.Store.
func (s *Store) Recopy(ctx context.Context, entity string, rs []documents.Recopy) ([]string, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	var changed []string
	for batch := range slices.Chunk(rs, s.features.Batch) {
		ids, err := s.recopy(ctx, e, batch)
		if err != nil {
			return nil, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
		}
		changed = append(changed, ids...)
	}
	return changed, nil
}

// recopy signs what it sets, because a bulk write tells how many documents changed, not which: if not all did, the signature tells.
func (s *Store) recopy(ctx context.Context, e *entity, rs []documents.Recopy) ([]string, error) {
	by := bson.NewObjectID().Hex()
	ops := make([]operation, len(rs))
	ids := make([]string, len(rs))
	for i, r := range rs {
		c := &change{}
		if err := s.copies(e, c, r.Copies, by); err != nil {
			return nil, err
		}
		ids[i] = r.ID
		ops[i] = operation{id: r.ID, filter: outdated(r), update: c.update()}
	}
	res, err := bulk(ctx, e, e.docs, ops)
	if err != nil {
		return nil, err
	}
	switch res.MatchedCount {
	case 0:
		return nil, nil
	case int64(len(rs)):
		return ids, nil
	}
	return s.signed(ctx, e, rs, ids, by)
}

// outdated holds for the document if it still refers to the source, and its copies are from a lower version of it or from another source.
func outdated(r documents.Recopy) bson.D {
	path := fieldSources + "." + r.Ref
	return bson.D{
		{Key: documents.FieldID, Value: r.ID}, {Key: r.Ref, Value: r.Source.ID},
		{Key: "$nor", Value: bson.A{bson.D{{Key: path + ".id", Value: r.Source.ID}, {Key: path + ".v", Value: bson.D{{Key: "$gte", Value: r.Source.Version}}}}}},
	}
}

func (s *Store) signed(ctx context.Context, e *entity, rs []documents.Recopy, ids []string, by string) ([]string, error) {
	var refs []string
	var any bson.A
	for _, r := range rs {
		if !slices.Contains(refs, r.Ref) {
			refs = append(refs, r.Ref)
			any = append(any, bson.D{{Key: fieldSources + "." + r.Ref + ".by", Value: by}})
		}
	}
	filter := append(where(documents.FieldID, "$in", ids), bson.E{Key: "$or", Value: any})
	var out []string
	err := s.find(ctx, e.now(), filter, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}), func(d documents.Document, _ bson.Raw) {
		out = append(out, d.ID)
	})
	return out, err
}

// Referrers implements documents.Store.
func (s *Store) Referrers(ctx context.Context, entity, ref, id string, below int64, orEqual bool, after string, limit int) ([]documents.Document, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(e.Entity, ref); err != nil {
		return nil, err
	}
	if orEqual {
		below++
	}
	path := fieldSources + "." + ref
	filter := bson.D{
		{Key: ref, Value: id}, {Key: documents.FieldID, Value: bson.D{{Key: "$gt", Value: after}}},
		{Key: "$nor", Value: bson.A{bson.D{{Key: path + ".id", Value: id}, {Key: path + ".v", Value: bson.D{{Key: "$gte", Value: below}}}}}},
	}
	var out []documents.Document
	o := options.Find().SetSort(bson.D{{Key: documents.FieldID, Value: 1}}).SetLimit(int64(limit))
	err = s.find(ctx, e.now(), live(filter), o, func(d documents.Document, _ bson.Raw) { out = append(out, d) })
	return out, err
}
