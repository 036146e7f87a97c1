package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// pollInterval bounds how long after another process's append a waiting read sees it. Appends of this process wake reads at once.
const pollInterval = 25 * time.Millisecond

// waiters wakes reads that wait for new events, per partition.
type waiters struct {
	mu    sync.Mutex
	wakes []chan struct{} // closed and replaced at each wake
}

func newWaiters(partitions int) *waiters {
	w := &waiters{wakes: make([]chan struct{}, partitions)}
	for i := range w.wakes {
		w.wakes[i] = make(chan struct{})
	}
	return w
}

// on returns the channel that the partition's next wake closes. Take it before reading, so that no append in between is missed.
func (w *waiters) on(partition int) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wakes[partition]
}

func (w *waiters) wake(partition int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.wakes[partition])
	w.wakes[partition] = make(chan struct{})
}

func (w *waiters) wakeAll() {
	for p := range w.wakes {
		w.wake(p)
	}
}

// watchOtherProcesses wakes all reads when the file was changed from elsewhere, until the log is closed. SQLite's data_version changes
// on every commit of another connection, our own writer's too: those wake once more for nothing, which is only wasteful.
func (l *Log) watchOtherProcesses() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var conn *sql.Conn
	defer func() {
		if conn != nil {
			conn.Close() //nolint:errcheck // a connection that only read
		}
	}()
	var last int64
	for {
		select {
		case <-l.closed:
			return
		case <-tick.C:
		}
		if conn == nil {
			var err error
			if conn, err = l.reads.Conn(ctx); err != nil {
				conn = nil
				l.waiters.wakeAll() // the reads will report what is wrong
				continue
			}
		}
		var now int64
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&now); err != nil || now != last {
			last = now
			l.waiters.wakeAll()
		}
	}
}
