package export

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// DocumentsQuery says which documents to export.
type DocumentsQuery struct {
	Model  *schema.Model
	Entity *schema.Entity
	Filter documents.Filter // nil for all
	Fields []string         // as the API calls them, behind id, which is always there; none for all
	After  string           // the id to begin behind; "" for the beginning
}

// DocumentsResult is what became of an export of documents. It is right also if Documents failed.
type DocumentsResult struct {
	Rows int64
	Last string // the id that was written last: what to continue behind; DocumentsQuery.After if there was none
}

// Bounds of what is read at once.
const (
	firstPage = 100
	maxPage   = 1000
	pageBytes = 4 << 20 // how much a page has, about
)

// Documents writes the documents of one entity by id: as they are when they are read, which is not one instant for all. It ends with the first error, ctx's too.
func Documents(ctx context.Context, store documents.Store, q DocumentsQuery, out *Output) (DocumentsResult, error) {
	result := DocumentsResult{Last: q.After}
	columns, err := columnsOf(q.Entity, q.Fields)
	if err != nil {
		return result, err
	}
	x := &documentsExport{query: q, columns: columns, page: firstPage}
	w := newWriter(out, namesOf(columns))
	if err := w.flush(); err != nil { // the header
		return result, err
	}
	total := x.count(ctx, store)
	for {
		ds, err := store.List(ctx, x.next(result.Last))
		if err != nil {
			return result, err
		}
		size, err := x.write(w, ds)
		if err != nil {
			return result, err
		}
		if len(ds) > 0 {
			result.Rows, result.Last = result.Rows+int64(len(ds)), ds[len(ds)-1].ID
		}
		out.progress(result.Rows, total)
		if len(ds) < x.page {
			return result, nil
		}
		x.page = min(max(pageBytes/(size/len(ds)+1), 1), maxPage)
	}
}

// documentsExport is an export on its way.
type documentsExport struct {
	query   DocumentsQuery
	columns []column
	page    int // how many documents are read next
}

// next returns what to read behind an id.
func (x *documentsExport) next(last string) documents.Query {
	q := documents.Query{Entity: x.query.Entity.Name, Filter: x.query.Filter, Limit: x.page}
	if last != "" {
		q.After = []any{last}
	}
	if x.query.Fields != nil {
		q.Fields = []string{}
		for _, c := range x.columns {
			if !c.system && !slices.Contains(q.Fields, c.stored) {
				q.Fields = append(q.Fields, c.stored)
			}
		}
	}
	return q
}

// write writes a page whole, and returns how many bytes it has.
func (x *documentsExport) write(w *writer, ds []documents.Document) (size int, err error) {
	values := make([]value, len(x.columns))
	for i := range ds {
		for c := range x.columns {
			if values[c], err = x.columns[c].of(x.query.Model, &ds[i]); err != nil {
				return 0, fmt.Errorf("%s %s: %s: %w", x.query.Entity.Name, ds[i].ID, x.columns[c].name, err)
			}
		}
		w.add(values)
	}
	size = len(w.buf)
	return size, w.flush()
}

// How many documents are counted, and for how long, to say how far the export is.
const (
	countBound    = 10_000_000
	countPatience = 2 * time.Second
)

// count returns how many documents there are to write, 0 if it can't be said soon enough.
func (x *documentsExport) count(ctx context.Context, store documents.Store) int64 {
	ctx, cancel := context.WithTimeout(ctx, countPatience)
	defer cancel()
	f := x.query.Filter
	if x.query.After != "" {
		behind := documents.Compare{Field: documents.FieldID, Op: documents.Gt, Value: x.query.After}
		if f = behind; x.query.Filter != nil {
			f = documents.And{x.query.Filter, behind}
		}
	}
	n, err := store.Count(ctx, documents.CountQuery{Entity: x.query.Entity.Name, Filter: f, Limit: countBound})
	if err != nil || n == countBound {
		return 0
	}
	return n
}

// column is one value of documents.
type column struct {
	name   string // as the API calls it
	stored string
	system bool // what every document has
	t      schema.Type
}

var systemColumns = []column{
	{name: "id", stored: documents.FieldID, system: true},
	{name: "version", stored: documents.FieldVersion, system: true},
	{name: "createdAt", stored: documents.FieldCreatedAt, system: true},
	{name: "updatedAt", stored: documents.FieldUpdatedAt, system: true},
}

// columnsOf returns the columns of these names, all if there are none. That of the id is the first.
func columnsOf(e *schema.Entity, names []string) ([]column, error) {
	all := slices.Clone(systemColumns)
	for _, f := range documents.StoredFields(e) {
		all = append(all, column{name: apiName(f), stored: f.Name, t: f.Type})
	}
	if names == nil {
		return all, nil
	}
	out := []column{all[0]}
	for _, name := range names {
		i := slices.IndexFunc(all, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, usage("%s has no field %q: name some of %s", e.Name, name, strings.Join(namesOf(all), ", "))
		}
		if slices.ContainsFunc(out, func(c column) bool { return c.name == name }) && name != "id" {
			return nil, usage("the field %s is named twice", name)
		}
		if name != "id" {
			out = append(out, all[i])
		}
	}
	return out, nil
}

func namesOf(columns []column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

// apiName returns what the API calls the value that is stored of a field: of a reference it is the id.
func apiName(f *schema.Field) string {
	if f.Ref != nil {
		return f.Name + "Id"
	}
	return f.Name
}

// of returns the column's value of a document.
func (c *column) of(m *schema.Model, d *documents.Document) (value, error) {
	switch c.stored {
	case documents.FieldID:
		return text(d.ID), nil
	case documents.FieldVersion:
		return number(d.Version), nil
	case documents.FieldCreatedAt:
		return text(scalar.NewDateTime(d.CreatedAt).String()), nil
	case documents.FieldUpdatedAt:
		return text(scalar.NewDateTime(d.UpdatedAt).String()), nil
	}
	v := d.Fields[c.stored]
	if v == nil {
		return value{}, nil
	}
	b, err := appendValue(nil, m, c.t, v)
	if err != nil {
		return value{}, err
	}
	if c.t.List || c.t.Kind == schema.KindJSON || len(b) == 0 || b[0] != '"' {
		return raw(b), nil
	}
	var s string
	err = json.Unmarshal(b, &s)
	return text(s), err
}

// appendValue writes a value as the API answers it.
func appendValue(b []byte, m *schema.Model, t schema.Type, v any) ([]byte, error) {
	items, isList := v.([]any)
	record, isRecord := v.(schema.Record)
	switch {
	case v == nil:
		return append(b, "null"...), nil
	case t.List && isList:
		return appendList(b, m, t, items)
	case !t.List && t.Kind == schema.KindObject && isRecord:
		return appendObject(b, m, m.Object(t.Name), record)
	}
	raw, err := m.EncodeStored(t, v)
	if err == nil && t.Kind == schema.KindLong && !t.List {
		return append(append(append(b, '"'), raw...), '"'), nil
	}
	return append(b, raw...), err
}

func appendList(b []byte, m *schema.Model, t schema.Type, items []any) ([]byte, error) {
	t.List = false
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, m, t, item); err != nil {
			return b, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, m *schema.Model, o *schema.Object, r schema.Record) ([]byte, error) {
	b = append(b, '{')
	for i, f := range o.Fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSON(b, apiName(f)), ':')
		var err error
		if b, err = appendValue(b, m, f.Type, r[f.Name]); err != nil {
			return b, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return append(b, '}'), nil
}
