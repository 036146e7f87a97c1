package query

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Entry is one event of an entity's history, and what it changed.
type Entry struct {
	Entity            *schema.Entity
	documents.Version               // without State and Version.Changes
	Changes           []FieldChange // in the model's order
}

// FieldChange is a field's value before and after an event: for a list whose elements have a key, that of one element.
type FieldChange struct {
	Field         *schema.Field
	Key           string      // of the element, "" for the whole field
	Type          schema.Type // of Before and After
	Before, After any         // as schema.Record holds them, nil for null, and for an element that is not there
}

// HistorySelection asks for an entity's history.
type HistorySelection struct {
	First int   // entries at most, the newest first: 1 to MaxPage
	Below int64 // only versions below this one; 0 for all
}

func (h *HistorySelection) check() error {
	if h.First < 0 || h.First > MaxPage {
		return invalid("first: a history has 0 to %d entries at once, not %d", MaxPage, h.First)
	}
	if h.Below < 0 {
		return invalid("beforeVersion: versions begin with 1, %d is none", h.Below)
	}
	return nil
}

// History returns the history of an entity that may have been deleted, as far as it is consolidated.
func (e *Engine) History(ctx context.Context, entity *schema.Entity, id string, h HistorySelection) ([]Entry, error) {
	return e.history(ctx, entity, id, h, time.Time{})
}

func (e *Engine) history(ctx context.Context, entity *schema.Entity, id string, h HistorySelection, asOf time.Time) ([]Entry, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	got, err := e.entries(ctx, entity, []documents.VersionKey{{ID: id, Version: h.Below}}, h.First, asOf)
	return got[id], err
}

// maxVersions is how many versions one read of the store may give: each has the state after it.
const maxVersions = 2000

// entries reads the newest entries of entities, those below a version. Together they may be MaxNodes.
func (e *Engine) entries(ctx context.Context, entity *schema.Entity, of []documents.VersionKey, first int, asOf time.Time) (map[string][]Entry, error) {
	out := make(map[string][]Entry, len(of))
	if first == 0 {
		return out, nil
	}
	total := 0
	for part := range slices.Chunk(of, max(1, maxVersions/(first+1))) {
		// One more than asked for: what was before.
		found, err := e.cfg.Store.History(ctx, documents.HistoryQuery{Entity: entity.Name, Of: part, AsOf: asOf, Limit: first + 1})
		if err != nil {
			return nil, err
		}
		for id, vs := range found {
			n := min(len(vs), first)
			if total += n; total > MaxNodes {
				return nil, errManyNodes
			}
			list := make([]Entry, n)
			for i := range list {
				var before *documents.Version
				if i+1 < len(vs) {
					before = &vs[i+1]
				}
				if list[i], err = e.entry(entity, before, &vs[i]); err != nil {
					return nil, err
				}
			}
			out[id] = list
		}
	}
	return out, nil
}

// entry compares a version with the one before, nil for none.
func (e *Engine) entry(entity *schema.Entity, before, v *documents.Version) (Entry, error) {
	out := Entry{Entity: entity, Version: *v}
	old := schema.Record{}
	if before != nil {
		old = before.State
	}
	for _, f := range documents.StoredFields(entity) {
		if f.Copy != nil {
			continue
		}
		changes, err := e.compare(f, old[f.Name], v.State[f.Name])
		if err != nil {
			return out, err
		}
		out.Changes = append(out.Changes, changes...)
	}
	out.State, out.Version.Changes = nil, nil
	return out, nil
}

// compare returns what is different in a field, element by element in lists with keys.
func (e *Engine) compare(f *schema.Field, before, after any) ([]FieldChange, error) {
	same, err := e.same(f.Type, before, after)
	if same || err != nil {
		return nil, err
	}
	whole := []FieldChange{{Field: f, Type: f.Type, Before: before, After: after}}
	key := e.cfg.Model.Keyed(f)
	if key == nil || before == nil && after == nil {
		return whole, nil
	}
	was, is := byKey(before, key.Name), byKey(after, key.Name)
	if was == nil || is == nil {
		return whole, nil
	}
	one := f.Type
	one.List = false
	var out []FieldChange
	add := func(k string, before, after any) error {
		same, err := e.same(one, before, after)
		if !same {
			out = append(out, FieldChange{f, k, one, before, after})
		}
		return err
	}
	for _, k := range was.keys {
		if err := add(k, was.value(k), is.value(k)); err != nil {
			return nil, err
		}
	}
	for _, k := range is.keys {
		if was.of[k] == nil {
			if err := add(k, nil, is.value(k)); err != nil {
				return nil, err
			}
		}
	}
	if len(out) == 0 {
		return whole, nil // in another order, or empty instead of null
	}
	return out, nil
}

// same reports whether two values are the same, in the form that the log has them in.
func (e *Engine) same(t schema.Type, a, b any) (bool, error) {
	if a == nil || b == nil {
		return a == nil && b == nil, nil
	}
	left, err := e.cfg.Model.EncodeStored(t, a)
	if err != nil {
		return false, err
	}
	right, err := e.cfg.Model.EncodeStored(t, b)
	return bytes.Equal(left, right), err
}

// elements are those of a list by their keys.
type elements struct {
	keys []string // in order
	of   map[string]schema.Record
}

func (l *elements) value(key string) any {
	if r := l.of[key]; r != nil {
		return r
	}
	return nil
}

// byKey returns nil for a list in which elements can't be told apart.
func byKey(list any, key string) *elements {
	items, _ := list.([]any)
	out := &elements{of: make(map[string]schema.Record, len(items))}
	for _, item := range items {
		r, _ := item.(schema.Record)
		k, _ := r[key].(string)
		if k == "" || out.of[k] != nil {
			return nil
		}
		out.keys, out.of[k] = append(out.keys, k), r
	}
	return out
}

// historyLoad reads the histories of a level's nodes, each as far as the node was read.
func (e *Engine) historyLoad(h *HistorySelection, nodes []*Node) load {
	var got map[string][]Entry
	return load{
		read: func(ctx context.Context) (err error) {
			if err := h.check(); err != nil {
				return err
			}
			got, err = e.entries(ctx, nodes[0].Entity, readTo(nodes, h.Below), h.First, time.Time{})
			return err
		},
		keep: func(l *loaded) (step, error) {
			for _, entries := range got {
				l.nodes += len(entries)
			}
			if l.nodes > MaxNodes {
				return step{}, errManyNodes
			}
			l.histories[h] = got
			return step{}, nil
		},
	}
}

// readTo returns the versions below which the histories of nodes begin: what was archived after they were read is not in them.
func readTo(nodes []*Node, below int64) []documents.VersionKey {
	out := make([]documents.VersionKey, 0, len(nodes))
	seen := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		if seen[n.ID] {
			continue
		}
		seen[n.ID] = true
		k := documents.VersionKey{ID: n.ID, Version: n.Version + 1}
		if below > 0 {
			k.Version = min(k.Version, below)
		}
		out = append(out, k)
	}
	return out
}
