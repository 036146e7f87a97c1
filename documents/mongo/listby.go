package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// maxScan bounds what ListBy reads from a server that cannot pick a page per key.
const maxScan = 100_000

// ListBy implements documents.Store.
func (s *Store) ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	e, filter, err := s.page(q)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(e.Entity, by); err != nil {
		return nil, err
	}
	out := make(map[string][]documents.Document, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	filter = live(append(where(by, "$in", keys), bson.E{Key: "$and", Value: bson.A{filter}}))
	if s.features.TopN {
		err = s.topN(ctx, e, q, by, filter, out)
	} else {
		err = s.slice(ctx, e, q, by, filter, out)
	}
	if q.Last {
		for _, ds := range out {
			slices.Reverse(ds)
		}
	}
	return out, err
}

// topN has the server keep the first of every group.
func (s *Store) topN(ctx context.Context, e *entity, q documents.Query, by string, filter bson.D, out map[string][]documents.Document) error {
	pipeline := bson.A{stage("$match", filter)}
	if p := projection(e, q.Fields, orderFields(q, by)...); p != nil {
		pipeline = append(pipeline, stage("$project", p))
	}
	top := bson.D{{Key: "n", Value: q.Limit}, {Key: "sortBy", Value: sorting(q)}, {Key: "output", Value: "$$ROOT"}}
	pipeline = append(pipeline,
		stage("$group", bson.D{{Key: "_id", Value: "$" + by}, {Key: "top", Value: stage("$topN", top)}}),
		stage("$unwind", "$top"),
		stage("$replaceRoot", bson.D{{Key: "newRoot", Value: "$top"}}))
	cursor, err := e.docs.Aggregate(ctx, pipeline)
	if err != nil {
		return fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	return s.drain(ctx, e, cursor, func(d documents.Document, raw bson.Raw) {
		k, _ := raw.Lookup(by).StringValueOK()
		out[k] = append(out[k], d)
	})
}

// orderFields are the fields that a projection must keep for sorting and grouping.
func orderFields(q documents.Query, by string) []string {
	names := []string{by}
	for _, o := range q.Orders {
		names = append(names, o.Field)
	}
	return names
}

func stage(name string, value any) bson.D { return bson.D{{Key: name, Value: value}} }

// slice reads all and keeps the first of every key, for FerretDB and MongoDB below 5.2.
func (s *Store) slice(ctx context.Context, e *entity, q documents.Query, by string, filter bson.D, out map[string][]documents.Document) error {
	o := options.Find().SetSort(sorting(q)).SetLimit(maxScan + 1).SetProjection(projection(e, q.Fields, by))
	read := 0
	err := s.find(ctx, e, filter, o, func(d documents.Document, raw bson.Raw) {
		read++
		k, _ := raw.Lookup(by).StringValueOK()
		if len(out[k]) < q.Limit {
			out[k] = append(out[k], d)
		}
	})
	if err == nil && read > maxScan {
		err = fmt.Errorf("%s by %s: over %d documents to choose from; MongoDB 5.2 or later reads only the pages", e.Plural, by, maxScan)
	}
	return err
}

// CountBy implements documents.Store.
func (s *Store) CountBy(ctx context.Context, entity string, f documents.Filter, by string, keys []string) (map[string]int64, error) {
	e, filter, err := s.checked(entity, f)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(e.Entity, by); err != nil {
		return nil, err
	}
	out := make(map[string]int64, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	cursor, err := e.docs.Aggregate(ctx, bson.A{
		stage("$match", live(append(where(by, "$in", keys), bson.E{Key: "$and", Value: bson.A{filter}}))),
		stage("$group", bson.D{{Key: "_id", Value: "$" + by}, {Key: "n", Value: stage("$sum", 1)}}),
	})
	if err != nil {
		return nil, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	var groups []struct {
		ID string `bson:"_id"`
		N  int64  `bson:"n"`
	}
	if err := cursor.All(ctx, &groups); err != nil {
		return nil, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	for _, g := range groups {
		out[g.ID] = g.N
	}
	return out, nil
}
