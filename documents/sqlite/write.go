package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Write implements documents.Store. It reads and writes in one transaction that began with the file's write lock, so the guards are checked here.
func (s *Store) Write(ctx context.Context, entity string, ws []documents.Write) error {
	e, err := s.entity(entity)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(ws, batchLimit) {
		err := s.transact(ctx, func(tx *sql.Tx) error {
			u, err := s.load(ctx, tx, e, ids(batch, func(w *documents.Write) string { return w.ID }))
			if err != nil {
				return err
			}
			for i := range batch {
				if err := s.apply(u, &batch[i]); err != nil {
					return fmt.Errorf("%s %s: %w", e.Name, batch[i].ID, err)
				}
			}
			return u.save(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// apply brings one stored document to the write's version, if the guards let it.
func (s *Store) apply(u *update, w *documents.Write) error {
	d := u.docs[w.ID]
	if d == nil && w.Since > 0 || d != nil && (d.version >= w.Version || d.version < w.Since) {
		return nil
	}
	if d == nil {
		d = &stored{id: w.ID, created: encodeTime(w.CreatedAt)}
		u.docs[w.ID] = d
	}
	d.version, d.updated, d.deleted, d.dirty = w.Version, encodeTime(w.UpdatedAt), w.Deleted, true
	if w.Deleted {
		d.members, d.sources = nil, nil
		return nil
	}
	if err := s.set(u.e, d, w.Set); err != nil {
		return err
	}
	for _, name := range w.Clear {
		d.clear(name)
		d.dropCopies(u.e, name)
	}
	for _, c := range w.Copies {
		if have := d.sources[c.Ref]; have.ID == c.Source.ID && have.Version > c.Source.Version {
			continue // copied again since from a later version
		}
		if err := s.copy(u.e, d, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) set(e *entity, d *stored, values schema.Record) error {
	for _, f := range e.fields {
		v, ok := values[f.Name]
		if !ok {
			continue
		}
		if v == nil {
			d.clear(f.Name)
			continue
		}
		raw, err := encode(s.model, f, v)
		if err != nil {
			return err
		}
		d.set(f.Name, string(raw))
	}
	return nil
}

// copy sets the copies of one ref and where they are from.
func (s *Store) copy(e *entity, d *stored, c documents.Copies) error {
	for _, name := range c.Names {
		d.clear(name)
	}
	if c.Source.ID == "" {
		delete(d.sources, c.Ref)
		return nil
	}
	if d.sources == nil {
		d.sources = map[string]documents.Source{}
	}
	d.sources[c.Ref] = c.Source
	return s.set(e, d, c.Values)
}

// Recopy implements documents.Store.
func (s *Store) Recopy(ctx context.Context, entity string, rs []documents.Recopy) ([]string, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	var changed []string
	for batch := range slices.Chunk(rs, batchLimit) {
		err := s.transact(ctx, func(tx *sql.Tx) error {
			u, err := s.load(ctx, tx, e, ids(batch, func(r *documents.Recopy) string { return r.ID }))
			if err != nil {
				return err
			}
			for _, r := range batch {
				if d := u.docs[r.ID]; d == nil || !d.outdated(r.Copies) {
					continue
				}
				if err := s.copy(e, u.docs[r.ID], r.Copies); err != nil {
					return err
				}
				u.docs[r.ID].dirty = true
			}
			for _, id := range slices.Sorted(maps.Keys(u.docs)) {
				if u.docs[id].dirty {
					changed = append(changed, id)
				}
			}
			return u.save(ctx)
		})
		if err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// Referrers implements documents.Store.
func (s *Store) Referrers(ctx context.Context, entity, ref, id string, below int64, orEqual bool, after string, limit int) ([]documents.Document, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckRef(e.Entity, ref); err != nil {
		return nil, err
	}
	if orEqual {
		below++
	}
	source := "json_extract(sources,'$." + ref + "."
	text := "SELECT " + columns + " FROM " + e.table + " WHERE _deleted=0 AND " + e.expr(ref) + " = ? AND _id > ? AND " +
		"(" + source + "id') = ? AND " + source + "v') >= ?) IS NOT TRUE ORDER BY _id LIMIT ?"
	var out []documents.Document
	err = s.documents(ctx, e, text, []any{id, after, id, below, limit}, nil, func(d documents.Document, _ *row) { out = append(out, d) })
	return out, err
}

func ids[T any](items []T, id func(*T) string) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = id(&items[i])
	}
	return out
}
