package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// The kinds of the notes about reactions whose command was not accepted, see eventlog.Note. A reaction has a note of one of them at most.
const (
	FailedReactionNotes   = "reaction"          // parked ones: none is ever lost
	RejectedReactionNotes = "reaction-rejected" // rejected ones: the oldest go
)

// KeepFailedReactions is how many notes of each of those kinds are kept.
const KeepFailedReactions = 100_000

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
	Command   Command    // Name is "" if the reaction failed before it led to any
	Rejection *Rejection // if it was rejected
	Message   string     // why, if it failed; not internal text
	Tries     int

	Place    position.Place // of the event, if it is a reaction to one
	Cut      bool           // the input was too large to keep
	reaction string         // AnyReaction.Key
	unread   *scheduledData // a scheduled command that the model can't read
}

// Record keeps it. It fails with eventlog.ErrManyNotes if it is to be parked, and as many are as may be.
func (f *FailedReaction) Record(ctx context.Context, m *schema.Model, log eventlog.Log) error {
	note, err := f.note(m)
	if err != nil {
		return err
	}
	kind, other := FailedReactionNotes, RejectedReactionNotes
	if f.Status != ReactionParked {
		kind, other = other, kind
	}
	if err := log.AddNote(ctx, kind, note, KeepFailedReactions, f.Status == ReactionParked); err != nil {
		return err
	}
	_, err = log.RemoveNote(ctx, other, f.ID)
	return err
}

// FailedReactions returns a page of them: those that are parked, the newest first, and then those that were rejected, the newest first. after is the ID of the last
// one of the page before; the error wraps eventlog.ErrNoNote if that is gone.
func (e *Engine) FailedReactions(ctx context.Context, first int, after string) ([]FailedReaction, error) {
	kind := FailedReactionNotes
	if after != "" {
		note, of, err := e.failedNote(ctx, after)
		if err != nil {
			return nil, err
		}
		kind, after = of, note.ID
	}
	var out []FailedReaction
	for {
		notes, err := e.cfg.Log.Notes(ctx, eventlog.NotePage{Kind: kind, After: after, Limit: first - len(out)})
		if err != nil {
			return nil, err
		}
		for i := range notes {
			f, err := decodeFailed(e.cfg.Model, kind, &notes[i])
			if err != nil {
				return nil, err
			}
			out = append(out, *f)
			after = f.ID
		}
		switch {
		case len(out) >= first:
			return out, nil
		case len(notes) > 0: // they were large
		case kind == RejectedReactionNotes:
			return out, nil
		default:
			kind, after = RejectedReactionNotes, ""
		}
	}
}

// failedNote finds a note and its kind; the error wraps eventlog.ErrNoNote if there is none.
func (e *Engine) failedNote(ctx context.Context, id string) (*eventlog.Note, string, error) {
	n, err := e.cfg.Log.Note(ctx, FailedReactionNotes, id)
	if !errors.Is(err, eventlog.ErrNoNote) {
		return n, FailedReactionNotes, err
	}
	n, err = e.cfg.Log.Note(ctx, RejectedReactionNotes, id)
	return n, RejectedReactionNotes, err
}

// ResumeReaction executes a failed reaction's command again, under the same id, and forgets it if it is accepted; if it is rejected, that is recorded. A reaction that
// led to no command yet is asked again for its commands, which are all executed: the Result is the first rejected one's, else the last one's. The Result is nil
// if there is no such reaction, and empty if the reaction leads to no command now.
func (e *Engine) ResumeReaction(ctx context.Context, id string) (*Result, error) {
	note, kind, err := e.failedNote(ctx, id)
	switch {
	case errors.Is(err, eventlog.ErrNoNote) || errors.Is(err, eventlog.ErrInvalid):
		return nil, nil
	case err != nil:
		return nil, err
	}
	f, err := decodeFailed(e.cfg.Model, kind, note)
	if err != nil {
		return nil, err
	}
	if name := f.Command.Name; name != "" && e.cfg.Model.Command(name) == nil {
		return rejected(nil, invalid("id", fmt.Sprintf("the model has no command %s", name)))
	}
	if f.Command.Name != "" && !f.Cut {
		return e.resume(ctx, f, Reacted{Command: f.Command})
	}
	if f.reaction == "" {
		return rejected(nil, invalid("id", "what it was to do could not be kept whole: send the command again yourself, and discard this"))
	}
	again, err := e.react(ctx, f)
	if err != nil {
		return nil, err
	}
	result := &Result{}
	for i := range again {
		one := *f
		one.ID, one.Command = again[i].Command.CommandID, again[i].Command
		if f.Cut && one.ID != f.ID {
			continue
		}
		r, err := e.resume(ctx, &one, again[i])
		if err != nil {
			return nil, err
		}
		if len(result.Rejections) == 0 {
			result = r
		}
	}
	if f.Command.Name == "" { // its note is none of a command's
		_, err = e.DiscardReaction(ctx, f.ID)
	}
	return result, err
}

// resume executes one command.
func (e *Engine) resume(ctx context.Context, f *FailedReaction, c Reacted) (*Result, error) {
	result := &Result{Rejections: []*Rejection{c.Rejection}}
	if c.Rejection == nil {
		var err error
		c.Command.Fire = nil // the timer is gone
		if result, err = e.Execute(ctx, c.Command); err != nil {
			return nil, err
		}
	}
	if len(result.Rejections) == 0 {
		_, err := e.DiscardReaction(ctx, f.ID)
		return result, err
	}
	if r := result.Rejections[0]; r.Code == CommandIDReused { // what was rejected stays as it was recorded
		r.Message = "it can't be resumed: another command has run under its id, such as its orElse"
		return result, nil
	}
	f.Status, f.Rejection, f.Message = ReactionRejected, result.Rejections[0], ""
	return result, f.Record(ctx, e.cfg.Model, e.cfg.Log)
}

// react asks a reaction again what it leads to.
func (e *Engine) react(ctx context.Context, f *FailedReaction) ([]Reacted, error) {
	all, err := e.cfg.Reactions.All(e.cfg.Model)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Key() != f.reaction {
			continue
		}
		ref, _, err := eventlog.ParseEventID(f.Event)
		if err != nil {
			return nil, err
		}
		event, err := e.eventAt(ctx, ref, f.Place)
		if err != nil {
			return nil, err
		}
		entity, err := e.After(ctx, event)
		if err != nil {
			return nil, err
		}
		return r.Commands(e.cfg.Model, event, entity.Fields)
	}
	return nil, fmt.Errorf("there is no reaction %s any more", f.reaction)
}

// DiscardReaction forgets a failed reaction. false: there is none.
func (e *Engine) DiscardReaction(ctx context.Context, id string) (bool, error) {
	parked, err := e.cfg.Log.RemoveNote(ctx, FailedReactionNotes, id)
	if errors.Is(err, eventlog.ErrInvalid) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	refused, err := e.cfg.Log.RemoveNote(ctx, RejectedReactionNotes, id)
	return parked || refused, err
}
