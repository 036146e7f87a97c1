package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Cursor implements eventlog.Log.
func (l *Log) Cursor(ctx context.Context, name string, partition int) (eventlog.Cursor, error) {
	var c eventlog.Cursor
	if err := errors.Join(c.Check(name), l.checkPartition(partition)); err != nil {
		return c, err
	}
	text, found, err := l.getOf(ctx, partition, l.keys.cursors(partition), name)
	if err != nil || !found {
		return c, l.fail("cursor", err)
	}
	parts := strings.SplitN(text, " ", 3)
	if len(parts) != 3 {
		return c, l.fail("cursor", fmt.Errorf("%s can't be read: %q", name, text))
	}
	var errs [2]error
	c.Place.Epoch, errs[0] = strconv.ParseUint(parts[0], 10, 64)
	c.Place.Seq, errs[1] = strconv.ParseUint(parts[1], 10, 64)
	c.Hash = parts[2]
	return c, l.fail("cursor", errors.Join(errs[:]...))
}

// SetCursor implements eventlog.Log.
func (l *Log) SetCursor(ctx context.Context, name string, partition int, c eventlog.Cursor) error {
	if err := errors.Join(c.Check(name), l.checkPartition(partition)); err != nil {
		return err
	}
	names := []string{l.keys.meta(partition), l.keys.cursors(partition)}
	_, err := l.run(ctx, cursorScript, names, name, c.Place.Epoch, c.Place.Seq, c.Hash)
	return l.fail("set a cursor", err)
}
