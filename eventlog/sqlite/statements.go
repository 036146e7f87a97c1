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

	timer, cancel, setTimer, moveTimer, dropTimer, setCursor         *sql.Stmt
	countNotes, addNote, removeNote, trimNotes, setCount, fewerNotes *sql.Stmt
}

const oneTimer = "kind = ? AND entity = ? AND id = ? AND name = ?"

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
		&s.timer:      "SELECT token FROM timers WHERE " + oneTimer,
		&s.cancel:     "DELETE FROM timers WHERE " + oneTimer,
		&s.setTimer:   "INSERT OR REPLACE INTO timers (kind, entity, id, name, partition, due, token, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		&s.moveTimer:  "UPDATE timers SET due = ? WHERE " + oneTimer + " AND token = ?",
		&s.dropTimer:  "DELETE FROM timers WHERE " + oneTimer + " AND token = ?",
		&s.setCursor: "INSERT INTO cursors (name, partition, epoch, seq, hash) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE " +
			"SET epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash WHERE (excluded.epoch, excluded.seq) > (epoch, seq)",
		&s.countNotes: "SELECT count FROM note_counts WHERE kind = ?",
		&s.addNote:    "INSERT INTO notes (kind, id, at, data) VALUES (?, ?, ?, ?)",
		&s.removeNote: "DELETE FROM notes WHERE kind = ? AND id = ?",
		&s.trimNotes:  "DELETE FROM notes WHERE n IN (SELECT n FROM notes WHERE kind = ? ORDER BY n LIMIT ?)",
		&s.setCount:   "INSERT OR REPLACE INTO note_counts (kind, count) VALUES (?, ?)",
		&s.fewerNotes: "UPDATE note_counts SET count = count - ? WHERE kind = ?",
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
