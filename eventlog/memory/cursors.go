package memory

import (
	"context"
	"errors"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// reader is who reads a partition.
type reader struct {
	name      string
	partition int
}

// Cursor implements eventlog.Log.
func (l *Log) Cursor(ctx context.Context, name string, partition int) (eventlog.Cursor, error) {
	if err := errors.Join(eventlog.Cursor{}.Check(name), l.checkPartition(partition), l.usable(ctx, "cursor")); err != nil {
		return eventlog.Cursor{}, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cursors[reader{name, partition}], nil
}

// SetCursor implements eventlog.Log.
func (l *Log) SetCursor(ctx context.Context, name string, partition int, c eventlog.Cursor) error {
	if err := errors.Join(c.Check(name), l.checkPartition(partition), l.usable(ctx, "set a cursor")); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := reader{name, partition}
	if old := l.cursors[r].Place; c.Place.Epoch > old.Epoch || c.Place.Epoch == old.Epoch && c.Place.Seq > old.Seq {
		l.cursors[r] = c
	}
	return nil
}
