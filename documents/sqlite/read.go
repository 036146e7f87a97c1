package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
)

const columns = "_id, _version, _created, _updated, _deleted, sources, body"

// row is what every read scans: the columns, and with ListBy the key.
type row struct {
	id, created, updated, sources, body string
	version                             int64
	deleted                             bool
	by                                  string
}

func (r *row) dest() []any {
	return []any{&r.id, &r.version, &r.created, &r.updated, &r.deleted, &r.sources, &r.body}
}

// document decodes a row: all fields and the sources, or only the fields named.
func (s *Store) document(e *entity, r *row, fields []string) (documents.Document, error) {
	d := documents.Document{ID: r.id, Version: r.version, Deleted: r.deleted}
	var err error
	if d.CreatedAt, err = decodeTime(r.created); err != nil {
		return d, unreadable(e, d.ID, 0, documents.FieldCreatedAt, err)
	}
	if d.UpdatedAt, err = decodeTime(r.updated); err != nil {
		return d, unreadable(e, d.ID, 0, documents.FieldUpdatedAt, err)
	}
	var field string
	if d.Fields, field, err = s.record(e, r.body, fields); err != nil {
		return d, unreadable(e, d.ID, 0, field, err)
	}
	if fields == nil {
		if d.Sources, err = decodeSources(r.sources); err != nil {
			return d, unreadable(e, d.ID, 0, "_sources", err)
		}
	}
	return d, nil
}

// documents runs a query that gives the columns, and after them the key if it begins with selectBy.
func (s *Store) documents(ctx context.Context, e *entity, text string, args []any, fields []string, each func(documents.Document, *row)) error {
	var r row
	dest := r.dest()
	if strings.HasPrefix(text, selectBy) {
		dest = append(dest, &r.by)
	}
	err := s.queries.query(ctx, text, args, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		d, err := s.document(e, &r, fields)
		if err == nil {
			each(d, &r)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s in SQLite: %w", e.Plural, err)
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
	err = s.documents(ctx, e, text, []any{arg}, fields, func(d documents.Document, _ *row) { out[d.ID] = d })
	return out, err
}

// List implements documents.Store.
func (s *Store) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	e, err := s.checked(q)
	if err != nil {
		return nil, err
	}
	out := make([]documents.Document, 0, min(q.Limit, 100))
	for _, r := range documents.PageRanges(q) {
		if len(out) == q.Limit {
			break
		}
		before := documents.IDs(out)
		c := compiler{e: e, model: s.model}
		c.text("SELECT ", columns, " FROM ", e.table, " WHERE _deleted=0 AND ")
		c.filter(r.Filter)
		c.text(" ORDER BY ")
		c.orders(r.Orders)
		c.text(" LIMIT ?")
		c.args = append(c.args, q.Limit) // some may be among those before
		err = s.documents(ctx, e, c.sql.String(), c.args, q.Fields, func(d documents.Document, _ *row) {
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

func (s *Store) checked(q documents.Query) (*entity, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	return e, documents.CheckQuery(s.model, e.Entity, q)
}

// orders writes a complete order. SQLite puts nulls first ascending and last descending, as the contract does.
func (c *compiler) orders(os []documents.Order) {
	for i, o := range os {
		if i > 0 {
			c.text(", ")
		}
		c.text(c.e.expr(o.Field))
		if o.Desc {
			c.text(" DESC")
		}
	}
}

// Count implements documents.Store.
func (s *Store) Count(ctx context.Context, q documents.CountQuery) (int64, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return 0, err
	}
	if err := documents.CheckFilter(s.model, e.Entity, q.Filter); err != nil {
		return 0, err
	}
	c := compiler{e: e, model: s.model}
	c.text("SELECT count(*) FROM (SELECT 1 FROM ", e.table, " WHERE _deleted=0 AND ")
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

// selectBy begins the query of ListBy, whose last column is the key.
const selectBy = "SELECT " + columns + ", k.value FROM "

// ListBy implements documents.Store. For each key the inner query finds the rows of its page, by the index on (ref, _id), and stops at the
// limit where that is the order too; only the rows of pages are read whole.
func (s *Store) ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	e, err := s.checked(q)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(e.Entity, by); err != nil {
		return nil, err
	}
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	c := compiler{e: e, model: s.model, args: []any{jsonKeys(keys)}}
	c.text(selectBy, "json_each(?) k CROSS JOIN ", e.table, " d ON d.rowid IN (SELECT rowid FROM ", e.table, " WHERE ", e.expr(by), " = k.value AND _deleted=0 AND ")
	c.filter(documents.PageFilter(q))
	c.text(" ORDER BY ")
	c.orders(documents.PageOrders(q))
	c.text(" LIMIT ?) ORDER BY k.key, ")
	c.args = append(c.args, q.Limit)
	c.orders(documents.PageOrders(q))
	out := make(map[string][]documents.Document, len(keys))
	err = s.documents(ctx, e, c.sql.String(), c.args, q.Fields, func(d documents.Document, r *row) { out[r.by] = append(out[r.by], d) })
	if q.Last {
		for _, ds := range out {
			slices.Reverse(ds)
		}
	}
	return out, err
}

// CountBy implements documents.Store.
func (s *Store) CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(e.Entity, by); err != nil {
		return nil, err
	}
	if err := documents.CheckFilter(s.model, e.Entity, q.Filter); err != nil {
		return nil, err
	}
	c := compiler{e: e, model: s.model}
	c.text("SELECT k.value, (SELECT count(*) FROM (SELECT 1 FROM ", e.table, " WHERE ", e.expr(by), " = k.value AND _deleted=0 AND ")
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
