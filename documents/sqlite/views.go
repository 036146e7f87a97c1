package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
)

// viewTables keep, by the name that a view is stored under, how far it is and whether it was complete once.
var viewTables = []string{
	`CREATE TABLE IF NOT EXISTS view_checkpoints (view TEXT NOT NULL, partition INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
		PRIMARY KEY (view, partition)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS views_ready (view TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID`,
}

// view returns the view, or the tallies of one, of that name.
func (s *Store) view(name string) (*entity, error) {
	if e := s.entities[name]; e != nil && e.ofView {
		return e, nil
	}
	return nil, fmt.Errorf("the model has no view %q", name)
}

// LoadView implements documents.Views.
func (s *Store) LoadView(ctx context.Context, view string, ids []string) (map[string]documents.ViewDocument, error) {
	e, err := s.view(view)
	if err != nil {
		return nil, err
	}
	out := make(map[string]documents.ViewDocument, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var r row
	var state, seen string
	dest := append(r.dest(), &state, &seen)
	text := "SELECT " + columns + ", state, seen FROM " + e.table + " WHERE _id IN (SELECT value FROM json_each(?))"
	err = s.queries.query(ctx, text, []any{jsonKeys(ids)}, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		d, err := s.document(e.now(), &r, nil)
		if err != nil {
			return err
		}
		v := documents.ViewDocument{Document: d}
		if state != "" {
			v.State = json.RawMessage(state)
		}
		if v.Seen, err = position.Parse(seen); err != nil {
			return unreadable(e, d.ID, 0, "_seen", err)
		}
		out[d.ID] = v
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s in SQLite: %w", e.Plural, err)
	}
	return out, nil
}

// WriteView implements documents.Views.
func (s *Store) WriteView(ctx context.Context, view string, ws []documents.ViewWrite) ([]bool, error) {
	e, err := s.view(view)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckViewWrites(e.Entity, ws); err != nil {
		return nil, err
	}
	out := make([]bool, 0, len(ws))
	for batch := range slices.Chunk(ws, batchLimit) {
		bodies := make([]string, len(batch))
		for i := range batch {
			ms, err := s.encoded(e, batch[i].Fields)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", e.Name, batch[i].ID, err)
			}
			bodies[i] = join(slices.DeleteFunc(ms, func(m member) bool { return m.raw == "" }))
		}
		var done []bool
		if err := s.transact(ctx, func(tx *sql.Tx) error { done, err = writeViews(ctx, tx, e, batch, bodies); return err }); err != nil {
			return nil, err
		}
		out = append(out, done...)
	}
	return out, nil
}

func writeViews(ctx context.Context, tx *sql.Tx, e *entity, ws []documents.ViewWrite, bodies []string) ([]bool, error) {
	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+e.table+` (_version, _updated, _deleted, body, state, seen, _id, _created, sources) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}')
		ON CONFLICT (_id) DO NOTHING`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = insert.Close() }()
	update, err := tx.PrepareContext(ctx, "UPDATE "+e.table+" SET _version = ?, _updated = ?, _deleted = ?, body = ?, state = ?, seen = ?, _created = ? WHERE _id = ? AND seen = ?")
	if err != nil {
		return nil, err
	}
	defer func() { _ = update.Close() }()
	out := make([]bool, len(ws))
	for i := range ws {
		w := &ws[i]
		args := []any{w.Version, encodeTime(w.UpdatedAt), w.Deleted, bodies[i], string(w.State), w.Seen.String()}
		var res sql.Result
		if w.Was.IsZero() {
			res, err = insert.ExecContext(ctx, append(args, w.ID, encodeTime(w.CreatedAt))...)
		} else {
			res, err = update.ExecContext(ctx, append(args, encodeTime(w.CreatedAt), w.ID, w.Was.String())...)
		}
		if err != nil {
			return nil, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return nil, err
		}
		out[i] = n == 1
	}
	return out, nil
}

// ViewCheckpoints implements documents.Views.
func (s *Store) ViewCheckpoints(ctx context.Context, view string) (map[int]documents.Checkpoint, error) {
	e, err := s.view(view)
	if err != nil {
		return nil, err
	}
	out := map[int]documents.Checkpoint{}
	err = s.queries.query(ctx, `SELECT partition, epoch, seq, hash FROM view_checkpoints WHERE view = ?`, []any{e.Stored()}, func(rows *sql.Rows) error {
		var partition int
		var c documents.Checkpoint
		err := rows.Scan(&partition, &c.Place.Epoch, &c.Place.Seq, &c.Hash)
		out[partition] = c
		return err
	})
	return out, err
}

// AdvanceViews implements documents.Views.
func (s *Store) AdvanceViews(ctx context.Context, partition int, views []string, c documents.Checkpoint) error {
	stored := make([]string, len(views))
	for i, name := range views {
		e, err := s.view(name)
		if err != nil {
			return err
		}
		stored[i] = e.Stored()
	}
	_, err := s.write.ExecContext(ctx, `INSERT INTO view_checkpoints (view, partition, epoch, seq, hash) SELECT value, ?, ?, ?, ? FROM json_each(?) WHERE true
		ON CONFLICT (view, partition) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash
		WHERE (excluded.epoch, excluded.seq) > (epoch, seq)`,
		partition, int64(c.Place.Epoch), int64(c.Place.Seq), c.Hash, jsonKeys(stored))
	return err
}

// ViewReady implements documents.Views.
func (s *Store) ViewReady(ctx context.Context, view string) (bool, error) {
	e, err := s.view(view)
	if err != nil {
		return false, err
	}
	ready := false
	err = s.queries.query(ctx, `SELECT 1 FROM views_ready WHERE view = ?`, []any{e.Stored()}, func(*sql.Rows) error {
		ready = true
		return nil
	})
	return ready, err
}

// SetViewReady implements documents.Views.
func (s *Store) SetViewReady(ctx context.Context, view string, ready bool) error {
	e, err := s.view(view)
	if err != nil {
		return err
	}
	text := `INSERT OR IGNORE INTO views_ready (view) VALUES (?)`
	if !ready {
		text = `DELETE FROM views_ready WHERE view = ?`
	}
	_, err = s.write.ExecContext(ctx, text, e.Stored())
	return err
}

// DropView implements documents.Views. Rows are deleted, not tables: others may be reading them.
func (s *Store) DropView(ctx context.Context, view string) error {
	e, err := s.view(view)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		if err := forgetView(ctx, tx, e); err != nil {
			return err
		}
		for _, table := range s.tablesOf(e) {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
}

// tablesOf returns the tables of a view and of its tallies, quoted.
func (s *Store) tablesOf(e *entity) []string {
	tables := []string{e.table}
	if e.View != nil && e.View.Tallies != nil {
		tables = append(tables, s.entities[e.View.Tallies.Name].table)
	}
	return tables
}

// forgetView forgets how far a view is.
func forgetView(ctx context.Context, tx *sql.Tx, e *entity) error {
	for _, table := range []string{"views_ready", "view_checkpoints"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE view = ?", e.Stored()); err != nil {
			return err
		}
	}
	return nil
}

// forgetDropped forgets how far views are whose tables somebody has dropped, so that they begin again.
func (s *Store) forgetDropped(ctx context.Context, tx *sql.Tx) error {
	for _, v := range s.model.Views {
		e := s.entities[v.Name]
		for _, table := range s.tablesOf(e) {
			var there bool
			name := strings.Trim(table, `"`)
			if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?)`, name).Scan(&there); err != nil {
				return err
			}
			if there {
				continue
			}
			if err := forgetView(ctx, tx, e); err != nil {
				return err
			}
		}
	}
	return nil
}
