package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
)

var commonTables = []string{
	`CREATE TABLE IF NOT EXISTS generations (entity TEXT PRIMARY KEY NOT NULL, live INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS checkpoints (generation INTEGER NOT NULL, partition INTEGER NOT NULL, epoch INTEGER NOT NULL,
		seq INTEGER NOT NULL, hash TEXT NOT NULL, watermark TEXT NOT NULL DEFAULT '', PRIMARY KEY (generation, partition)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID`,
}

// Setup implements documents.Store.
func (s *Store) Setup(ctx context.Context) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if err := execAll(ctx, tx, append(slices.Clone(commonTables), viewTables...)); err != nil {
			return err
		}
		if err := addColumn(ctx, tx, "checkpoints", "watermark", "TEXT NOT NULL DEFAULT ''"); err != nil { // there were none once
			return err
		}
		if err := s.forgetDropped(ctx, tx); err != nil {
			return err
		}
		for _, e := range s.model.Documents() {
			if err := s.setupEntity(ctx, tx, s.entities[e.Name]); err != nil {
				return fmt.Errorf("tables of %s: %w", e.Name, err)
			}
		}
		return nil
	})
	for _, e := range s.model.Entities {
		if err == nil {
			err = s.dateVersions(ctx, s.entities[e.Name])
		}
	}
	return err
}

// addColumn adds a column to a table of before it was there.
func addColumn(ctx context.Context, tx *sql.Tx, table, name, definition string) error {
	var there bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE name = ?)`, table, name).Scan(&there)
	if err == nil && !there {
		_, err = tx.ExecContext(ctx, `ALTER TABLE "`+table+`" ADD COLUMN `+name+" "+definition)
	}
	return err
}

func (s *Store) setupEntity(ctx context.Context, tx *sql.Tx, e *entity) error {
	if err := execAll(ctx, tx, e.setup()); err != nil {
		return err
	}
	if e.ofView {
		return nil
	}
	if err := addColumn(ctx, tx, strings.Trim(e.versions, `"`), "createdAt", "TEXT"); err != nil {
		return err
	}
	if err := execAll(ctx, tx, e.setupIndexes()); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO generations VALUES (?, ?)`, e.Name, documents.FirstGeneration); err != nil {
		return err
	}
	var live int
	if err := tx.QueryRowContext(ctx, `SELECT live FROM generations WHERE entity = ?`, e.Name).Scan(&live); err != nil {
		return err
	}
	if live != documents.FirstGeneration {
		return fmt.Errorf("its live generation is %d, this Daybook knows %d: run the newer one", live, documents.FirstGeneration)
	}
	return nil
}

func execAll(ctx context.Context, tx *sql.Tx, statements []string) error {
	for _, q := range statements {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// transact runs f in the one write transaction; it holds the file's write lock from its beginning, so what f reads stays true.
func (s *Store) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("documents in SQLite: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	if err := f(tx); err != nil {
		return fmt.Errorf("documents in SQLite: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("documents in SQLite: %w", err)
	}
	return nil
}
