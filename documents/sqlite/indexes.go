package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Index implements documents.Store.
func (s *Store) Index(ctx context.Context) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, e := range s.model.Entities {
			if err := index(ctx, tx, s.entities[e.Name]); err != nil {
				return fmt.Errorf("indexes of %s: %w", e.Name, err)
			}
		}
		return nil
	})
}

func index(ctx context.Context, tx *sql.Tx, e *entity) error {
	wanted := e.indexes()
	there, err := indexesOf(ctx, tx, e)
	if err != nil {
		return err
	}
	for _, name := range there {
		if wanted[name] != "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DROP INDEX "`+name+`"`); err != nil {
			return err
		}
	}
	for _, statement := range wanted {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// indexesOf returns the names of the indexes that were made of the entity's documents, not SQLite's own.
func indexesOf(ctx context.Context, tx *sql.Tx, e *entity) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY name`, strings.Trim(e.table, `"`))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}
