package query

import (
	"context"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
)

// current are documents as the store has them, by entity and id.
type current map[string]map[string]looked

// looked is what a look at a document found: nothing if it isn't there.
type looked struct {
	doc   *documents.Document
	err   error              // it can't be read, however often one tries
	event *documents.Version // what brought a document with copies that changed to its version; nil if that isn't known
}

// early reports whether the event that brought the document to its version has yet to be told of.
func (l looked) early(t told) bool {
	if l.event == nil {
		return false
	}
	last, ok := t[l.event.Partition]
	return ok && last.Before(l.event.Place)
}

// missing are documents to look at, by entity and id: whole, or their refs and copies.
type missing map[string]map[string]bool

func (m missing) note(e feed.Entry) {
	if m[e.Entity] == nil {
		m[e.Entity] = map[string]bool{}
	}
	m[e.Entity][e.ID] = m[e.Entity][e.ID] || e.Kind == feed.Copied
}

// look reads documents from the store.
func (e *Engine) look(ctx context.Context, m missing, now current) error {
	for entity, ids := range m {
		if now[entity] == nil {
			now[entity] = make(map[string]looked, len(ids))
		}
		var whole, part []string
		for id, all := range ids {
			if all {
				whole = append(whole, id)
			} else {
				part = append(part, id)
			}
		}
		if err := e.lookAt(ctx, entity, whole, nil, now[entity]); err != nil {
			return err
		}
		if err := e.lookForEvents(ctx, entity, whole, now[entity]); err != nil {
			return err
		}
		if err := e.lookAt(ctx, entity, part, e.copying[entity], now[entity]); err != nil {
			return err
		}
	}
	return nil
}

// lookAt reads documents of one entity at once; one by one if there is one among them that can't be read.
func (e *Engine) lookAt(ctx context.Context, entity string, ids, fields []string, out map[string]looked) error {
	if len(ids) == 0 {
		return nil
	}
	docs, err := e.cfg.Store.Load(ctx, entity, ids, fields)
	switch {
	case err == nil:
		for _, id := range ids {
			out[id] = looked{}
			if d, ok := docs[id]; ok && !d.Deleted {
				out[id] = looked{doc: &d}
			}
		}
		return nil
	case !documents.Lasting(err):
		return err
	case len(ids) == 1:
		out[ids[0]] = looked{err: err}
		return nil
	}
	for _, id := range ids {
		if err := e.lookAt(ctx, entity, []string{id}, fields, out); err != nil {
			return err
		}
	}
	return nil
}

// lookForEvents finds the events that documents are from.
func (e *Engine) lookForEvents(ctx context.Context, entity string, ids []string, out map[string]looked) error {
	if e.views.of(entity) != nil {
		return nil // its documents are not from one event
	}
	keys := make([]documents.VersionKey, 0, len(ids))
	for _, id := range ids {
		if d := out[id].doc; d != nil {
			keys = append(keys, documents.VersionKey{ID: id, Version: d.Version})
		}
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := e.cfg.Store.Versions(ctx, entity, keys)
	if err != nil && !documents.Lasting(err) {
		return err
	}
	for k, v := range found {
		l := out[k.ID]
		l.event = &v
		out[k.ID] = l
	}
	return nil
}
