package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
)

// row is what every read scans.
type row struct {
	id, created, updated, sources, body string
	version                             int64
	deleted                             bool
}

func (r *row) dest() []any {
	return []any{&r.id, &r.version, &r.created, &r.updated, &r.deleted, &r.sources, &r.body}
}

// document decodes a row: all fields and the sources, or only the fields named.
func (s *Store) document(t *table, r *row, fields []string) (documents.Document, error) {
	d := documents.Document{ID: r.id, Version: r.version, Deleted: r.deleted}
	e, version := t.entity, int64(0)
	if t.past {
		version = r.version
	}
	var err error
	if d.CreatedAt, err = decodeTime(r.created); err != nil {
		return d, unreadable(e, d.ID, version, documents.FieldCreatedAt, err)
	}
	if d.UpdatedAt, err = decodeTime(r.updated); err != nil {
		return d, unreadable(e, d.ID, version, documents.FieldUpdatedAt, err)
	}
	var field string
	if d.Fields, field, err = s.record(e, r.body, fields); err != nil {
		return d, unreadable(e, d.ID, version, field, err)
	}
	if fields == nil {
		if d.Sources, err = decodeSources(r.sources); err != nil {
			return d, unreadable(e, d.ID, version, "_sources", err)
		}
	}
	return d, nil
}

// documents runs a query that gives the table's columns.
func (s *Store) documents(ctx context.Context, t *table, text string, args []any, fields []string, each func(documents.Document)) error {
	var r row
	return s.rows(ctx, t, &r, r.dest(), text, args, fields, each)
}

// rows runs a query that gives what dest, of r among others, is for.
func (s *Store) rows(ctx context.Context, t *table, r *row, dest []any, text string, args []any, fields []string, each func(documents.Document)) error {
	err := s.queries.query(ctx, text, args, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		d, err := s.document(t, r, fields)
		if err == nil {
			each(d)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s in SQLite: %w", t.Plural, err)
	}
	return nil
}

// Load implements documents.Store.
func (s *Store) Load(ctx context.Context, entity string, ids []string, fields []string) (map[string]documents.Document, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	out := make(map[string]documents.Document, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	text, arg := "SELECT "+columns+" FROM "+e.table+" WHERE _id = ?", ids[0]
	if len(ids) > 1 {
		text, arg = "SELECT "+columns+" FROM "+e.table+" WHERE _id IN (SELECT value FROM json_each(?))", jsonKeys(ids)
	}
	err = s.documents(ctx, e.now(), text, []any{arg}, fields, func(d documents.Document) { out[d.ID] = d })
	return out, err
}

// List implements documents.Store.
func (s *Store) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	t, err := s.checked(q)
	if err != nil {
		return nil, err
	}
	out := make([]documents.Document, 0, min(q.Limit, 100))
	for _, r := range documents.PageRanges(q) {
		if len(out) == q.Limit {
			break
		}
		before := documents.IDs(out)
		c := s.listing(t, r, q.Limit) // some may be among those before
		err = s.documents(ctx, t, c.sql.String(), c.args, q.Fields, func(d documents.Document) {
			if len(out) < q.Limit && !before[d.ID] {
				out = append(out, d)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if q.Last {
		slices.Reverse(out)
	}
	return out, nil
}

// listing is the statement for one range of a page.
func (s *Store) listing(t *table, r documents.PageRange, limit int) *compiler {
	c := &compiler{from: t, model: s.model}
	c.text("SELECT ", t.columns, " FROM ", t.name, " WHERE ")
	c.lived()
	c.filter(r.Filter)
	c.text(" ORDER BY ")
	c.orders(r.Orders)
	c.text(" LIMIT ?")
	c.args = append(c.args, limit)
	return c
}

func (s *Store) checked(q documents.Query) (*table, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	t := e.as(q.AsOf)
	t.gone = q.Gone
	return t, documents.CheckQuery(s.model, e.Entity, q)
}

func (s *Store) counted(q documents.CountQuery) (*table, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	return e.as(q.AsOf), documents.CheckCount(s.model, e.Entity, q)
}

// orders writes a complete order. SQLite puts nulls first ascending and last descending, as the contract does.
func (c *compiler) orders(os []documents.Order) {
	for i, o := range os {
		if i > 0 {
			c.text(", ")
		}
		c.text(c.from.expr(o.Field))
		if o.Desc {
			c.text(" DESC")
		}
	}
}

// Count implements documents.Store.
func (s *Store) Count(ctx context.Context, q documents.CountQuery) (int64, error) {
	t, err := s.counted(q)
	if err != nil {
		return 0, err
	}
	c := compiler{from: t, model: s.model}
	c.text("SELECT count(*) FROM (SELECT 1 FROM ", t.name, " WHERE ")
	c.lived()
	c.filter(q.Filter)
	c.text(" LIMIT ?)")
	c.args = append(c.args, bound(q.Limit))
	var n int64
	err = s.queries.query(ctx, c.sql.String(), c.args, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// bound is the LIMIT of a count; -1 is none.
func bound(limit int64) int64 {
	if limit <= 0 {
		return -1
	}
	return limit
}

// ListBy implements documents.Store.
func (s *Store) ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	t, err := s.checked(q)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(t.Entity, by); err != nil {
		return nil, err
	}
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	c := s.listingBy(t, q, by, keys)
	out := make(map[string][]documents.Document, len(keys))
	var r row
	var key string
	err = s.rows(ctx, t, &r, append(r.dest(), &key), c.sql.String(), c.args, q.Fields, func(d documents.Document) { out[key] = append(out[key], d) })
	if q.Last {
		for _, ds := range out {
			slices.Reverse(ds)
		}
	}
	return out, err
}

// listingBy is the statement for a page of each key. The inner query finds the rows of its page, by the index on (ref, _id), and stops at the limit where that is the
// order too; only the rows of pages are read whole.
func (s *Store) listingBy(t *table, q documents.Query, by string, keys []string) *compiler {
	c := &compiler{from: t, model: s.model, args: []any{jsonKeys(keys)}}
	c.text("SELECT ", t.columns, ", k.value FROM json_each(?) k CROSS JOIN ", t.name, " d ON d.rowid IN (SELECT rowid FROM ", t.name, " WHERE ", t.expr(by), " = k.value AND ")
	c.lived()
	c.filter(documents.PageFilter(q))
	q.Filter = documents.And{documents.Compare{Field: by, Value: ""}, q.Filter} // of one key
	sort := documents.PageSort(q)
	c.text(" ORDER BY ")
	c.orders(sort)
	c.text(" LIMIT ?) ORDER BY k.key, ")
	c.args = append(c.args, q.Limit)
	c.orders(sort)
	return c
}

// CountBy implements documents.Store.
func (s *Store) CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	t, err := s.counted(q)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(t.Entity, by); err != nil {
		return nil, err
	}
	c := compiler{from: t, model: s.model}
	c.text("SELECT k.value, (SELECT count(*) FROM (SELECT 1 FROM ", t.name, " WHERE ", t.expr(by), " = k.value AND ")
	c.lived()
	c.filter(q.Filter)
	c.text(" LIMIT ?)) FROM json_each(?) k")
	c.args = append(c.args, bound(q.Limit), jsonKeys(keys))
	out := make(map[string]int64, len(keys))
	err = s.queries.query(ctx, c.sql.String(), c.args, func(rows *sql.Rows) error {
		var k string
		var n int64
		err := rows.Scan(&k, &n)
		out[k] = n
		return err
	})
	return out, err
}
