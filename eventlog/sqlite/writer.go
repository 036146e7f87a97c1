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
	maxBatch   = 128                       // requests that share a transaction
	pruneEvery = 64                        // transactions between two looks for receipts past their window
	pruneMax   = 2 * pruneEvery * maxBatch // receipts removed in one go: twice what so many transactions can add
)

// request is one append, or another small change, on its way to the writer.
type request struct {
	ctx   context.Context
	what  string
	a     *eventlog.Append
	do    func(ctx context.Context) error // if it is no append
	reply chan outcome                    // buffered: the writer never waits for a caller
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
	o := l.request(&request{ctx: ctx, what: "append", a: &a})
	return o.receipt, o.err
}

// write has the writer do a change that is no append. What do leaves in its variables is the caller's to read only if there is no error:
// a caller that gave up may have left before.
func (l *Log) write(ctx context.Context, what string, do func(ctx context.Context) error) error {
	return l.request(&request{ctx: ctx, what: what, do: do}).err
}

// request hands r to the writer and waits for its outcome.
func (l *Log) request(r *request) outcome {
	r.reply = make(chan outcome, 1)
	select {
	case <-l.closed:
		return outcome{err: eventlog.ErrClosed}
	default:
	}
	select {
	case l.writer.queue <- r:
	case <-r.ctx.Done():
		return outcome{err: l.fail(r.what, r.ctx.Err())}
	case <-l.closed:
		return outcome{err: eventlog.ErrClosed}
	}
	select {
	case o := <-r.reply:
		return o
	case <-r.ctx.Done():
		return outcome{err: l.fail(r.what, r.ctx.Err())}
	case <-l.closed:
		return outcome{err: eventlog.ErrClosed} // it may have happened
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

// write does the batch in one transaction and answers every request, after the commit.
func (w *writer) write(batch []*request) {
	outcomes := make([]outcome, len(batch))
	touched := map[int]bool{}
	err := w.transact(func(ctx context.Context) error {
		for i, r := range batch {
			if err := r.ctx.Err(); err != nil {
				outcomes[i].err = w.log.fail(r.what, err) // nobody waits for it any more
				continue
			}
			var err error
			if outcomes[i], err = w.one(ctx, r, touched); err != nil {
				return err
			}
		}
		return w.prune(ctx)
	})
	for i, r := range batch {
		if err != nil {
			outcomes[i] = outcome{err: w.log.fail(r.what, clearer(err))}
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

// one does r in a savepoint. The error is one that ends the whole transaction; what only r's caller has to know is in the outcome.
func (w *writer) one(ctx context.Context, r *request, touched map[int]bool) (outcome, error) {
	if _, err := w.stmts.savepoint.ExecContext(ctx); err != nil {
		return outcome{}, err
	}
	var receipt *eventlog.Receipt
	var err error
	if r.a != nil {
		receipt, err = w.append(ctx, r.a)
	} else {
		err = w.log.fail(r.what, r.do(ctx))
	}
	if err != nil {
		if _, rerr := w.stmts.rollbackTo.ExecContext(ctx); rerr != nil {
			return outcome{}, errors.Join(err, rerr)
		}
	}
	if _, rerr := w.stmts.release.ExecContext(ctx); rerr != nil {
		return outcome{}, errors.Join(err, rerr)
	}
	if err != nil {
		return outcome{err: err}, nil //nolint:nilerr // the transaction goes on without it
	}
	if receipt != nil && !receipt.Duplicate {
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
	_, err := w.stmts.prune.ExecContext(ctx, pruneMax, w.log.clock.wall().Add(-w.window).Unix())
	return err
}
