package redis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/position"
)

const (
	maxRead      = 10_000      // events per Read, whatever the limit asked for
	verifyEvery  = time.Second // how often a waiting read looks whether its log is still there
	maxSeq       = 1 << 53     // what Lua counts exactly
	historyPiece = 200         // events that history.lua follows in one go: it blocks Redis meanwhile
	historyBytes = 1 << 20     // after which it follows no further
	firstPiece   = 20          // events that a Read asks for before it knows how large they are
)

// Read implements eventlog.Log. A limit beyond 10,000 counts as 10,000. It reads the entry at after each time, and every second while it
// waits, so that a log that lost its tail is noticed when idle too.
func (l *Log) Read(ctx context.Context, partition int, after uint64, prevHash string, limit int, wait time.Duration) ([]eventlog.Event, error) {
	if err := l.checkRead(partition, after, limit); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(wait)
	for {
		woken, done := l.watch.on(partition)
		events, err := l.readOnce(ctx, partition, after, prevHash, min(limit, maxRead))
		left := time.Until(deadline)
		if err != nil || len(events) > 0 || left <= 0 {
			done()
			return events, err
		}
		timer := time.NewTimer(min(left, verifyEvery))
		select {
		case <-woken:
		case <-timer.C:
		case <-ctx.Done():
			err = l.fail("read", ctx.Err())
		case <-l.closed:
			err = eventlog.ErrClosed
		}
		timer.Stop()
		done()
		if err != nil {
			return nil, err
		}
	}
}

