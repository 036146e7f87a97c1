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
