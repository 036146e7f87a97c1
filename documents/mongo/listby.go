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
	t, err := s.page(q)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(t.Entity, by); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return map[string][]documents.Document{}, nil
	}
	among := documents.Both(documents.InTexts(by, keys), documents.PageFilter(q))
	p := newPages(q.Limit)
	if !s.features.TopN {
		err = s.slice(ctx, t, q, by, among, p)
	} else if err = s.topN(ctx, t, q, by, among, q.Limit, p); err == nil && p.short() {
		p = newPages(q.Limit)
		err = s.topN(ctx, t, q, by, among, 2*q.Limit, p)
	}
	if q.Last {
		for _, ds := range p.out {
			slices.Reverse(ds)
		}
	}
	return p.out, err
}

// topN has the server keep the first n of every group.
func (s *Store) topN(ctx context.Context, t *table, q documents.Query, by string, among documents.Filter, n int, p *pages) error {
	pipeline, err := s.topNPipeline(t, q, by, among, n)
	if err != nil {
		return err
	}
	cursor, err := t.in.Aggregate(ctx, pipeline)
	if err != nil {
		return fmt.Errorf("%s in MongoDB: %w", t.Plural, err)
	}
	return s.drain(ctx, t, cursor, func(d documents.Document, raw bson.Raw) {
		k, _ := t.stored(raw, by).StringValueOK()
		p.add(k, d)
	})
}

func (s *Store) topNPipeline(t *table, q documents.Query, by string, among documents.Filter, n int) (bson.A, error) {
	filter, err := t.filter(s, among)
	if err != nil {
		return nil, err
	}
	pipeline := bson.A{stage("$match", t.lived(filter))}
	if p := t.projection(q.Fields, orderFields(q, by)...); p != nil {
		pipeline = append(pipeline, stage("$project", p))
	}
	return append(pipeline, firstOfEach(t.key(by), t.sorting(documents.PageOrders(q)), n)...), nil
}

// firstOfEach are the stages that keep the first of every group, n at most.
func firstOfEach(by string, order bson.D, n int) bson.A {
	top := bson.D{{Key: "n", Value: n}, {Key: "sortBy", Value: order}, {Key: "output", Value: "$$ROOT"}}
	return bson.A{
		stage("$group", bson.D{{Key: "_id", Value: "$" + by}, {Key: "top", Value: stage("$topN", top)}}),
		stage("$unwind", "$top"),
		stage("$replaceRoot", bson.D{{Key: "newRoot", Value: "$top"}}),
	}
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
func (s *Store) slice(ctx context.Context, t *table, q documents.Query, by string, among documents.Filter, p *pages) error {
	o := options.Find().SetSort(t.sorting(documents.PageOrders(q))).SetLimit(maxScan + 1).SetAllowDiskUse(true) // they may be over the 100 MB that are sorted without
	read := 0
	err := s.passing(ctx, t, among, o, q.Fields, []string{by}, func(d documents.Document, raw bson.Raw) {
		read++
		k, _ := t.stored(raw, by).StringValueOK()
		p.add(k, d)
	})
	if err == nil && read > maxScan {
		err = fmt.Errorf("%s by %s: over %d documents to choose from; MongoDB 5.2 or later reads only the pages", t.Plural, by, maxScan)
	}
	return err
}

// CountBy implements documents.Store.
func (s *Store) CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	t, err := s.checked(q)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(t.Entity, by); err != nil {
		return nil, err
	}
	out := make(map[string]int64, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	among := documents.Both(documents.InTexts(by, keys), q.Filter)
	if _, rest := s.split(among); rest != nil {
		err := s.passing(ctx, t, among, options.Find(), []string{by}, nil, func(d documents.Document, _ bson.Raw) { out[d.Fields[by].(string)]++ })
		return out, err
	}
	filter, err := t.filter(s, among)
	if err != nil {
		return nil, err
	}
	cursor, err := t.in.Aggregate(ctx, bson.A{
		stage("$match", t.lived(filter)),
		stage("$group", bson.D{{Key: "_id", Value: "$" + t.key(by)}, {Key: "n", Value: stage("$sum", 1)}}),
	})
	if err != nil {
		return nil, fmt.Errorf("%s in MongoDB: %w", t.Plural, err)
	}
	var groups []struct {
		ID string `bson:"_id"`
		N  int64  `bson:"n"`
	}
	if err := cursor.All(ctx, &groups); err != nil {
		return nil, fmt.Errorf("%s in MongoDB: %w", t.Plural, err)
	}
	for _, g := range groups {
		out[g.ID] = g.N
	}
	return out, nil
}
