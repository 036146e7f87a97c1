package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
)

// update is a read-change-write of some documents of one entity within a transaction.
type update struct {
	tx   *sql.Tx
	e    *entity
	docs map[string]*stored
}

// stored is a document with its fields still encoded.
type stored struct {
	id, created, updated string
	version              int64
	deleted              bool
	members              []member
	sources              map[string]documents.Source
	dirty                bool
}

// load reads the documents that are there.
func (s *Store) load(ctx context.Context, tx *sql.Tx, e *entity, ids []string) (*update, error) {
	u := &update{tx: tx, e: e, docs: make(map[string]*stored, len(ids))}
	rows, err := tx.QueryContext(ctx, "SELECT "+columns+" FROM "+e.table+" WHERE _id IN (SELECT value FROM json_each(?))", jsonKeys(ids))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var r row
	dest := r.dest()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		d := &stored{id: r.id, created: r.created, updated: r.updated, version: r.version, deleted: r.deleted}
		if d.members, err = members(make([]member, 0, usual), r.body); err != nil {
			return nil, unreadable(e, d.id, 0, "", err)
		}
		if d.sources, err = decodeSources(r.sources); err != nil {
			return nil, unreadable(e, d.id, 0, "_sources", err)
		}
		u.docs[d.id] = d
	}
	return u, rows.Err()
}

// save writes what changed.
func (u *update) save(ctx context.Context) error {
	st, err := u.tx.PrepareContext(ctx, "INSERT INTO "+u.e.table+" ("+columns+`) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (_id) DO UPDATE SET _version = excluded._version, _updated = excluded._updated, _deleted = excluded._deleted,
		sources = excluded.sources, body = excluded.body`)
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	for _, d := range u.docs {
		if !d.dirty {
			continue
		}
		if _, err := st.ExecContext(ctx, d.id, d.version, d.created, d.updated, d.deleted, encodeSources(d.sources), join(d.members)); err != nil {
			return err
		}
	}
	return nil
}

// put sets members, and clears those without a value.
func (d *stored) put(ms []member) {
	for _, m := range ms {
		if m.raw == "" {
			d.clear(m.name)
		} else {
			d.set(m.name, m.raw)
		}
	}
}

// copy sets the copies of one ref and where they are from.
func (d *stored) copy(c documents.Copies, values []member) {
	for _, name := range c.Names {
		d.clear(name)
	}
	if c.Source.ID == "" {
		delete(d.sources, c.Ref)
		return
	}
	if d.sources == nil {
		d.sources = map[string]documents.Source{}
	}
	d.sources[c.Ref] = c.Source
	d.put(values)
}

func (d *stored) set(name, raw string) {
	if i := d.index(name); i >= 0 {
		d.members[i].raw = raw
		return
	}
	d.members = append(d.members, member{name: name, raw: raw})
}

func (d *stored) clear(name string) {
	if i := d.index(name); i >= 0 {
		d.members = slices.Delete(d.members, i, i+1)
	}
}

func (d *stored) index(name string) int {
	return slices.IndexFunc(d.members, func(m member) bool { return m.name == name })
}

// dropCopies removes what was copied through a ref that became null.
func (d *stored) dropCopies(e *entity, field string) {
	if f := e.byName[field]; f == nil || f.Ref == nil {
		return
	}
	delete(d.sources, field)
	for _, name := range documents.CopiesVia(e.Entity, field) {
		d.clear(name)
	}
}

// outdated reports whether the document still refers to the source and its copies are from a lower version of it.
func (d *stored) outdated(c documents.Copies) bool {
	i := d.index(c.Ref)
	if d.deleted || i < 0 {
		return false
	}
	id, err := unquote(d.members[i].raw)
	if err != nil || id != c.Source.ID {
		return false
	}
	have := d.sources[c.Ref]
	return have.ID != c.Source.ID || have.Version < c.Source.Version
}
