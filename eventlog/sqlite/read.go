package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/position"
)

const (
	seqBits = 47 // see schema.sql
	maxSeq  = 1<<seqBits - 1
	maxRead = 10_000 // events per Read, whatever the limit asked for

	columns = "place, epoch, version, back, at, prev, hash, meta, changes, input"
)

func placeOf(partition int, seq uint64) int64 { return int64(partition)<<seqBits | int64(seq) }

// Read implements eventlog.Log. A limit beyond 10,000 counts as 10,000.
func (l *Log) Read(ctx context.Context, partition int, after uint64, prevHash string, limit int, wait time.Duration) ([]eventlog.Event, error) {
	if err := l.checkRead(partition, after, limit); err != nil {
		return nil, err
	}
	var timeout <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		woken := l.waiters.on(partition)
		events, err := l.readOnce(ctx, partition, after, prevHash, min(limit, maxRead))
		if err != nil || len(events) > 0 || wait <= 0 {
			return events, err
		}
		select {
		case <-woken:
		case <-timeout:
			return nil, nil
		case <-ctx.Done():
			return nil, l.fail("read", ctx.Err())
		case <-l.closed:
			return nil, eventlog.ErrClosed
		}
	}
}

func (l *Log) checkPartition(partition int) error {
	if partition < 0 || partition >= l.partitions {
		return fmt.Errorf("%w: partition %d of %d", eventlog.ErrInvalid, partition, l.partitions)
	}
	return nil
}

func (l *Log) checkRead(partition int, after uint64, limit int) error {
	if err := l.checkPartition(partition); err != nil {
		return err
	}
	switch {
	case limit < 1:
		return fmt.Errorf("%w: a read of %d events", eventlog.ErrInvalid, limit)
	case after > maxSeq:
		return &eventlog.BrokenError{Partition: partition, After: after, Reason: "no log is that long"}
	}
	return nil
}

// readOnce reads the anchor at after and what follows in one statement, so that both are of one state of the log.
func (l *Log) readOnce(ctx context.Context, partition int, after uint64, prevHash string, limit int) ([]eventlog.Event, error) {
	rows := limit
	if after > 0 {
		rows++ // the anchor
	}
	entries, err := l.entries(ctx, "SELECT "+columns+" FROM events WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?",
		placeOf(partition, after), placeOf(partition, maxSeq), rows)
	if err != nil {
		return nil, l.fail("read", err)
	}
	return entry.Follow(partition, after, prevHash, entries)
}

// entries returns what the query gives, up to MaxReadBytes.
func (l *Log) entries(ctx context.Context, query string, args ...any) ([]entry.Entry, error) {
	rows, err := l.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []entry.Entry
	for size := 0; size < eventlog.MaxReadBytes && rows.Next(); {
		var e entry.Entry
		var place int64
		if err := rows.Scan(&place, &e.Epoch, &e.Version, &e.Back, &e.At, &e.Prev, &e.Hash, &e.Meta, &e.Changes, &e.Input); err != nil {
			return nil, err
		}
		e.Partition, e.Seq = int(place>>seqBits), uint64(place&maxSeq)
		out = append(out, e)
		size += len(e.Meta) + len(e.Changes) + len(e.Input)
	}
	return out, rows.Err()
}

// HashAt implements eventlog.Log.
func (l *Log) HashAt(ctx context.Context, partition int, at position.Place) (string, error) {
	if err := l.checkRead(partition, at.Seq, 1); err != nil {
		return "", err
	}
	there, err := l.entries(ctx, "SELECT "+columns+" FROM events WHERE place = ?", placeOf(partition, at.Seq))
	if err != nil {
		return "", l.fail("hash", err)
	}
	return entry.HashAt(partition, at, there)
}

// Tail implements eventlog.Log.
func (l *Log) Tail(ctx context.Context, partition int) (eventlog.Tail, error) {
	if err := l.checkRead(partition, 0, 1); err != nil {
		return eventlog.Tail{}, err
	}
	t, err := scanTail(l.reads.QueryRowContext(ctx, tailQuery, partition))
	return t, l.fail("tail", err)
}

// Watermark implements eventlog.Log.
func (l *Log) Watermark(ctx context.Context, partition int) (eventlog.Tail, error) {
	if err := l.checkPartition(partition); err != nil {
		return eventlog.Tail{}, err
	}
	var t eventlog.Tail
	err := l.write(ctx, "watermark", func(ctx context.Context) (err error) {
		if t, err = scanTail(l.writer.stmts.tail.QueryRowContext(ctx, partition)); err != nil {
			return err
		}
		now := l.clock.wall().UTC().Round(0)
		if !now.After(t.Clock) {
			return nil
		}
		t.Clock = now
		_, err = l.writer.stmts.setTail.ExecContext(ctx, t.Place.Seq, t.Hash, entry.FormatTime(now), partition)
		return err
	})
	if err != nil {
		return eventlog.Tail{}, err // a writer that is late may still set t
	}
	return t, nil
}

const tailQuery = "SELECT epoch, seq, hash, clock FROM partitions WHERE partition = ?"

func scanTail(row *sql.Row) (eventlog.Tail, error) {
	var t eventlog.Tail
	var clock string
	if err := row.Scan(&t.Place.Epoch, &t.Place.Seq, &t.Hash, &clock); err != nil {
		return t, err
	}
	var err error
	t.Clock, err = entry.ParseTime(clock)
	return t, err
}

// historyPiece is how many versions one query follows.
const historyPiece = 200

// History implements eventlog.Log: it follows the back-pointers, one lookup by primary key per version.
// CROSS JOIN keeps SQLite from turning the join round, which would scan the log.
func (l *Log) History(ctx context.Context, ref eventlog.Ref, at position.Place) iter.Seq2[*eventlog.Event, error] {
	partition := l.PartitionOf(ref)
	if err := errors.Join((eventlog.Load{Primary: ref}).Check(), l.checkRead(partition, at.Seq, 1)); err != nil {
		return entry.Failed(err)
	}
	return entry.NewWalk(ref, partition, at.Seq).All(at.Epoch, func(seq uint64) ([]entry.Entry, error) {
		entries, err := l.entries(ctx, `WITH RECURSIVE life(p, b) AS (
				SELECT place, back FROM events WHERE place = ?1
				UNION ALL SELECT place, back FROM life CROSS JOIN events ON place = ?2 + b WHERE b > 0 LIMIT ?3
			) SELECT `+columns+` FROM life CROSS JOIN events ON place = p ORDER BY p DESC`,
			placeOf(partition, seq), placeOf(partition, 0), historyPiece)
		return entries, l.fail("history", err)
	})
}
