package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

const (
	maxBatch   = 128                       // appends that share a transaction
	pruneEvery = 64                        // transactions between two looks for receipts past their window
	pruneMax   = 2 * pruneEvery * maxBatch // receipts removed in one go: twice what so many transactions can add
)

// request is one append on its way to the writer.
type request struct {
	ctx   context.Context
	a     *eventlog.Append
	reply chan outcome // buffered: the writer never waits for a caller
}

type outcome struct {
	receipt *eventlog.Receipt
	err     error
}

// writer owns the one connection that writes.
type writer struct {
	log    *Log
	db     *sql.DB
	conn   *sql.Conn
	stmts  statements
	window time.Duration
	queue  chan *request
	rounds int
}

func newWriter(ctx context.Context, db *sql.DB, l *Log, window time.Duration) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{log: l, db: db, conn: conn, window: window, queue: make(chan *request, maxBatch)}
	if err := w.stmts.prepare(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

func (w *writer) close() error {
	return errors.Join(w.stmts.close(), w.conn.Close(), w.db.Close())
}

// Append implements eventlog.Log.
func (l *Log) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	r := &request{ctx: ctx, a: &a, reply: make(chan outcome, 1)}
	select {
	case <-l.closed:
		return nil, eventlog.ErrClosed
	default:
	}
	select {
	case l.writer.queue <- r:
	case <-ctx.Done():
		return nil, l.fail("append", ctx.Err())
	case <-l.closed:
		return nil, eventlog.ErrClosed
	}
	select {
	case o := <-r.reply:
		return o.receipt, o.err
	case <-ctx.Done():
		return nil, l.fail("append", ctx.Err())
	case <-l.closed:
		return nil, eventlog.ErrClosed // it may have happened
	}
}

// run writes until the log is closed.
func (w *writer) run() {
	for {
		select {
		case <-w.log.closed:
			return
		case r := <-w.queue:
			w.write(w.collect(r))
		}
	}
}

// collect takes what is waiting already. It never waits for more: while one batch is synced, the next one gathers by itself.
func (w *writer) collect(first *request) []*request {
	batch := []*request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-w.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// write appends the batch in one transaction and answers every request, after the commit.
func (w *writer) write(batch []*request) {
	outcomes := make([]outcome, len(batch))
	touched := map[int]bool{}
	err := w.transact(func(ctx context.Context) error {
		for i, r := range batch {
			if err := r.ctx.Err(); err != nil {
				outcomes[i].err = w.log.fail("append", err) // nobody waits for it any more
				continue
			}
			var err error
			if outcomes[i], err = w.one(ctx, r.a, touched); err != nil {
				return err
			}
		}
		return w.prune(ctx)
	})
	for i, r := range batch {
		if err != nil {
			outcomes[i] = outcome{err: w.log.fail("append", clearer(err))}
		}
		r.reply <- outcomes[i]
	}
	if err == nil {
		for p := range touched {
			w.log.waiters.wake(p)
		}
	}
}

// transact runs do between BEGIN IMMEDIATE and COMMIT, or ROLLBACK if it fails. No caller's context is used here: one caller
// that gives up must not interrupt the others' transaction.
func (w *writer) transact(do func(ctx context.Context) error) error {
	ctx := context.Background()
	if _, err := w.stmts.begin.ExecContext(ctx); err != nil {
		return err
	}
	err := do(ctx)
	if err == nil {
		_, err = w.stmts.commit.ExecContext(ctx)
	}
	if err != nil {
		if _, rerr := w.stmts.rollback.ExecContext(ctx); rerr != nil {
			err = fmt.Errorf("%w (and the rollback: %w)", err, rerr)
		}
	}
	return err
}

// one appends a in a savepoint. The error is one that ends the whole transaction; what only a has to know is in the outcome.
func (w *writer) one(ctx context.Context, a *eventlog.Append, touched map[int]bool) (outcome, error) {
	if _, err := w.stmts.savepoint.ExecContext(ctx); err != nil {
		return outcome{}, err
	}
	receipt, err := w.append(ctx, a)
	if err != nil {
		if _, rerr := w.stmts.rollbackTo.ExecContext(ctx); rerr != nil {
			return outcome{}, errors.Join(err, rerr)
		}
	}
	if _, rerr := w.stmts.release.ExecContext(ctx); rerr != nil {
		return outcome{}, errors.Join(err, rerr)
	}
	if err != nil {
		return outcome{err: err}, nil //nolint:nilerr // the transaction goes on without this append
	}
	if !receipt.Duplicate {
		for _, e := range receipt.Events {
			touched[e.Partition] = true
		}
	}
	return outcome{receipt: receipt}, nil
}

// prune forgets receipts past their window, the oldest first.
func (w *writer) prune(ctx context.Context) error {
	w.rounds++
	if w.rounds%pruneEvery != 1 {
		return nil
	}
	_, err := w.stmts.prune.ExecContext(ctx, pruneMax, time.Now().Add(-w.window).Unix())
	return err
}
