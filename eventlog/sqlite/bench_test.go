package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/internal/versus"
)

// BenchmarkAppend compares, with files of the same settings and the same callers, every append synced to disk: an append through the log, a transaction
// of the rows that it consists of by the bare driver, and one INSERT of an event by the bare driver.
func BenchmarkAppend(b *testing.B) {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "log.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	bare := openBare(b)
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			run := fmt.Sprintf("%d-%d-", b.N, callers)
			versus.Run(b, versus.Rounds{Callers: callers, Calls: 400},
				versus.Way{Name: "ours", Do: func(i int) error {
					_, err := l.Append(ctx, logtest.BenchStep(run, int64(i)))
					return err
				}},
				versus.Way{Name: "rows", Do: func(i int) error { return bare.rows(ctx, logtest.BenchStep(run, int64(i))) }},
				versus.Way{Name: "insert", Do: func(i int) error { return bare.event(ctx, bare.db, logtest.BenchStep(run, int64(i))) }})
		})
	}
}

// bareFile is a file with the log's tables, and no log.
type bareFile struct{ db *sql.DB }

func openBare(b *testing.B) *bareFile {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bare.db")
	l, err := sqlite.Open(b.Context(), path, sqlite.Options{}) // makes the tables
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	return &bareFile{db}
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

const someHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709"

func (f *bareFile) event(ctx context.Context, db execer, a eventlog.Append) error {
	_, err := db.ExecContext(ctx, "INSERT INTO events (epoch, version, back, at, prev, hash, meta, changes, input) VALUES (0, 1, 0, ?, ?, ?, ?, ?, ?)",
		"2026-11-24T12:00:00.000000000Z", someHash, someHash, a.Primary.String(), string(a.Events[0].Changes), string(a.Input))
	return err
}

// rows writes what an append writes: the event, the head, the partition's end, and the receipt.
func (f *bareFile) rows(ctx context.Context, a eventlog.Append) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := f.event(ctx, tx, a); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO heads VALUES (?, ?, 1, '', 0, 0, 1, '', '', ?)", a.Primary.Entity, a.Primary.ID, string(a.Events[0].Changes)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE partitions SET seq = seq + 1, hash = ? WHERE partition = 1", someHash); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO receipts (command_id, input_hash, kept_from, events) VALUES (?, ?, 0, '[]')", a.CommandID, a.InputHash); err != nil {
		return err
	}
	return tx.Commit()
}
