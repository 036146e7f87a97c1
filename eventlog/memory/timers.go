package memory

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// storeTimers removes what is fired and cancelled, then sets.
func (l *Log) storeTimers(a *eventlog.Append) {
	if a.Fire != nil {
		l.removeTimer(a.Fire.TimerKey)
	}
	for _, k := range a.Cancel {
		l.removeTimer(k)
	}
	now := l.utc().UnixMilli()
	for i := range a.Timers {
		t := &a.Timers[i]
		l.setTimer(&eventlog.SetTimer{
			TimerKey: t.TimerKey, Token: a.CommandID, Due: time.UnixMilli(entry.DueMillis(t, now)).UTC(), Data: bytes.Clone(t.Data),
		})
	}
}

func (l *Log) setTimer(t *eventlog.SetTimer) {
	l.removeTimer(t.TimerKey)
	p := l.partitions[l.PartitionOf(t.Ref)]
	i, _ := slices.BinarySearchFunc(p.timers[t.Kind], t, entry.CompareTimers)
	p.timers[t.Kind] = slices.Insert(p.timers[t.Kind], i, t)
	l.timers[t.TimerKey] = t
}

func (l *Log) removeTimer(k eventlog.TimerKey) {
	t := l.timers[k]
	if t == nil {
		return
	}
	p := l.partitions[l.PartitionOf(k.Ref)]
	if i, found := slices.BinarySearchFunc(p.timers[k.Kind], t, entry.CompareTimers); found {
		p.timers[k.Kind] = slices.Delete(p.timers[k.Kind], i, i+1)
	}
	delete(l.timers, k)
}

// Due implements eventlog.Log.
func (l *Log) Due(ctx context.Context, partition int, kind string, limit int) (eventlog.Due, error) {
	if err := l.checkTimers(ctx, "due", partition, kind, limit); err != nil {
		return eventlog.Due{}, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	now, timers := l.utc(), l.partitions[partition].timers[kind]
	n, size := 0, 0
	for n < min(limit, len(timers)) && size < eventlog.MaxReadBytes && !timers[n].Due.After(now) {
		size += len(timers[n].Data)
		n++
	}
	d := eventlog.Due{Timers: copyTimers(timers[:n]), Next: -1}
	if n < len(timers) {
		d.Next = entry.NextDue(timers[n].Due.UnixMilli(), now.UnixMilli())
	}
	return d, nil
}

// Timers implements eventlog.Log.
func (l *Log) Timers(ctx context.Context, partition int, kind string, after *eventlog.SetTimer, limit int) ([]eventlog.SetTimer, error) {
	if err := l.checkTimers(ctx, "timers", partition, kind, limit); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	timers := l.partitions[partition].timers[kind]
	if after != nil {
		i, found := slices.BinarySearchFunc(timers, after, entry.CompareTimers)
		if found {
			i++
		}
		timers = timers[i:]
	}
	n, size := 0, 0
	for n < min(limit, len(timers)) && size < eventlog.MaxReadBytes {
		size += len(timers[n].Data)
		n++
	}
	return copyTimers(timers[:n]), nil
}

func (l *Log) checkTimers(ctx context.Context, what string, partition int, kind string, limit int) error {
	return errors.Join(l.checkPartition(partition), eventlog.CheckTimers(kind, limit), l.usable(ctx, what))
}

// copyTimers returns what a caller may change.
func copyTimers(timers []*eventlog.SetTimer) []eventlog.SetTimer {
	out := make([]eventlog.SetTimer, len(timers))
	for i, t := range timers {
		out[i] = *t
		out[i].Data = bytes.Clone(t.Data)
	}
	return out
}

// MoveTimer implements eventlog.Log.
func (l *Log) MoveTimer(ctx context.Context, f eventlog.Fire, after time.Duration) (bool, error) {
	if err := errors.Join(f.Check(), l.usable(ctx, "move a timer")); err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.timers[f.TimerKey]
	if t == nil || t.Token != f.Token {
		return false, nil
	}
	if after < 0 {
		l.removeTimer(f.TimerKey)
		return true, nil
	}
	moved := *t
	moved.Due = time.UnixMilli(l.utc().UnixMilli() + entry.Millis(after)).UTC()
	l.setTimer(&moved)
	return true, nil
}
