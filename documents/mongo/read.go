package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
)

// Load implements documents.Store.
func (s *Store) Load(ctx context.Context, entity string, ids []string, fields []string) (map[string]documents.Document, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	out := make(map[string]documents.Document, len(ids))
	switch len(ids) {
	case 0:
		return out, nil
	case 1:
		d, err := s.loadOne(ctx, e, ids[0], fields)
		if d != nil {
			out[d.ID] = *d
		}
		return out, err
	}
	t := e.now()
	o := options.Find().SetProjection(t.projection(fields))
	err = s.find(ctx, t, where(documents.FieldID, "$in", ids), o, func(d documents.Document, _ bson.Raw) { out[d.ID] = d })
	return out, err
}

// loadOne returns nil for a document that isn't there.
func (s *Store) loadOne(ctx context.Context, e *entity, id string, fields []string) (*documents.Document, error) {
	raw, err := e.docs.FindOne(ctx, bson.D{{Key: documents.FieldID, Value: id}}, options.FindOne().SetProjection(e.now().projection(fields))).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil //nolint:nilnil // none
	}
	if err != nil {
		return nil, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	d, err := s.document(e, raw)
	return &d, err
}

// find runs a query and hands over each document; raw is valid during the call.
func (s *Store) find(ctx context.Context, t *table, filter bson.D, o *options.FindOptionsBuilder, each func(documents.Document, bson.Raw)) error {
	cursor, err := t.in.Find(ctx, filter, o)
	if err != nil {
		return fmt.Errorf("%s in MongoDB: %w", t.Plural, err)
	}
	return s.drain(ctx, t, cursor, each)
}

// closingTime bounds how long it is tried to close a cursor.
const closingTime = 2 * time.Second

// closeCursor closes a cursor, also if the context has ended, before which it may not have been read to its end: the server would keep it for 10 minutes.
func closeCursor(ctx context.Context, cursor *mongo.Cursor) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer stop()
	_ = cursor.Close(ctx) // nobody waits for it
}

func (s *Store) drain(ctx context.Context, t *table, cursor *mongo.Cursor, each func(documents.Document, bson.Raw)) error {
	defer closeCursor(ctx, cursor)
	for cursor.Next(ctx) {
		d, err := t.document(s, cursor.Current)
		if err != nil {
			return err
		}
		each(d, cursor.Current)
	}
	if err := cursor.Err(); err != nil {
		return fmt.Errorf("%s in MongoDB: %w", t.Plural, err)
	}
	return nil
}

// List implements documents.Store. The first two ranges of a page are read at once: the first is what is level with the key, which mostly is nothing.
func (s *Store) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	t, err := s.page(q)
	if err != nil {
		return nil, err
	}
	p, err := s.list(ctx, t, q, q.Limit)
	if err == nil && p.short() {
		p, err = s.list(ctx, t, q, 2*q.Limit)
	}
	if err != nil {
		return nil, err
	}
	out := p.out[""]
	if q.Last {
		slices.Reverse(out)
	}
	return out, nil
}

// list reads a page, under the key "", of ranges of so many documents at most.
func (s *Store) list(ctx context.Context, t *table, q documents.Query, limit int) (*pages, error) {
	p := newPages(q.Limit)
	ranges := documents.PageRanges(q)
	for together := 2; len(ranges) > 0 && len(p.out[""]) < q.Limit; together = 1 {
		n := min(together, len(ranges))
		pieces, err := s.ranges(ctx, t, q, ranges[:n], limit)
		if err != nil {
			return nil, err
		}
		for _, piece := range pieces {
			for _, d := range piece {
				p.add("", d)
			}
		}
		ranges = ranges[n:]
	}
	return p, nil
}

// ranges reads ranges of a page at the same time, each up to the limit: some may be among those of another.
func (s *Store) ranges(ctx context.Context, t *table, q documents.Query, ranges []documents.PageRange, limit int) ([][]documents.Document, error) {
	out := make([][]documents.Document, len(ranges))
	g, ctx := errgroup.WithContext(ctx)
	for i, r := range ranges {
		g.Go(func() error {
			o := options.Find().SetSort(t.sorting(r.Orders)).SetLimit(int64(limit))
			return s.passing(ctx, t, r.Filter, o, q.Fields, nil, func(d documents.Document, _ bson.Raw) {
				if len(out[i]) < limit { // what is decided here has no limit in MongoDB
					out[i] = append(out[i], d)
				}
			})
		})
	}
	return out, g.Wait()
}

// page checks a query.
func (s *Store) page(q documents.Query) (*table, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	t := e.as(q.AsOf)
	t.gone = q.Gone
	return t, documents.CheckQuery(s.model, e.Entity, q)
}

// sorting is a complete order. Missing sorts before every value ascending, as the contract wants. A field can only be named once.
func (t *table) sorting(orders []documents.Order) bson.D {
	var out bson.D
	for _, o := range orders {
		direction := 1
		if o.Desc {
			direction = -1
		}
		key := t.key(o.Field)
		if !slices.ContainsFunc(out, func(el bson.E) bool { return el.Key == key }) {
			out = append(out, bson.E{Key: key, Value: direction})
		}
	}
	return out
}

// Count implements documents.Store.
func (s *Store) Count(ctx context.Context, q documents.CountQuery) (int64, error) {
	t, err := s.checked(q)
	if err != nil {
		return 0, err
	}
	if _, rest := s.split(q.Filter); rest != nil {
		n := int64(0)
		err := s.passing(ctx, t, q.Filter, options.Find(), nil, nil, func(documents.Document, bson.Raw) { n++ })
		return atMost(n, q.Limit), err
	}
	filter, err := t.filter(s, q.Filter)
	if err != nil {
		return 0, err
	}
	o := options.Count()
	if q.Limit > 0 {
		o.SetLimit(q.Limit)
	}
	n, err := t.in.CountDocuments(ctx, t.lived(filter), o)
	if err != nil {
		return 0, fmt.Errorf("%s in MongoDB: %w", t.Plural, err)
	}
	return n, nil
}

func atMost(n, limit int64) int64 {
	if limit > 0 {
		return min(n, limit)
	}
	return n
}

func (s *Store) checked(q documents.CountQuery) (*table, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	return e.as(q.AsOf), documents.CheckCount(s.model, e.Entity, q)
}
