package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
)

// Explain implements documents.Store: it is what EXPLAIN QUERY PLAN says, of each range of a page.
func (s *Store) Explain(ctx context.Context, q documents.Query, by string, keys []string) (string, error) {
	t, err := s.checked(q)
	if err != nil {
		return "", err
	}
	var statements []*compiler
	if by != "" {
		if err := documents.CheckRef(t.Entity, by); err != nil {
			return "", err
		}
		statements = append(statements, s.listingBy(t, q, by, keys))
	} else {
		for _, r := range documents.PageRanges(q) {
			statements = append(statements, s.listing(t, r, q.Limit))
		}
	}
	var out []string
	for _, c := range statements {
		lines, err := s.plan(ctx, c)
		if err != nil {
			return "", fmt.Errorf("%s in SQLite: %w", t.Plural, err)
		}
		out = append(out, lines...)
	}
	return strings.Join(out, "\n"), nil
}

// plan returns the lines of a plan, indented as they are below each other.
func (s *Store) plan(ctx context.Context, c *compiler) (out []string, err error) {
	rows, err := s.read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+c.sql.String(), c.args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	depths := map[int]int{}
	for rows.Next() {
		var id, parent, unused int
		var detail sql.NullString
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		depths[id] = depths[parent] + 1
		out = append(out, strings.Repeat("  ", depths[parent])+detail.String)
	}
	return out, rows.Err()
}
