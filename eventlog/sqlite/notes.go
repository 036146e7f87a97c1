package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// trimMax bounds how many notes one AddNote removes: keep may have been lowered by any number.
const trimMax = 100

// AddNote implements eventlog.Log.
func (l *Log) AddNote(ctx context.Context, kind string, n eventlog.Note, keep int, refuse bool) error {
	if err := n.Check(kind, keep); err != nil {
		return err
	}
	return l.write(ctx, "add a note", func(ctx context.Context) error {
		w := &l.writer.stmts
		var count int
		if err := w.countNotes.QueryRowContext(ctx, kind).Scan(&count); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		replaced, err := affected(w.removeNote.ExecContext(ctx, kind, n.ID))
		if err != nil {
			return err
		}
		count -= replaced
		if refuse && replaced == 0 && count >= keep {
			return fmt.Errorf("%w: %d of %s", eventlog.ErrManyNotes, count, kind)
		}
		if _, err := w.addNote.ExecContext(ctx, kind, n.ID, l.clock.wall().UnixMilli(), string(n.Data)); err != nil {
			return err
		}
		count++
		if over := min(count-keep, trimMax); over > 0 && !refuse {
			trimmed, err := affected(w.trimNotes.ExecContext(ctx, kind, over))
			if err != nil {
				return err
			}
			count -= trimmed
		}
		_, err = w.setCount.ExecContext(ctx, kind, count)
		return err
	})
}

// affected returns how many rows a statement changed.
func affected(res sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Notes implements eventlog.Log.
func (l *Log) Notes(ctx context.Context, p eventlog.NotePage) ([]eventlog.Note, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	query, args := "SELECT id, at, data FROM notes WHERE kind = ?", []any{p.Kind}
	if p.After != "" {
		var n int64
		err := l.reads.QueryRowContext(ctx, "SELECT n FROM notes WHERE kind = ? AND id = ?", p.Kind, p.After).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, noNote(p.Kind, p.After)
		}
		if err != nil {
			return nil, l.fail("notes", err)
		}
		query, args = query+" AND n < ?", append(args, n)
	}
	rows, err := l.reads.QueryContext(ctx, query+" ORDER BY n DESC LIMIT ?", append(args, p.Limit)...)
	if err != nil {
		return nil, l.fail("notes", err)
	}
	defer rows.Close()
	out := []eventlog.Note{}
	for size := 0; size < eventlog.MaxReadBytes && rows.Next(); {
		n, err := scanNote(rows)
		if err != nil {
			return nil, l.fail("notes", err)
		}
		out, size = append(out, n), size+len(n.Data)
	}
	return out, l.fail("notes", rows.Err())
}

// Note implements eventlog.Log.
func (l *Log) Note(ctx context.Context, kind, id string) (*eventlog.Note, error) {
	if err := eventlog.CheckNote(kind, id); err != nil {
		return nil, err
	}
	n, err := scanNote(l.reads.QueryRowContext(ctx, "SELECT id, at, data FROM notes WHERE kind = ? AND id = ?", kind, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, noNote(kind, id)
	}
	if err != nil {
		return nil, l.fail("note", err)
	}
	return &n, nil
}

func noNote(kind, id string) error { return fmt.Errorf("%w: %s %s", eventlog.ErrNoNote, kind, id) }

func scanNote(row interface{ Scan(into ...any) error }) (eventlog.Note, error) {
	var n eventlog.Note
	var at int64
	var data string
	err := row.Scan(&n.ID, &at, &data)
	n.At, n.Data = time.UnixMilli(at).UTC(), rawOf(data)
	return n, err
}

// RemoveNote implements eventlog.Log.
func (l *Log) RemoveNote(ctx context.Context, kind, id string) (bool, error) {
	if err := eventlog.CheckNote(kind, id); err != nil {
		return false, err
	}
	removed := 0
	err := l.write(ctx, "remove a note", func(ctx context.Context) (err error) {
		if removed, err = affected(l.writer.stmts.removeNote.ExecContext(ctx, kind, id)); err != nil || removed == 0 {
			return err
		}
		_, err = l.writer.stmts.fewerNotes.ExecContext(ctx, removed, kind)
		return err
	})
	return err == nil && removed > 0, err
}
