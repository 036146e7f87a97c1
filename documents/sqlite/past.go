package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
)

// LoadAsOf implements documents.Store. For each id the inner query goes back from its latest version to that of the instant: an index by time would cost every write.
func (s *Store) LoadAsOf(ctx context.Context, entity string, ids []string, fields []string, at time.Time) (map[string]documents.Document, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	t := e.then(at)
	text := "SELECT " + t.columns + " FROM json_each(?) k CROSS JOIN " + t.name + " v ON v.rowid = (SELECT rowid FROM " + t.name +
		" WHERE _id = k.value AND validFrom <= ? ORDER BY _version DESC LIMIT 1)"
	out := make(map[string]documents.Document, len(ids))
	err = s.documents(ctx, t, text, []any{jsonKeys(ids), encodeTime(at)}, fields, func(d documents.Document) { out[d.ID] = d })
	return out, err
}

// History implements documents.Store.
func (s *Store) History(ctx context.Context, q documents.HistoryQuery) (map[string][]documents.Version, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckHistory(q); err != nil {
		return nil, err
	}
	asOf := "\x7f" // after every stored time
	if !q.AsOf.IsZero() {
		asOf = encodeTime(q.AsOf)
	}
	changes := "changes"
	if q.Fields != nil {
		changes = "NULL"
	}
	text := selectVersions(changes) + "json_each(?) k CROSS JOIN " + e.versions + " v ON v.rowid IN (SELECT rowid FROM " + e.versions +
		" WHERE _id = json_extract(k.value,'$[0]') AND _version < json_extract(k.value,'$[1]') AND validFrom <= ? ORDER BY _version DESC LIMIT ?) ORDER BY _id, _version DESC"
	of := slices.Clone(q.Of)
	for i := range of {
		if of[i].Version == 0 {
			of[i].Version = math.MaxInt64
		}
	}
	out := make(map[string][]documents.Version, len(of))
	err = s.queries.query(ctx, text, []any{versionKeys(of), asOf, q.Limit}, func(rows *sql.Rows) error {
		v, err := s.version(e, rows, q.Fields)
		out[v.ID] = append(out[v.ID], v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s in SQLite: %w", e.Plural, err)
	}
	return out, nil
}
