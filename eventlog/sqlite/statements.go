package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// statements are the writer's, prepared once.
type statements struct {
	begin, commit, rollback, savepoint, rollbackTo, release *sql.Stmt

	receipt, head, tail, claimed                         *sql.Stmt
	event, setHead, setTail, claim, release1, setReceipt *sql.Stmt
	prune                                                *sql.Stmt
}

func (s *statements) all() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&s.begin:      "BEGIN IMMEDIATE",
		&s.commit:     "COMMIT",
		&s.rollback:   "ROLLBACK",
		&s.savepoint:  "SAVEPOINT one",
		&s.rollbackTo: "ROLLBACK TO one",
		&s.release:    "RELEASE one",
		&s.receipt:    receiptQuery,
		&s.head:       headQuery,
		&s.tail:       tailQuery,
		&s.claimed:    claimQuery,
		&s.event:      "INSERT INTO events (" + columns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&s.setHead:    "INSERT OR REPLACE INTO heads (entity, id, version, state, deleted, epoch, seq, at, created, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&s.setTail:    "UPDATE partitions SET seq = ?, hash = ?, clock = ? WHERE partition = ?",
		&s.claim:      "INSERT OR REPLACE INTO claims (field, value, entity, id) VALUES (?, ?, ?, ?)",
		&s.release1:   "DELETE FROM claims WHERE field = ? AND value = ? AND entity = ? AND id = ?",
		&s.setReceipt: "INSERT INTO receipts (command_id, input_hash, kept_from, events) VALUES (?, ?, ?, ?)",
		&s.prune:      "DELETE FROM receipts WHERE n IN (SELECT n FROM receipts ORDER BY n LIMIT ?) AND kept_from < ?",
	}
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	for into, query := range s.all() {
		stmt, err := conn.PrepareContext(ctx, query) //nolint:sqlclosecheck // close does
		if err != nil {
			return errors.Join(err, s.close())
		}
		*into = stmt
	}
	return nil
}

func (s *statements) close() error {
	var errs []error
	for stmt := range s.all() {
		if *stmt != nil {
			errs = append(errs, (*stmt).Close())
		}
	}
	return errors.Join(errs...)
}
