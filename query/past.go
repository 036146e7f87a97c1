package query

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// then are the reads of an instant that has passed: what a documents.Store would have answered. The archive has no copies: they are taken from the versions that
// their sources had then, or, of sources that were gone by then, from those that they had last.
type then struct {
	engine *Engine
	at     time.Time
	last   *computed // what was computed last, if it is one list's alone, see moment.alone; else nil
}

// past is the moment of an instant; everything that happened up to it must be consolidated (WaitPast).
func (e *Engine) past(at time.Time) moment {
	t := &then{engine: e, at: at}
	return moment{reads: t, model: e.cfg.Model, bound: e.cfg.MaxLookup, secret: e.secret, past: t, allow: e.allow}
}

// instant keeps a client's instant from being taken for the zero time, which is now.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return t.Add(1)
	}
	return t
}

// final waits until what was at an instant never changes any more. nil is now, which is not waited for.
func (e *Engine) final(ctx context.Context, at *time.Time) (moment, error) {
	if at == nil {
		return e.now(), nil
	}
	then := instant(*at)
	if err := e.WaitPast(ctx, then); err != nil {
		return moment{}, err
	}
	return e.past(then), nil
}

// GetAsOf is Get of what was at an instant, and so is everything that the selection reaches. It waits until that is consolidated, as WaitPast does. Without an
// instant (nil) it is Get.
func (e *Engine) GetAsOf(ctx context.Context, at *time.Time, entity *schema.Entity, id string, s *Selection) (*Node, error) {
	m, err := e.final(ctx, at)
	if err != nil {
		return nil, err
	}
	return e.get(ctx, m, entity, id, s)
}

// ListAsOf is List of what was at an instant, see GetAsOf. Its cursors are for lists of the same instant.
func (e *Engine) ListAsOf(ctx context.Context, at *time.Time, entity *schema.Entity, args ListArgs, c Connection) (*Page, error) {
	m, err := e.final(ctx, at)
	if err != nil {
		return nil, err
	}
	return e.list(ctx, m, entity, args, c)
}

// HistoryAsOf is History up to an instant, see GetAsOf.
func (e *Engine) HistoryAsOf(ctx context.Context, at *time.Time, entity *schema.Entity, id string, h HistorySelection) ([]Entry, error) {
	m, err := e.final(ctx, at)
	if err != nil {
		return nil, err
	}
	return e.history(ctx, entity, id, h, m.asOf())
}

// Load implements reads.
func (t *then) Load(ctx context.Context, entity string, ids, fields []string) (map[string]documents.Document, error) {
	if v := t.engine.cfg.Model.View(entity); v != nil {
		return t.loadView(ctx, v, ids)
	}
	c := t.copiesOf(entity, fields)
	docs, err := t.engine.cfg.Store.LoadAsOf(ctx, entity, ids, c.own, t.at)
	if err != nil {
		return nil, err
	}
	return docs, c.fill(ctx, slices.Collect(maps.Values(docs)))
}

// List implements reads. The query must name no copies but in Fields.
func (t *then) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	if v := t.engine.cfg.Model.View(q.Entity); v != nil {
		return t.listView(ctx, v, q)
	}
	c := t.copiesOf(q.Entity, q.Fields)
	q.AsOf, q.Fields = t.at, c.own
	docs, err := t.engine.cfg.Store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	return docs, c.fill(ctx, docs)
}

// ListBy implements reads, as List.
func (t *then) ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	if v := t.engine.cfg.Model.View(q.Entity); v != nil {
		return t.listViewBy(ctx, v, q, by, keys)
	}
	c := t.copiesOf(q.Entity, q.Fields)
	q.AsOf, q.Fields = t.at, c.own
	lists, err := t.engine.cfg.Store.ListBy(ctx, q, by, keys)
	if err != nil {
		return nil, err
	}
	return lists, c.fill(ctx, slices.Concat(slices.Collect(maps.Values(lists))...))
}

// Count implements reads, as List.
func (t *then) Count(ctx context.Context, q documents.CountQuery) (int64, error) {
	if v := t.engine.cfg.Model.View(q.Entity); v != nil {
		docs, err := t.viewDocuments(ctx, v, q.Filter)
		return counted(docs, q.Limit), err
	}
	q.AsOf = t.at
	return t.engine.cfg.Store.Count(ctx, q)
}

