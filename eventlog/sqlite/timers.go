package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

const timerColumns = "entity, id, name, due, token, data"

// checkFire finds out whether the timer that the append fires is there as it was set.
func (w *writer) checkFire(ctx context.Context, f *eventlog.Fire) error {
	if f == nil {
		return nil
	}
	var token string
	err := w.stmts.timer.QueryRowContext(ctx, f.Kind, f.Ref.Entity, f.Ref.ID, f.Name).Scan(&token)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return w.log.fail("append", err)
	}
	if err != nil || token != f.Token {
		return fmt.Errorf("%w: %s of %s", eventlog.ErrNoTimer, f.Name, f.Ref)
	}
	return nil
}

// storeTimers removes what is fired and cancelled, then sets.
func (w *writer) storeTimers(ctx context.Context, a *eventlog.Append) error {
	gone := a.Cancel
	if a.Fire != nil {
		gone = append([]eventlog.TimerKey{a.Fire.TimerKey}, gone...)
	}
	for _, k := range gone {
		if _, err := w.stmts.cancel.ExecContext(ctx, k.Kind, k.Ref.Entity, k.Ref.ID, k.Name); err != nil {
			return err
		}
	}
	if len(a.Timers) == 0 {
		return nil
	}
	now := w.log.clock.millis()
	for i := range a.Timers {
		t := &a.Timers[i]
		if _, err := w.stmts.setTimer.ExecContext(ctx, t.Kind, t.Ref.Entity, t.Ref.ID, t.Name,
			w.log.PartitionOf(t.Ref), entry.DueMillis(t, now), a.CommandID, string(t.Data)); err != nil {
			return err
		}
	}
	return nil
}

const (
	dueQuery  = "SELECT " + timerColumns + " FROM timers WHERE partition = ? AND kind = ? AND due <= ? ORDER BY due, entity, id, name LIMIT ?"
	nextQuery = "SELECT due FROM timers WHERE partition = ? AND kind = ? AND (due, entity, id, name) > (?, ?, ?, ?) ORDER BY due, entity, id, name LIMIT 1"
)

// Due implements eventlog.Log. What is due and what comes next are read in one transaction.
func (l *Log) Due(ctx context.Context, partition int, kind string, limit int) (eventlog.Due, error) {
	if err := errors.Join(l.checkPartition(partition), eventlog.CheckTimers(kind, limit)); err != nil {
		return eventlog.Due{}, err
	}
	tx, err := l.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return eventlog.Due{}, l.fail("due", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	d, err := l.due(ctx, tx, partition, kind, limit)
	return d, l.fail("due", err)
}

func (l *Log) due(ctx context.Context, tx *sql.Tx, partition int, kind string, limit int) (eventlog.Due, error) {
	now := l.clock.millis()
	d := eventlog.Due{Next: -1}
	var err error
	if d.Timers, err = selectTimers(ctx, tx, kind, dueQuery, partition, kind, now, limit); err != nil {
		return d, err
	}
	last := eventlog.SetTimer{Due: time.UnixMilli(math.MinInt64)} // before all
	if n := len(d.Timers); n > 0 {
		last = d.Timers[n-1]
	}
	var due int64
	err = tx.QueryRowContext(ctx, nextQuery, partition, kind, last.Due.UnixMilli(), last.Ref.Entity, last.Ref.ID, last.Name).Scan(&due)
	if errors.Is(err, sql.ErrNoRows) {
		return d, nil
	}
	d.Next = entry.NextDue(due, now)
	return d, err
}

// Timers implements eventlog.Log.
func (l *Log) Timers(ctx context.Context, partition int, kind string, after *eventlog.SetTimer, limit int) ([]eventlog.SetTimer, error) {
	if err := errors.Join(l.checkPartition(partition), eventlog.CheckTimers(kind, limit)); err != nil {
		return nil, err
	}
	query, args := "SELECT "+timerColumns+" FROM timers WHERE partition = ? AND kind = ?", []any{partition, kind}
	if after != nil {
		query += " AND (due, entity, id, name) > (?, ?, ?, ?)"
		args = append(args, after.Due.UnixMilli(), after.Ref.Entity, after.Ref.ID, after.Name)
	}
	timers, err := selectTimers(ctx, l.reads, kind, query+" ORDER BY due, entity, id, name LIMIT ?", append(args, limit)...)
	return timers, l.fail("timers", err)
}

// querier is the file, or a transaction in it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// selectTimers returns what the query gives, up to MaxReadBytes.
func selectTimers(ctx context.Context, q querier, kind, query string, args ...any) ([]eventlog.SetTimer, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []eventlog.SetTimer
	for size := 0; size < eventlog.MaxReadBytes && rows.Next(); {
		t := eventlog.SetTimer{TimerKey: eventlog.TimerKey{Kind: kind}}
		var due int64
		var data string
		if err := rows.Scan(&t.Ref.Entity, &t.Ref.ID, &t.Name, &due, &t.Token, &data); err != nil {
			return nil, err
		}
		t.Due, t.Data = time.UnixMilli(due).UTC(), rawOf(data)
		out, size = append(out, t), size+len(data)
	}
	return out, rows.Err()
}

// MoveTimer implements eventlog.Log.
func (l *Log) MoveTimer(ctx context.Context, f eventlog.Fire, after time.Duration) (bool, error) {
	if err := f.Check(); err != nil {
		return false, err
	}
	var moved int64
	err := l.write(ctx, "move a timer", func(ctx context.Context) error {
		stmt, args := l.writer.stmts.dropTimer, []any{f.Kind, f.Ref.Entity, f.Ref.ID, f.Name, f.Token}
		if after >= 0 {
			stmt, args = l.writer.stmts.moveTimer, append([]any{l.clock.millis() + entry.Millis(after)}, args...)
		}
		res, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		moved, err = res.RowsAffected()
		return err
	})
	return err == nil && moved > 0, err
}