func (l *Log) checkPartition(partition int) error {
	if partition < 0 || partition >= l.keys.partitions {
		return fmt.Errorf("%w: partition %d of %d", eventlog.ErrInvalid, partition, l.keys.partitions)
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

// readOnce reads in pieces, the first a small one, so that what it takes from Redis at once stays near MaxReadBytes however large the events are.
func (l *Log) readOnce(ctx context.Context, partition int, after uint64, prevHash string, limit int) ([]eventlog.Event, error) {
	rows := limit
	if after > 0 {
		rows++ // the anchor
	}
	var entries []entry.Entry
	from, size := max(after, 1), 0
	for piece := firstPiece; rows > 0 && size < eventlog.MaxReadBytes; {
		messages, err := l.rangeOf(ctx, partition, from, min(piece, rows))
		if err != nil {
			return nil, l.fail("read", err)
		}
		for i := range messages {
			if size >= eventlog.MaxReadBytes {
				break
			}
			e, err := parseEntry(partition, messages[i].ID, fieldsOf(messages[i]))
			if err != nil {
				return nil, &eventlog.BrokenError{Partition: partition, After: after, Reason: err.Error()}
			}
			entries = append(entries, e)
			size += len(e.Meta) + len(e.Changes) + len(e.Input)
		}
		if len(messages) < min(piece, rows) {
			break
		}
		rows -= len(messages)
		from = entries[len(entries)-1].Seq + 1
		piece = max(1, (eventlog.MaxReadBytes-size)/(size/len(entries)+1))
	}
	return entry.Follow(partition, after, prevHash, entries)
}

// rangeOf returns up to n entries from seq on, if the log is still the one that was opened.
func (l *Log) rangeOf(ctx context.Context, partition int, seq uint64, n int) ([]goredis.XMessage, error) {
	pipe := l.client.Pipeline()
	id := pipe.HGet(ctx, l.keys.meta(partition), "id")
	messages := pipe.XRangeN(ctx, l.keys.log(partition), entryID(seq), "+", int64(n))
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return nil, err
	}
	if id.Val() != l.id {
		return nil, l.otherLog(partition)
	}
	return messages.Result()
}

func (l *Log) otherLog(partition int) error {
	return errLost(l.keys.meta(partition) + " is not of the log that was opened")
}

func entryID(seq uint64) string { return strconv.FormatUint(seq, 10) + "-0" }

func fieldsOf(m goredis.XMessage) func(name string) string {
	return func(name string) string {
		s, _ := m.Values[name].(string)
		return s
	}
}

// parseEntry reads one entry of the stream, see append.lua.
func parseEntry(partition int, id string, field func(name string) string) (entry.Entry, error) {
	e := entry.Entry{
		Partition: partition, Prev: field("p"), Hash: field("h"), Meta: field("m"), Changes: field("c"), Input: field("i"),
	}
	seq, ok := strings.CutSuffix(id, "-0")
	assigned := strings.Split(field("x"), " ")
	if !ok || len(assigned) != 4 {
		return e, fmt.Errorf("entry %s is none of the log's", id)
	}
	var errs [4]error
	e.Seq, errs[0] = strconv.ParseUint(seq, 10, 64)
	e.Epoch, errs[1] = strconv.ParseUint(assigned[0], 10, 64)
	e.Version, errs[2] = strconv.ParseInt(assigned[1], 10, 64)
	e.Back, errs[3] = strconv.ParseUint(assigned[2], 10, 64)
	e.At = assigned[3]
	if err := errors.Join(errs[:]...); err != nil {
		return e, fmt.Errorf("entry %s is none of the log's: %w", id, err)
	}
	return e, nil
}

// HashAt implements eventlog.Log.
func (l *Log) HashAt(ctx context.Context, partition int, at position.Place) (string, error) {
	if err := l.checkRead(partition, at.Seq, 1); err != nil {
		return "", err
	}
	messages, err := l.rangeOf(ctx, partition, max(at.Seq, 1), 1)
	if err != nil {
		return "", l.fail("hash", err)
	}
	there := make([]entry.Entry, len(messages))
	for i, m := range messages {
		if there[i], err = parseEntry(partition, m.ID, fieldsOf(m)); err != nil {
			return "", &eventlog.BrokenError{Partition: partition, After: at.Seq, Reason: err.Error()}
		}
	}
	return entry.HashAt(partition, at, there)
}

// Tail implements eventlog.Log.
func (l *Log) Tail(ctx context.Context, partition int) (eventlog.Tail, error) {
	var t eventlog.Tail
	if err := l.checkRead(partition, 0, 1); err != nil {
		return t, err
	}
	values, err := l.client.HMGet(ctx, l.keys.meta(partition), "id", "epoch", "seq", "hash", "clock").Result()
	if err != nil {
		return t, l.fail("tail", err)
	}
	m := texts(values)
	if len(m) != 5 || m[0] != l.id {
		return t, l.fail("tail", l.otherLog(partition))
	}
	t, err = parseTail(m[1:])
	return t, l.fail("tail", err)
}

// Watermark implements eventlog.Log.
func (l *Log) Watermark(ctx context.Context, partition int) (eventlog.Tail, error) {
	if err := l.checkPartition(partition); err != nil {
		return eventlog.Tail{}, err
	}
	m, err := l.run(ctx, watermarkScript, []string{l.keys.meta(partition)})
	if err != nil {
		return eventlog.Tail{}, l.fail("watermark", err)
	}
	t, err := parseTail(m)
	return t, l.fail("watermark", err)
}

// parseTail reads epoch, sequence, hash and clock of a partition.
func parseTail(m []string) (t eventlog.Tail, err error) {
	if len(m) != 4 {
		return t, fmt.Errorf("the end of a partition can't be read: %q", m)
	}
	var errs [3]error
	t.Place.Epoch, errs[0] = strconv.ParseUint(m[0], 10, 64)
	t.Place.Seq, errs[1] = strconv.ParseUint(m[1], 10, 64)
	t.Clock, errs[2] = entry.ParseTime(m[3])
	t.Hash = m[2]
	return t, errors.Join(errs[:]...)
}

// History implements eventlog.Log: history.lua follows the back-pointers.
func (l *Log) History(ctx context.Context, ref eventlog.Ref, at position.Place) iter.Seq2[*eventlog.Event, error] {
	partition := l.PartitionOf(ref)
	if err := errors.Join((eventlog.Load{Primary: ref}).Check(), l.checkRead(partition, at.Seq, 1)); err != nil {
		return entry.Failed(err)
	}
	w := entry.NewWalk(ref, partition, at.Seq)
	return w.All(at.Epoch, func(seq uint64) ([]entry.Entry, error) {
		reply, err := historyScript.Run(ctx, l.client, []string{l.keys.log(partition)}, seq, historyPiece, historyBytes).Slice()
		if err != nil {
			return nil, l.fail("history", err)
		}
		entries := make([]entry.Entry, len(reply))
		for i, v := range reply {
			if entries[i], err = parseReply(partition, v); err != nil {
				return nil, w.Broken("%v", err)
			}
		}
		return entries, nil
	})
}

// parseReply reads an entry as a script returns it: {id, {name, value, ...}}.
func parseReply(partition int, reply any) (entry.Entry, error) {
	pair, _ := reply.([]any)
	if len(pair) != 2 {
		return entry.Entry{}, fmt.Errorf("history.lua answered %v", reply)
	}
	id, _ := pair[0].(string)
	fields := texts(pair[1])
	return parseEntry(partition, id, func(name string) string {
		for i := 0; i+1 < len(fields); i += 2 {
			if fields[i] == name {
				return fields[i+1]
			}
		}
		return ""
	})
}