// CountBy implements reads, as List.
func (t *then) CountBy(ctx context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	if v := t.engine.cfg.Model.View(q.Entity); v != nil {
		lists, err := t.viewDocumentsBy(ctx, v, q.Filter, by, keys)
		counts := make(map[string]int64, len(lists))
		for key, docs := range lists {
			counts[key] = counted(docs, q.Limit)
		}
		return counts, err
	}
	q.AsOf = t.at
	return t.engine.cfg.Store.CountBy(ctx, q, by, keys)
}

// gone returns tombstones of an instant as they last lived, and whether there are more than the limit: then not all.
func (t *then) gone(ctx context.Context, entity string, limit int) (docs []documents.Document, more bool, err error) {
	dead, err := t.engine.cfg.Store.List(ctx, documents.Query{Entity: entity, AsOf: t.at, Gone: true, Limit: limit, Fields: []string{}})
	if err != nil || len(dead) == 0 {
		return nil, false, err
	}
	if len(dead) == limit { // there may be more: who asks has a bound far above what is found
		return nil, true, nil
	}
	last, err := documents.LastLives(ctx, t.engine.cfg.Store, entity, dead)
	for _, d := range dead {
		if v, ok := last[d.ID]; ok {
			docs = append(docs, documents.Document{ID: v.ID, Version: v.Version, CreatedAt: v.CreatedAt, UpdatedAt: v.At, Fields: v.State})
		}
	}
	return docs, false, err
}

// copying takes copies of some documents from their sources.
type copying struct {
	*then
	entity *schema.Entity
	own    []string                   // the fields to read of the documents themselves, nil for all
	via    map[string][]*schema.Field // the copies, by the ref that they come through
}

// copiesOf parts the fields that are asked for, nil for all, into own fields and copies.
func (t *then) copiesOf(entity string, fields []string) *copying {
	c := &copying{then: t, entity: t.engine.cfg.Model.Entity(entity), via: map[string][]*schema.Field{}}
	if c.entity == nil {
		return c // the store says so
	}
	for _, f := range c.entity.Fields {
		if f.Copy != nil && (fields == nil || slices.Contains(fields, f.Name)) {
			c.via[f.Copy.Via] = append(c.via[f.Copy.Via], f)
		}
	}
	if fields == nil {
		return c
	}
	c.own = []string{}
	for _, name := range fields {
		if f := c.entity.Field(name); f == nil || f.Copy == nil {
			c.own = append(c.own, name)
		}
	}
	for via := range c.via {
		if !slices.Contains(c.own, via) {
			c.own = append(c.own, via)
		}
	}
	return c
}

// fill sets the copies of documents: one read for each ref, and one more if sources were deleted.
func (c *copying) fill(ctx context.Context, docs []documents.Document) error {
	for _, via := range slices.Sorted(maps.Keys(c.via)) {
		ids := idsIn(docs, via)
		if len(ids) == 0 {
			continue
		}
		sources, err := c.sources(ctx, via, ids)
		if err != nil {
			return err
		}
		for _, d := range docs {
			id, _ := d.Fields[via].(string)
			for _, f := range c.via[via] {
				if v := sources[id][f.Copy.Field]; v != nil {
					d.Fields[f.Name] = v
				}
			}
		}
	}
	return nil
}

// sources returns what can be copied through a ref, by the sources' ids.
func (c *copying) sources(ctx context.Context, via string, ids []string) (map[string]schema.Record, error) {
	fields := make([]string, len(c.via[via]))
	for i, f := range c.via[via] {
		fields[i] = f.Copy.Field
	}
	source := c.entity.Field(via).Ref.Entity
	docs, err := c.engine.cfg.Store.LoadAsOf(ctx, source, ids, fields, c.at)
	if err != nil {
		return nil, err
	}
	out := make(map[string]schema.Record, len(docs))
	var dead []documents.Document
	for id, d := range docs {
		if d.Deleted {
			dead = append(dead, d)
		} else {
			out[id] = d.Fields
		}
	}
	last, err := documents.LastLives(ctx, c.engine.cfg.Store, source, dead)
	for id, v := range last {
		out[id] = v.State
	}
	return out, err
}
