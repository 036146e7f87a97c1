package consolidator

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// gather folds the batch's events by entity. The batch is cut short before the first event that can't be folded; if that is the first of
// all, it is the error.
func (b *batch) gather(ctx context.Context) error {
	befores, err := b.statesBefore(ctx)
	if err != nil {
		return err
	}
	groups := map[string]*group{}
	for i := range b.events {
		if err := b.add(groups, befores, &b.events[i]); err != nil {
			if i == 0 {
				return err
			}
			b.events = b.events[:i]
			return nil
		}
	}
	return nil
}

// cut leaves the first n events, at least one, in the batch.
func (b *batch) cut(n int) {
	seq := b.events[n].Seq
	b.events = b.events[:n]
	groups := b.groups[:0]
	for _, g := range b.groups {
		docs := g.docs[:0]
		for _, f := range g.docs {
			if f.cut(seq) {
				docs = append(docs, f)
			} else {
				delete(g.byID, f.ref.ID)
			}
		}
		if g.docs = docs; len(docs) > 0 {
			groups = append(groups, g)
		}
	}
	b.groups = groups
}

func (b *batch) add(groups map[string]*group, befores map[eventlog.Ref]*state, e *eventlog.Event) error {
	p := b.plans[e.Entity]
	if p == nil { // to go past it would leave it out for good
		return poisoned(e, "the model has no entity %s: is this process older than the one that wrote it?", e.Entity)
	}
	g := groups[e.Entity]
	if g == nil {
		g = &group{plan: p, byID: map[string]*folded{}}
	}
	f := g.byID[e.ID]
	if f == nil {
		f = &folded{ref: e.Ref(), before: befores[e.Ref()], touched: map[string]bool{}}
	}
	if f.before == nil && len(f.steps) == 0 && e.Version > 1 {
		return poisoned(e, "version %d of it is not in the archive", e.Version-1)
	}
	if err := f.fold(b.model, p, e); err != nil {
		return err
	}
	if len(f.steps) == 1 {
		g.byID[e.ID] = f
		g.docs = append(g.docs, f)
	}
	if groups[e.Entity] == nil {
		groups[e.Entity] = g
		b.groups = append(b.groups, g)
	}
	return nil
}

// statesBefore returns the states that the batch's entities were in before it: from memory, else from the archive, in one read per entity
// type. Entities that it creates have none.
func (b *batch) statesBefore(ctx context.Context) (map[eventlog.Ref]*state, error) {
	out := map[eventlog.Ref]*state{}
	seen := make(map[eventlog.Ref]bool, len(b.events))
	missing := map[string][]documents.VersionKey{}
	for i := range b.events {
		e := &b.events[i]
		ref := e.Ref()
		if seen[ref] {
			continue
		}
		seen[ref] = true
		if e.Version <= 1 || b.plans[e.Entity] == nil {
			continue
		}
		if s, ok := b.states.get(ref); ok && s.version == e.Version-1 {
			out[ref] = s
			continue
		}
		missing[e.Entity] = append(missing[e.Entity], documents.VersionKey{ID: e.ID, Version: e.Version - 1})
	}
	for entity, keys := range missing {
		if err := b.fromArchive(ctx, entity, keys, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *batch) fromArchive(ctx context.Context, entity string, keys []documents.VersionKey, out map[eventlog.Ref]*state) error {
	ask := keys
	for _, k := range keys {
		if k.Version > 1 {
			ask = append(ask, documents.VersionKey{ID: k.ID, Version: 1}) // says when it was created
		}
	}
	found, err := b.store.Versions(ctx, entity, ask)
	if err != nil {
		return err
	}
	for _, k := range keys {
		v, ok := found[k]
		first, created := found[documents.VersionKey{ID: k.ID, Version: 1}]
		if !ok || !created {
			continue
		}
		s := &state{version: v.Version, deleted: v.Deleted, createdAt: first.At, updatedAt: v.At, fields: v.State}
		if s.raws, err = b.plans[entity].encode(b.model, s.fields); err != nil {
			return &documents.UnreadableError{Entity: entity, ID: k.ID, Version: v.Version, Err: err}
		}
		out[eventlog.Ref{Entity: entity, ID: k.ID}] = s
	}
	return nil
}

// encode returns the values of the own fields as the log has them.
func (p *plan) encode(m *schema.Model, fields schema.Record) ([]json.RawMessage, error) {
	raws := make([]json.RawMessage, len(p.stored))
	for name, i := range p.own {
		if v := fields[name]; v != nil {
			var err error
			if raws[i], err = m.EncodeStored(p.stored[i].Type, v); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return raws, nil
}
