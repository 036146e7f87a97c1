package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"github.com/daybook-cqrs/daybook/documents"
)

const versionColumns = `_id, _version, event, fromState, toState, deleted, validFrom, state, changes,
	commandId, actor, correlationId, causationId, partition, epoch, seq`

// Archive implements documents.Store.
func (s *Store) Archive(ctx context.Context, entity string, vs []documents.Version) error {
	e, err := s.entity(entity)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(vs, batchLimit) {
		if err := s.transact(ctx, func(tx *sql.Tx) error { return s.archive(ctx, tx, e, batch) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) archive(ctx context.Context, tx *sql.Tx, e *entity, vs []documents.Version) error {
	insert, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO "+e.versions+" ("+versionColumns+") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	closing, err := tx.PrepareContext(ctx, "UPDATE "+e.versions+" SET validTo = ? WHERE _id = ? AND _version = ? AND validTo IS NULL")
	if err != nil {
		return err
	}
	defer func() { _ = closing.Close() }()
	for i := range vs {
		v := &vs[i]
		state, err := s.body(e.own, v.State)
		if err != nil {
			return fmt.Errorf("version %d of %s %s: %w", v.Version, e.Name, v.ID, err)
		}
		at := encodeTime(v.At)
		if _, err := insert.ExecContext(ctx, v.ID, v.Version, v.Event, v.From, v.To, v.Deleted, at, state, string(v.Changes),
			v.CommandID, v.Actor, v.CorrelationID, v.CausationID, v.Partition, int64(v.Place.Epoch), int64(v.Place.Seq)); err != nil {
			return err
		}
		if _, err := closing.ExecContext(ctx, at, v.ID, v.Version-1); err != nil {
			return err
		}
	}
	return nil
}

// Versions implements documents.Store.
func (s *Store) Versions(ctx context.Context, entity string, keys []documents.VersionKey) (map[documents.VersionKey]documents.Version, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	text := "SELECT " + versionColumns + ", coalesce(validTo, '') FROM json_each(?) k CROSS JOIN " + e.versions +
		" WHERE _id = json_extract(k.value,'$[0]') AND _version = json_extract(k.value,'$[1]')"
	out := make(map[documents.VersionKey]documents.Version, len(keys))
	err = s.queries.query(ctx, text, []any{versionKeys(keys)}, func(rows *sql.Rows) error {
		v, err := s.version(e, rows)
		out[documents.VersionKey{ID: v.ID, Version: v.Version}] = v
		return err
	})
	return out, err
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

func (s *Store) version(e *entity, rows *sql.Rows) (documents.Version, error) {
	var v documents.Version
	var at, state, end string
	err := rows.Scan(&v.ID, &v.Version, &v.Event, &v.From, &v.To, &v.Deleted, &at, &state, &v.Changes,
		&v.CommandID, &v.Actor, &v.CorrelationID, &v.CausationID, &v.Partition, &v.Place.Epoch, &v.Place.Seq, &end)
	if err != nil {
		return v, err
	}
	if v.At, err = decodeTime(at); err != nil {
		return v, err
	}
	if end != "" {
		if v.ValidTo, err = decodeTime(end); err != nil {
			return v, err
		}
	}
	v.State, err = s.record(e, state, nil)
	return v, err
}
