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

// Write implements documents.Store. It reads and writes in one transaction that began with the file's write lock, so the guards are checked here. What takes
// time and no lock, encoding, is done before.
func (s *Store) Write(ctx context.Context, entity string, ws []documents.Write) error {
	e, err := s.entity(entity)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(ws, batchLimit) {
		ps := make([]prepared, len(batch))
		for i := range batch {
			if ps[i], err = s.prepare(e, &batch[i]); err != nil {
				return fmt.Errorf("%s %s: %w", e.Name, batch[i].ID, err)
			}
		}
		if err := s.transact(ctx, func(tx *sql.Tx) error { return s.writeBatch(ctx, tx, e, ps) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) writeBatch(ctx context.Context, tx *sql.Tx, e *entity, ps []prepared) error {
	u, err := s.load(ctx, tx, e, ids(ps, func(p *prepared) string { return p.ID }))
	if err != nil {
		return err
	}
	for i := range ps {
		ps[i].apply(u)
	}
	return u.save(ctx)
}

// prepared is a write with its values encoded.
type prepared struct {
	*documents.Write
	set    []member   // what is cleared has no raw value
	copied [][]member // of each of Copies
}

func (s *Store) prepare(e *entity, w *documents.Write) (prepared, error) {
	p := prepared{Write: w, copied: make([][]member, len(w.Copies))}
	if w.Deleted {
		return p, nil
	}
	var err error
	if p.set, err = s.encoded(e, w.Set); err != nil {
		return p, err
	}
	for i := range w.Copies {
		if p.copied[i], err = s.encoded(e, w.Copies[i].Values); err != nil {
			return p, err
		}
	}
	return p, nil
}

// encoded returns the values as members, in the order of the entity's fields.
func (s *Store) encoded(e *entity, values schema.Record) ([]member, error) {
	out := make([]member, 0, len(values))
	for _, f := range e.fields {
		v, ok := values[f.Name]
		if !ok {
			continue
		}
		m := member{name: f.Name}
		if v != nil {
			raw, err := encode(s.model, f, v)
			if err != nil {
				return nil, err
			}
			m.raw = string(raw)
		}
		out = append(out, m)
	}
	return out, nil
}

// apply brings one stored document to the write's version, if the guards let it.
func (p *prepared) apply(u *update) {
	d := u.docs[p.ID]
	if d == nil && p.Since > 0 || d != nil && (d.version >= p.Version || d.version < p.Since) {
		return
	}
	if d == nil {
		d = &stored{id: p.ID, created: encodeTime(p.CreatedAt)}
		u.docs[p.ID] = d
	}
	d.version, d.updated, d.deleted, d.dirty = p.Version, encodeTime(p.UpdatedAt), p.Deleted, true
	if p.Deleted {
		d.members, d.sources = nil, nil
		return
	}
	d.put(p.set)
	for _, name := range p.Clear {
		d.clear(name)
		d.dropCopies(u.e, name)
	}
	for i, c := range p.Copies {
		if have := d.sources[c.Ref]; have.ID == c.Source.ID && have.Version > c.Source.Version {
			continue // copied again since from a later version
		}
		d.copy(c, p.copied[i])
	}
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
				copied, err := s.encoded(e, r.Values)
				if err != nil {
					return err
				}
				u.docs[r.ID].copy(r.Copies, copied)
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
	text := "SELECT " + columns + " FROM " + e.table + " WHERE _deleted=0 AND " + e.now().expr(ref) + " = ? AND _id > ? AND " +
		"(" + source + "id') = ? AND " + source + "v') >= ?) IS NOT TRUE ORDER BY _id LIMIT ?"
	var out []documents.Document
	err = s.documents(ctx, e.now(), text, []any{id, after, id, below, limit}, nil, func(d documents.Document) { out = append(out, d) })
	return out, err
}

func ids[T any](items []T, id func(*T) string) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = id(&items[i])
	}
	return out
}
