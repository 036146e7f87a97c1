package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Cursor implements eventlog.Log.
func (l *Log) Cursor(ctx context.Context, name string, partition int) (eventlog.Cursor, error) {
	var c eventlog.Cursor
	if err := errors.Join(c.Check(name), l.checkPartition(partition)); err != nil {
		return c, err
	}
	err := l.reads.QueryRowContext(ctx, "SELECT epoch, seq, hash FROM cursors WHERE name = ? AND partition = ?", name, partition).
		Scan(&c.Place.Epoch, &c.Place.Seq, &c.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return c, l.fail("cursor", err)
}

// SetCursor implements eventlog.Log.
func (l *Log) SetCursor(ctx context.Context, name string, partition int, c eventlog.Cursor) error {
	if err := errors.Join(c.Check(name), l.checkPartition(partition)); err != nil {
		return err
	}
	return l.write(ctx, "set a cursor", func(ctx context.Context) error {
		_, err := l.writer.stmts.setCursor.ExecContext(ctx, name, partition, c.Place.Epoch, c.Place.Seq, c.Hash)
		return err
	})
}
