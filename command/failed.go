package command

import (
	"context"
	"errors"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// FailedReactionNotes is the kind of the notes about reactions whose command was not accepted, see eventlog.Note.
const FailedReactionNotes = "reaction"

// FailedStatus says what is to become of a reaction that failed.
type FailedStatus string

// What is to become of a reaction that failed.
const (
	ReactionRejected FailedStatus = "REJECTED" // its command was rejected: nothing more happens
	ReactionParked   FailedStatus = "PARKED"   // its command failed too often, or too deep: it waits for somebody to resume it
)

// FailedReaction is a command of a reaction, or of a timer, that was not accepted.
type FailedReaction struct {
	ID        string // of the note: the command's id
	At        time.Time
	Reaction  string // the reaction's name, or the timer's
	Event     string // the id of the event that it reacts to, "" for a scheduled command
	Status    FailedStatus
	Command   Command
	Rejection *Rejection // if it was rejected
	Message   string     // why, if it failed; not internal text
	Tries     int
}

// FailedReactions returns a page of them, the newest first; after is the ID of the last one of the page before.
func (e *Engine) FailedReactions(ctx context.Context, first int, after string) ([]FailedReaction, error) {
	return nil, errors.New("not yet")
}

// ResumeReaction executes a failed reaction's command again, under the same id, and forgets it if it is accepted. The Result is nil if there is no such
// reaction.
func (e *Engine) ResumeReaction(ctx context.Context, id string) (*Result, error) {
	return nil, errors.New("not yet")
}

// DiscardReaction forgets a failed reaction. false: there is none.
func (e *Engine) DiscardReaction(ctx context.Context, id string) (bool, error) {
	return false, errors.New("not yet")
}

// After returns the entity of an event as the event left it; as it was before, if the event deleted it.
func (e *Engine) After(ctx context.Context, event *eventlog.Event) (*Snapshot, error) {
	return nil, errors.New("not yet")
}
