// Package sqlite is the event log in one SQLite file: the embedded default, durable with nothing installed.
//
// One connection writes. Appends that wait for it at the same time share a transaction and its fsync, each in a savepoint of its own.
// Reads have connections of their own and never wait for the writer. Several processes may open one file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Defaults of Options.
const (
	DefaultPartitions    = eventlog.DefaultPartitions
	DefaultReceiptWindow = eventlog.DefaultReceiptWindow
)

// Options say how to open a log.
type Options struct {
	Partitions    int // 1 to eventlog.MaxPartitions; 0 takes what the file has, DefaultPartitions for a new one
	Placement     eventlog.Placement
	Existing      bool          // eventlog.ErrNoLog (wrapped) if there is no log, instead of making one
	ReceiptWindow time.Duration // how long at least a command id is remembered, at least a minute; 0 is DefaultReceiptWindow
}

// Log is an eventlog.Log in a SQLite file.
type Log struct {
	path       string
	partitions int
	placement  eventlog.Placement
	reads      *sql.DB
	writer     *writer
	waiters    *waiters
	clock      *clock

	closed    chan struct{}
	closeOnce sync.Once
	closeErr  error
	running   sync.WaitGroup
}

var _ eventlog.Log = (*Log)(nil)

// Open opens the log in the file at path, and makes it if there is none; the folder must exist. It returns eventlog.ErrPartitions (wrapped)
// if the file has another number of partitions, and eventlog.ErrPlacement if entities lie elsewhere in it. The log runs goroutines until Close.
func Open(ctx context.Context, path string, o Options) (*Log, error) {
	return openWith(ctx, path, o, newClock(time.Now, steadyClock()))
}

func openWith(ctx context.Context, path string, o Options, c *clock) (*Log, error) {
	window, err := eventlog.CheckOptions(o.Partitions, o.ReceiptWindow)
	if err != nil {
		return nil, err
	}
	if path, err = filePath(path); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); o.Existing && errors.Is(err, fs.ErrNotExist) { // to look into a file makes it
		return nil, fmt.Errorf("the log %s: %w", path, eventlog.ErrNoLog)
	}
	writes, partitions, err := openFile(ctx, path, &o)
	if err != nil {
		return nil, err
	}
	reads, err := sql.Open(driver, dsn(path, false))
	if err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	reads.SetMaxOpenConns(maxReaders)
	reads.SetMaxIdleConns(maxReaders)
	l := &Log{path: path, partitions: partitions, placement: o.Placement, reads: reads, waiters: newWaiters(partitions), clock: c, closed: make(chan struct{})}
	if l.writer, err = newWriter(ctx, writes, l, window); err != nil {
		return nil, errors.Join(err, writes.Close(), reads.Close())
	}
	l.running.Go(l.writer.run)
	l.running.Go(l.watchOtherProcesses)
	return l, nil
}

// Partitions returns the number of partitions.
func (l *Log) Partitions() int { return l.partitions }

// PartitionOf returns the partition of an entity.
func (l *Log) PartitionOf(ref eventlog.Ref) int { return l.placement.PartitionOf(ref, l.partitions) }

// Spans is true.
func (l *Log) Spans() bool { return true }

// Durability is "fsync": Open checks that every commit is synced before it is acknowledged.
func (l *Log) Durability() string { return "fsync" }

// Ping reports whether the file can be read.
func (l *Log) Ping(ctx context.Context) error {
	var n int
	err := l.reads.QueryRowContext(ctx, "SELECT count(*) FROM settings").Scan(&n)
	return l.fail("ping", err)
}

// Close ends waiting reads and appends, and closes the file. It is safe to call twice.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		close(l.closed)
		l.running.Wait()
		l.closeErr = errors.Join(l.reads.Close(), l.writer.close())
	})
	return l.closeErr
}

// fail wraps an error with what failed; after Close it is ErrClosed.
func (l *Log) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-l.closed:
		return eventlog.ErrClosed
	default:
		return fmt.Errorf("log %s: %s: %w", l.path, what, err)
	}
}
