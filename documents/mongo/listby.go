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
	e, err := s.page(q)
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
	among := ofKeys(by, keys, documents.PageFilter(q))
	if s.features.TopN {
		err = s.topN(ctx, e, q, by, among, out)
	} else {
		err = s.slice(ctx, e, q, by, among, out)
	}
	if q.Last {
		for _, ds := range out {
			slices.Reverse(ds)
		}
	}
	return out, err
}

// ofKeys is a filter on the documents whose ref holds one of the keys.
func ofKeys(by string, keys []string, f documents.Filter) documents.Filter {
	values := make([]any, len(keys))
	for i, k := range keys {
		values[i] = k
	}
	all := documents.And{documents.In{Field: by, Values: values}}
	if f != nil {
		all = append(all, f)
	}
	return all
}

// topN has the server keep the first of every group.
func (s *Store) topN(ctx context.Context, e *entity, q documents.Query, by string, among documents.Filter, out map[string][]documents.Document) error {
	filter, err := s.filter(among)
	if err != nil {
		return err
	}
	pipeline := bson.A{stage("$match", live(filter))}
	if p := projection(e, q.Fields, orderFields(q, by)...); p != nil {
		pipeline = append(pipeline, stage("$project", p))
	}
	top := bson.D{{Key: "n", Value: q.Limit}, {Key: "sortBy", Value: sorting(documents.PageOrders(q))}, {Key: "output", Value: "$$ROOT"}}
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
func (s *Store) slice(ctx context.Context, e *entity, q documents.Query, by string, among documents.Filter, out map[string][]documents.Document) error {
	o := options.Find().SetSort(sorting(documents.PageOrders(q))).SetLimit(maxScan + 1)
	read := 0
	err := s.passing(ctx, e, among, o, q.Fields, []string{by}, func(d documents.Document, raw bson.Raw) {
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
func (s *Store) CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	e, err := s.checked(q.Entity, q.Filter)
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
	among := ofKeys(by, keys, q.Filter)
	if _, rest := s.split(among); rest != nil {
		err := s.passing(ctx, e, among, options.Find(), []string{by}, nil, func(d documents.Document, _ bson.Raw) { out[d.Fields[by].(string)]++ })
		return out, err
	}
	filter, err := s.filter(among)
	if err != nil {
		return nil, err
	}
	cursor, err := e.docs.Aggregate(ctx, bson.A{
		stage("$match", live(filter)),
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
