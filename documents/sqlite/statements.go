package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxStatements bounds the prepared statements kept: the shapes of an application's queries, not its values.
const maxStatements = 256

// statements keeps the prepared statements that were used last. It is safe for concurrent use.
type statements struct {
	db *sql.DB

	mu     sync.Mutex
	recent *lru.Cache[string, *statement]
}

// statement counts its users, because one may be evicted while another goroutine is about to use it.
type statement struct {
	*sql.Stmt
	users   int
	evicted bool
}

func newStatements(db *sql.DB) *statements {
	s := &statements{db: db}
	s.recent, _ = lru.NewWithEvict(maxStatements, func(_ string, st *statement) { // only a size below 1 fails
		st.evicted = true
		if st.users == 0 {
			_ = st.Close()
		}
	})
	return s
}

// query runs a prepared statement and calls scan for each row.
func (s *statements) query(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) (err error) {
	st, err := s.get(ctx, text)
	if err != nil {
		return err
	}
	defer s.release(st)
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *statements) get(ctx context.Context, text string) (*statement, error) {
	if st := s.known(text); st != nil {
		return st, nil
	}
	prepared, err := s.db.PrepareContext(ctx, text) // outside the lock: it may wait for a connection
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &statement{Stmt: prepared, users: 1}
	s.recent.Remove(text) // another goroutine may have been faster: its statement is evicted
	s.recent.Add(text, st)
	return st, nil
}

func (s *statements) known(text string) *statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.recent.Get(text)
	if !ok {
		return nil
	}
	st.users++
	return st
}

func (s *statements) release(st *statement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.users--; st.users == 0 && st.evicted {
		_ = st.Close()
	}
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.Purge()
	return nil
}
