package eventlog

import (
	"encoding/json"
	"time"
)

// Note is a record that is kept beside the log for people to read: a rejected command, a reaction that failed. Notes are no events: nothing is folded from them.
type Note struct {
	ID   string          // 1 to MaxNoteID bytes, one note of a kind and id
	At   time.Time       // when it was added or replaced, by the log's clock in UTC, to the millisecond
	Data json.RawMessage // at most MaxNoteBytes
}

// NotePage asks for notes of a kind, the newest first.
type NotePage struct {
	Kind  string
	After string // the ID of the last note of the page before; "" for the newest. A note that is gone since is ErrNoNote
	Limit int    // 1 to MaxNotes
}

// Check returns an error that wraps ErrInvalid if n can't be kept as one of keep notes of the kind.
func (n Note) Check(kind string, keep int) error {
	if err := CheckNote(kind, n.ID); err != nil {
		return err
	}
	if keep < 1 {
		return invalid("%d notes of a kind can't be kept: at least 1", keep)
	}
	if len(n.Data) > MaxNoteBytes {
		return invalid("note %s: %d bytes of data, more than %d", n.ID, len(n.Data), MaxNoteBytes)
	}
	return checkJSON("data of note "+n.ID, n.Data)
}

// Check returns an error that wraps ErrInvalid if there can't be such a page.
func (p NotePage) Check() error {
	if p.Limit < 1 || p.Limit > MaxNotes {
		return invalid("%d notes are asked for, not 1 to %d", p.Limit, MaxNotes)
	}
	if p.After != "" {
		return CheckNote(p.Kind, p.After)
	}
	return checkText("kind of notes", p.Kind)
}

// CheckNote returns an error that wraps ErrInvalid if there can't be a note of that kind and id.
func CheckNote(kind, id string) error {
	if err := checkText("kind of notes", kind); err != nil {
		return err
	}
	return checkLongText("note's id", id, MaxNoteID)
}
