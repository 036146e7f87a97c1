package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// Archives of before Version.CreatedAt was kept get it from the first version of each entity. An index has those that lack it, so that what is done is
// not looked at again.

// dateVersions gives versions without one their CreatedAt, some in each transaction.
func (s *Store) dateVersions(ctx context.Context, e *entity) error {
	text := fmt.Sprintf(`UPDATE %[1]s SET createdAt = (SELECT f.validFrom FROM %[1]s f WHERE f._id = %[1]s._id ORDER BY f._version LIMIT 1)
		WHERE rowid IN (SELECT rowid FROM %[1]s WHERE createdAt IS NULL LIMIT %[2]d)`, e.versions, batchLimit)
	for n := int64(batchLimit); n == batchLimit; { // ends: each round leaves fewer
		err := s.transact(ctx, func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, text)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
