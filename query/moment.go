package query

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// reads is what a moment is asked: a documents.Store, or what answers as one did at an instant.
type reads interface {
	Load(ctx context.Context, entity string, ids, fields []string) (map[string]documents.Document, error)
	List(ctx context.Context, q documents.Query) ([]documents.Document, error)
	ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error)
	Count(ctx context.Context, q documents.CountQuery) (int64, error)
	CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error)
}

// moment is when a read takes place. All that a read looks up through refs is of the same moment.
type moment struct {
	reads
	model  *schema.Model
	copies bool                                  // stores know the documents' copies, in filters and orders too
	bound  int                                   // how many documents one look through refs may find, at most documents.MaxLimit
	past   *then                                 // of an instant that has passed; nil is now
	secret func(context.Context) ([]byte, error) // what cursors are sealed with
	allow  func(context.Context, scan) error     // refuses what no index serves
}

// now is the moment of the documents as they are.
func (e *Engine) now() moment {
	return moment{reads: e.cfg.Store, model: e.cfg.Model, copies: true, bound: e.cfg.MaxLookup, secret: e.secret, allow: e.allow}
}

// asOf is the instant, the zero time for now.
func (m moment) asOf() time.Time {
	if m.past == nil {
		return time.Time{}
	}
	return m.past.at
}

// all returns what matches a filter that stores know, by _id. more says that there is more than the bound: then it is not all.
func (m moment) all(ctx context.Context, entity string, f documents.Filter, fields []string) (docs []documents.Document, more bool, err error) {
	q := documents.Query{Entity: entity, Filter: f, Limit: m.bound, Fields: fields}
	if docs, err = m.List(ctx, q); err != nil || len(docs) < m.bound {
		return docs, false, err
	}
	q.After, q.Limit, q.Fields = []any{docs[len(docs)-1].ID}, 1, []string{}
	next, err := m.List(ctx, q)
	return docs, len(next) > 0, err
}

// there returns the entities of those ids that are there, by _id.
func (m moment) there(ctx context.Context, entity string, ids []string, fields []string) ([]documents.Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := m.Load(ctx, entity, ids, fields)
	if err != nil {
		return nil, err
	}
	out := make([]documents.Document, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if d := found[id]; !d.Deleted {
			out = append(out, d)
		}
	}
	return out, nil
}

// idsIn returns the ids that a ref of documents holds, each once and in order.
func idsIn(docs []documents.Document, ref string) []string {
	records := make([]schema.Record, len(docs))
	for i := range docs {
		records[i] = docs[i].Fields
	}
	return idsOf(records, ref)
}

// idsOf is idsIn for records.
func idsOf(records []schema.Record, ref string) []string {
	ids := map[string]bool{}
	for _, r := range records {
		if id, ok := r[ref].(string); ok {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// values returns for every document what stands at the paths, which are its own fields, or lead through refs: customer.region. What is null, or beyond a ref that
// leads to nothing, is absent. It costs one read for every ref on the way, however many documents there are. The documents must have been read with firsts(paths).
func (m moment) values(ctx context.Context, entity *schema.Entity, docs []documents.Document, paths []string) ([]schema.Record, error) {
	out := make([]schema.Record, len(docs))
	for i := range docs {
		out[i] = make(schema.Record, len(paths))
	}
	beyond := map[string][]string{} // by ref
	for _, path := range paths {
		if ref, rest, ok := strings.Cut(path, "."); ok {
			beyond[ref] = append(beyond[ref], rest)
			continue
		}
		for i := range docs {
			if v := docs[i].Value(path); v != nil {
				out[i][path] = v
			}
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(beyond)) {
		if err := m.valuesBeyond(ctx, entity.Field(ref), docs, beyond[ref], out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m moment) valuesBeyond(ctx context.Context, ref *schema.Field, docs []documents.Document, paths []string, out []schema.Record) error {
	target := m.model.Entity(ref.Ref.Entity)
	there, err := m.there(ctx, target.Name, idsIn(docs, ref.Name), firsts(paths))
	if err != nil {
		return err
	}
	found, err := m.values(ctx, target, there, paths)
	if err != nil {
		return err
	}
	byID := make(map[string]schema.Record, len(there))
	for i := range there {
		byID[there[i].ID] = found[i]
	}
	for i := range docs {
		id, _ := docs[i].Fields[ref.Name].(string)
		for path, v := range byID[id] {
			out[i][ref.Name+"."+path] = v
		}
	}
	return nil
}

// firsts returns the fields of a document that paths begin in, without those that every document is read with.
func firsts(paths []string) []string {
	out := []string{}
	for _, path := range paths {
		if first, _, _ := strings.Cut(path, "."); first[0] != '_' && !slices.Contains(out, first) {
			out = append(out, first)
		}
	}
	return out
}
