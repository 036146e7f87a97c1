// Package memory is the event log in this process's memory: for tests, of this module and of rules. An append takes microseconds, time goes as the test says,
// and nothing is kept once the process ends. It has the same chain of hashes as the other engines, so that all that reads a log checks what it checks there.
package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// Defaults of Options.
const (
	DefaultPartitions    = eventlog.DefaultPartitions
	DefaultReceiptWindow = eventlog.DefaultReceiptWindow
)

// Options say how to make a log.
type Options struct {
	Partitions    int           // 1 to eventlog.MaxPartitions; 0 is DefaultPartitions
	ReceiptWindow time.Duration // how long at least a command id is remembered, at least a minute; 0 is DefaultReceiptWindow
	Placement     eventlog.Placement
	Now           func() time.Time // the log's clock, called by many goroutines: a test moves it; nil is this process's clock, steady from Open on
}

// Log is an eventlog.Log in memory.
type Log struct {
	now       func() time.Time
	window    time.Duration
	placement eventlog.Placement

	mu         sync.RWMutex
	partitions []*partition
	heads      map[eventlog.Ref]eventlog.Head // never changed in place: replaced
	owners     map[unique]eventlog.Ref
	receipts   receipts
	timers     map[eventlog.TimerKey]*eventlog.SetTimer
	cursors    map[reader]eventlog.Cursor
	notes      map[string]*notes // by kind

	closed    chan struct{}
	closeOnce sync.Once
}

var _ eventlog.Log = (*Log)(nil)

// partition is what one partition holds.
type partition struct {
	entries []entry.Entry // sequence n at n-1
	clock   time.Time
	woken   chan struct{}                   // closed and replaced by each append of events
	timers  map[string][]*eventlog.SetTimer // by kind, in the order of entry.CompareTimers
}

// unique is a value that has at most one owner.
type unique struct{ field, value string }

// Open makes an empty log.
func Open(o Options) (*Log, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	l := &Log{
		now: o.Now, window: o.ReceiptWindow, placement: o.Placement, partitions: make([]*partition, o.Partitions),
		heads: map[eventlog.Ref]eventlog.Head{}, owners: map[unique]eventlog.Ref{}, receipts: newReceipts(),
		timers: map[eventlog.TimerKey]*eventlog.SetTimer{}, cursors: map[reader]eventlog.Cursor{}, notes: map[string]*notes{},
		closed: make(chan struct{}),
	}
	for p := range l.partitions {
		l.partitions[p] = &partition{woken: make(chan struct{}), timers: map[string][]*eventlog.SetTimer{}}
	}
	return l, nil
}

func (o *Options) fill() (err error) {
	if o.Partitions == 0 {
		o.Partitions = DefaultPartitions
	}
	if o.ReceiptWindow, err = eventlog.CheckOptions(o.Partitions, o.ReceiptWindow); err != nil {
		return err
	}
	if o.Now == nil {
		start := time.Now()
		o.Now = func() time.Time { return start.Add(time.Since(start)) }
	}
	return nil
}

// Partitions returns the number of partitions.
func (l *Log) Partitions() int { return len(l.partitions) }

// PartitionOf returns the partition of an entity.
func (l *Log) PartitionOf(ref eventlog.Ref) int {
	return l.placement.PartitionOf(ref, len(l.partitions))
}

// Spans is true.
func (l *Log) Spans() bool { return true }

// Durability is "memory".
func (l *Log) Durability() string { return "memory" }

// Ping reports whether the log is open.
func (l *Log) Ping(ctx context.Context) error { return l.usable(ctx, "ping") }

// Close ends waiting reads. It is safe to call twice.
func (l *Log) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return nil
}

// usable is the error of a call to a closed log, or of one whose context has ended.
func (l *Log) usable(ctx context.Context, what string) error {
	select {
	case <-l.closed:
		return eventlog.ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("log in memory: %s: %w", what, err)
	}
	return nil
}

// checkPartition is the error of a call for a partition that the log doesn't have.
func (l *Log) checkPartition(partition int) error {
	if partition < 0 || partition >= len(l.partitions) {
		return fmt.Errorf("%w: partition %d of %d", eventlog.ErrInvalid, partition, len(l.partitions))
	}
	return nil
}

// utc returns the log's time, without a monotonic reading: comparing two times compares what they say.
func (l *Log) utc() time.Time { return l.now().UTC().Round(0) }
