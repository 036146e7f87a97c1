package command

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// RejectedNotes is the kind of the notes about rejected commands, see eventlog.Note.
const RejectedNotes = "rejected"

// Rejected is a command that was rejected, as it is kept for people to read.
type Rejected struct {
	ID        string          `json:"-"` // of the note
	At        time.Time       `json:"-"`
	Command   string          `json:"command"`
	Entity    string          `json:"entity"`
	EntityID  string          `json:"id"`
	CommandID string          `json:"commandId"`
	Actor     string          `json:"actor,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"` // null if it was too large to keep
	Code      Code            `json:"code"`
	Reason    string          `json:"reason,omitempty"`
	Message   string          `json:"message"`
	Field     string          `json:"field,omitempty"`
	State     string          `json:"state,omitempty"`

	CorrelationID string `json:"correlationId,omitempty"`
	CausationID   string `json:"causationId,omitempty"`
}

// Rejected returns a page of the rejected commands that are kept, the newest first; after is the ID of the last one of the page before.
func (e *Engine) Rejected(ctx context.Context, first int, after string) ([]Rejected, error) {
	return nil, errors.New("not yet")
}
