package memory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/position"
)

const (
	maxRead      = 10_000 // events per Read, whatever the limit asked for
	historyPiece = 200    // versions that are followed under one lock
)

// Read implements eventlog.Log. A limit beyond 10,000 counts as 10,000.
func (l *Log) Read(ctx context.Context, partition int, after uint64, prevHash string, limit int, wait time.Duration) ([]eventlog.Event, error) {
	if err := l.checkPartition(partition); err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, fmt.Errorf("%w: a read of %d events", eventlog.ErrInvalid, limit)
	}
	var timeout <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		if err := l.usable(ctx, "read"); err != nil {
			return nil, err
		}
		entries, woken := l.entriesFrom(partition, after, min(limit, maxRead))
		events, err := entry.Follow(partition, after, prevHash, entries)
		if err != nil || len(events) > 0 || wait <= 0 {
			return events, err
		}
		select {
		case <-woken:
		case <-timeout:
			return nil, nil
		case <-ctx.Done():
		case <-l.closed:
		}
	}
}

// entriesFrom returns the entry at after and up to limit that follow it, up to MaxReadBytes, and what the partition's next append closes.
func (l *Log) entriesFrom(partition int, after uint64, limit int) ([]entry.Entry, <-chan struct{}) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	p := l.partitions[partition]
	if after > uint64(len(p.entries)) {
		return nil, p.woken
	}
	if after > 0 {
		after, limit = after-1, limit+1 // the anchor
	}
	rest := p.entries[after:]
	n, size := 0, 0
	for n < min(limit, len(rest)) && size < eventlog.MaxReadBytes {
		size += len(rest[n].Meta) + len(rest[n].Changes) + len(rest[n].Input)
		n++
	}
	return append([]entry.Entry(nil), rest[:n]...), p.woken
}

// HashAt implements eventlog.Log.
func (l *Log) HashAt(ctx context.Context, partition int, at position.Place) (string, error) {
	if err := errors.Join(l.checkPartition(partition), l.usable(ctx, "hash")); err != nil {
		return "", err
	}
	var there []entry.Entry
	if at.Seq > 0 {
		there, _ = l.entriesFrom(partition, at.Seq, 1)
	}
	return entry.HashAt(partition, at, there)
}

// Tail implements eventlog.Log.
func (l *Log) Tail(ctx context.Context, partition int) (eventlog.Tail, error) {
	if err := errors.Join(l.checkPartition(partition), l.usable(ctx, "tail")); err != nil {
		return eventlog.Tail{}, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.partitions[partition].tail(), nil
}

// Watermark implements eventlog.Log.
func (l *Log) Watermark(ctx context.Context, partition int) (eventlog.Tail, error) {
	if err := errors.Join(l.checkPartition(partition), l.usable(ctx, "watermark")); err != nil {
		return eventlog.Tail{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.partitions[partition]
	if now := l.utc(); now.After(p.clock) {
		p.clock = now
	}
	return p.tail(), nil
}

func (p *partition) tail() eventlog.Tail {
	t := eventlog.Tail{Place: position.Place{Seq: uint64(len(p.entries))}, Clock: p.clock}
	if n := len(p.entries); n > 0 {
		t.Hash = p.entries[n-1].Hash
	}
	return t
}

// History implements eventlog.Log: it follows the back-pointers.
func (l *Log) History(ctx context.Context, ref eventlog.Ref, at position.Place) iter.Seq2[*eventlog.Event, error] {
	if err := (eventlog.Load{Primary: ref}).Check(); err != nil {
		return entry.Failed(err)
	}
	partition := l.PartitionOf(ref)
	return entry.NewWalk(ref, partition, at.Seq).All(at.Epoch, func(seq uint64) ([]entry.Entry, error) {
		if err := l.usable(ctx, "history"); err != nil {
			return nil, err
		}
		l.mu.RLock()
		defer l.mu.RUnlock()
		entries := l.partitions[partition].entries
		var out []entry.Entry
		for len(out) < historyPiece && seq > 0 && seq <= uint64(len(entries)) {
			e := entries[seq-1]
			out, seq = append(out, e), e.Back
		}
		return out, nil
	})
}
