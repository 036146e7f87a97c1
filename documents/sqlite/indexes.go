package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
)

// setupIndexes returns the statements that make what the archive always needs.
func (e *entity) setupIndexes() []string {
	versions := strings.Trim(e.versions, `"`)
	return []string{
		fmt.Sprintf(`CREATE INDEX IF NOT EXISTS "%s_undated" ON %s (_id) WHERE createdAt IS NULL`, versions, e.versions), // none but in archives of before it was kept
		fmt.Sprintf(`CREATE INDEX IF NOT EXISTS "%s_gone" ON %s (_id) WHERE deleted=1`, versions, e.versions),            // tombstones
		// What clients do is not in this one: it costs what reactions and timers do.
		fmt.Sprintf(`CREATE INDEX IF NOT EXISTS "%s_caused" ON %s (commandId) WHERE causationId<>''`, versions, e.versions),
	}
}

// indexPrefix begins the names of the indexes that Index makes.
func (e *entity) indexPrefix(past bool) string {
	if past {
		return strings.Trim(e.versions, `"`) + "_by_"
	}
	return strings.Trim(e.table, `"`) + "_"
}

// index returns the name of an index, and the statement that makes it, in the form in which SQLite keeps it.
func (e *entity) index(i documents.Index) (name, statement string) {
	t := e.now()
	if i.Past {
		t = e.then(time.Time{})
	}
	name = e.indexPrefix(i.Past) + i.Name()
	keys := compiler{from: t}
	keys.orders(i.Keys())
	return name, fmt.Sprintf(`CREATE INDEX "%s" ON %s (%s) WHERE %s`, name, t.name, keys.sql.String(), t.there())
}

// Index implements documents.Store. An index is known as ours by its name and statement together.
func (s *Store) Index(ctx context.Context) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, e := range s.model.Documents() {
			if err := s.indexEntity(ctx, tx, s.entities[e.Name]); err != nil {
				return fmt.Errorf("indexes of %s: %w", e.Name, err)
			}
		}
		return nil
	})
}

func (s *Store) indexEntity(ctx context.Context, tx *sql.Tx, e *entity) error {
	wanted := map[string]string{} // statements by name
	for _, i := range documents.Indexes(e.Entity) {
		name, statement := e.index(i)
		wanted[name] = statement
	}
	for past, table := range map[bool]string{false: e.table, true: e.versions} {
		if past && e.ofView {
			continue
		}
		there, err := indexesOf(ctx, tx, strings.Trim(table, `"`))
		if err != nil {
			return err
		}
		for name, statement := range there {
			suffix, ok := strings.CutPrefix(name, e.indexPrefix(past))
			if !ok {
				continue
			}
			_, ours := e.index(documents.IndexNamed(suffix, past))
			switch want, is := wanted[name]; {
			case is && statement == want:
				delete(wanted, name)
			case is:
				return fmt.Errorf("the index %s is not the one that Daybook makes: drop it", name)
			case statement == ours:
				if _, err := tx.ExecContext(ctx, `DROP INDEX "`+name+`"`); err != nil {
					return err
				}
			}
		}
	}
	for _, statement := range wanted {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Size implements documents.Store. Rows are never removed, and each has a number: the last one's is how many there are.
func (s *Store) Size(ctx context.Context, entity string, past bool) (int64, error) {
	e, err := s.entity(entity)
	if err != nil {
		return 0, err
	}
	table := e.table
	if past {
		table = e.versions
	}
	var n int64
	err = s.queries.query(ctx, "SELECT coalesce(max(rowid), 0) FROM "+table, nil, func(rows *sql.Rows) error { return rows.Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("%s in SQLite: %w", e.Plural, err)
	}
	return n, nil
}

// indexesOf returns the statements of a table's indexes by their names, but for those that SQLite made by itself.
func indexesOf(ctx context.Context, tx *sql.Tx, table string) (_ map[string]string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`, table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return nil, err
		}
		out[name] = statement
	}
	return out, rows.Err()
}
