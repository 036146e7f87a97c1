package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/daybook-cqrs/daybook/documents"
)

// selectSecret reads the one secret there is.
const selectSecret = `SELECT value FROM secrets WHERE name = 'cursors'`

// Secret implements documents.Store. Only who finds none takes the write lock.
func (s *Store) Secret(ctx context.Context) ([]byte, error) {
	var secret []byte
	err := s.read.QueryRowContext(ctx, selectSecret).Scan(&secret)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.transact(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO secrets VALUES ('cursors', ?)`, documents.NewSecret()); err != nil {
				return err
			}
			return tx.QueryRowContext(ctx, selectSecret).Scan(&secret)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("the secret in SQLite: %w", err)
	}
	return documents.CheckSecret(secret)
}
