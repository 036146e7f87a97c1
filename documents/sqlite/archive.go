package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"github.com/daybook-cqrs/daybook/documents"
)

const versionColumns = `_id, _version, event, fromState, toState, deleted, createdAt, validFrom, state, changes,
	commandId, actor, correlationId, causationId, partition, epoch, seq`

// selectVersions begins the reads of what method version scans.
func selectVersions(changes string) string {
	return `SELECT _id, _version, event, fromState, toState, deleted, coalesce(createdAt, validFrom), validFrom, state, ` + changes + `,
	commandId, actor, correlationId, causationId, partition, epoch, seq, coalesce(validTo, '') FROM `
}

// Archive implements documents.Store. Versions whose successor is in the same batch are inserted closed; an update closes those that were there already,
// or whose successor comes in another batch.
func (s *Store) Archive(ctx context.Context, entity string, vs []documents.Version) error {
	e, err := s.entity(entity)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(vs, batchLimit) {
		states := make([]string, len(batch)) // encoded before the transaction, which holds the file's lock
		for i := range batch {
			if states[i], err = s.body(e.own, batch[i].State); err != nil {
				return fmt.Errorf("version %d of %s %s: %w", batch[i].Version, e.Name, batch[i].ID, err)
			}
		}
		if err := s.transact(ctx, func(tx *sql.Tx) error { return archive(ctx, tx, e, batch, states) }); err != nil {
			return err
		}
	}
	return nil
}

func archive(ctx context.Context, tx *sql.Tx, e *entity, vs []documents.Version, states []string) error {
	insert, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO "+e.versions+" ("+versionColumns+", validTo) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	closing, err := tx.PrepareContext(ctx, "UPDATE "+e.versions+" SET validTo = ? WHERE _id = ? AND _version = ? AND validTo IS NULL")
	if err != nil {
		return err
	}
	defer func() { _ = closing.Close() }()
	ends := make(map[documents.VersionKey]string, len(vs)) // when each one's successor in the batch took over
	for i := range vs {
		ends[documents.VersionKey{ID: vs[i].ID, Version: vs[i].Version - 1}] = encodeTime(vs[i].At)
	}
	closed := make(map[documents.VersionKey]bool, len(vs)+1)
	var there []*documents.Version
	for i := range vs {
		v := &vs[i]
		key := documents.VersionKey{ID: v.ID, Version: v.Version}
		if closed[key], err = insertVersion(ctx, insert, v, states[i], ends[key]); err != nil {
			return fmt.Errorf("version %d of %s %s: %w", v.Version, e.Name, v.ID, err)
		}
		if !closed[key] {
			there = append(there, v)
		}
	}
	if err := sameEvents(ctx, tx, e, there); err != nil {
		return err
	}
	for key, end := range ends {
		if key.Version == 0 || closed[key] {
			continue
		}
		if _, err := closing.ExecContext(ctx, end, key.ID, key.Version); err != nil {
			return err
		}
	}
	return nil
}

// sameEvents compares versions that were there with what was to be archived.
func sameEvents(ctx context.Context, tx *sql.Tx, e *entity, vs []*documents.Version) error {
	if len(vs) == 0 {
		return nil
	}
	read, err := tx.PrepareContext(ctx, "SELECT epoch, seq, commandId, changes FROM "+e.versions+" WHERE _id = ? AND _version = ?")
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }()
	for _, v := range vs {
		var archived documents.Version
		err := read.QueryRowContext(ctx, v.ID, v.Version).Scan(&archived.Place.Epoch, &archived.Place.Seq, &archived.CommandID, &archived.Changes)
		if err != nil {
			return err
		}
		if err := documents.SameEvent(e.Name, &archived, v); err != nil {
			return err
		}
	}
	return nil
}

// insertVersion reports whether the version is new. end is "" while it is the latest.
func insertVersion(ctx context.Context, insert *sql.Stmt, v *documents.Version, state, end string) (bool, error) {
	res, err := insert.ExecContext(ctx, v.ID, v.Version, v.Event, v.From, v.To, v.Deleted, encodeTime(v.CreatedAt), encodeTime(v.At), state, string(v.Changes),
		v.CommandID, v.Actor, v.CorrelationID, v.CausationID, v.Partition, int64(v.Place.Epoch), int64(v.Place.Seq), sql.NullString{String: end, Valid: end != ""})
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Versions implements documents.Store.
func (s *Store) Versions(ctx context.Context, entity string, keys []documents.VersionKey) (map[documents.VersionKey]documents.Version, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	text := selectVersions("changes") + "json_each(?) k CROSS JOIN " + e.versions +
		" WHERE _id = json_extract(k.value,'$[0]') AND _version = json_extract(k.value,'$[1]')"
	out := make(map[documents.VersionKey]documents.Version, len(keys))
	err = s.queries.query(ctx, text, []any{versionKeys(keys)}, func(rows *sql.Rows) error {
		v, err := s.version(e, rows, nil)
		out[documents.VersionKey{ID: v.ID, Version: v.Version}] = v
		return err
	})
	return out, err
}

// HasCommand implements documents.Store.
func (s *Store) HasCommand(ctx context.Context, entity, commandID string) (bool, error) {
	e, err := s.entity(entity)
	if err != nil {
		return false, err
	}
	found := false
	err = s.queries.query(ctx, "SELECT 1 FROM "+e.versions+" WHERE commandId = ? AND causationId<>'' LIMIT 1", []any{commandID}, func(*sql.Rows) error {
		found = true
		return nil
	})
	return found, err
}

func versionKeys(keys []documents.VersionKey) string {
	b := []byte{'['}
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, '['), k.ID)
		b = strconv.AppendInt(append(b, ','), k.Version, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// version decodes a row: all fields of the state, or only those named.
func (s *Store) version(e *entity, rows *sql.Rows, fields []string) (documents.Version, error) {
	var v documents.Version
	var created, at, state, end string
	err := rows.Scan(&v.ID, &v.Version, &v.Event, &v.From, &v.To, &v.Deleted, &created, &at, &state, &v.Changes,
		&v.CommandID, &v.Actor, &v.CorrelationID, &v.CausationID, &v.Partition, &v.Place.Epoch, &v.Place.Seq, &end)
	if err != nil {
		return v, err
	}
	if v.CreatedAt, err = decodeTime(created); err != nil {
		return v, unreadable(e, v.ID, v.Version, "createdAt", err)
	}
	if v.At, err = decodeTime(at); err != nil {
		return v, unreadable(e, v.ID, v.Version, "validFrom", err)
	}
	if end != "" {
		if v.ValidTo, err = decodeTime(end); err != nil {
			return v, unreadable(e, v.ID, v.Version, "validTo", err)
		}
	}
	var field string
	if v.State, field, err = s.record(e, state, fields); err != nil {
		return v, unreadable(e, v.ID, v.Version, field, err)
	}
	return v, nil
}

// unreadable is the error about a stored value; version is 0 for a document's.
func unreadable(e *entity, id string, version int64, field string, err error) error {
	return &documents.UnreadableError{Entity: e.Name, ID: id, Version: version, Field: field, Err: err}
}
