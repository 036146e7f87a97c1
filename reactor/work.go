package reactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
)

// work is what one event leads to.
type work struct {
	p      *partition
	event  *eventlog.Event
	again  bool // it may have been done before: what was recorded is looked at
	looked bool
	old    bool // receipts may be gone of what it led to

	reaction *command.AnyReaction
	entity   *command.Snapshot // as the event left it; nil until it is asked for
}

// elseSuffix makes the id of the note about an orElse of that of the command which it stands in for.
const elseSuffix = "/orElse"

// Why something is parked, for people.
const (
	whyLoop     = "%d reactions caused one another: is there a loop? It is run only if it is resumed"
	whyOld      = "its event is older than the log keeps receipts, and there is no archive that knows whether it was done: resume it if it was not"
	whyReaction = "the reaction failed each time: the server's log says why"
	whyCommand  = "its command failed each time: the server's log says why"
	whyRaces    = "other commands changed what it works on each time that it was decided"
)

// look finds out how old the event is.
func (w *work) look(ctx context.Context) error {
	if w.looked {
		return nil
	}
	now, err := w.p.clock(ctx, w.event.Ref())
	if err != nil {
		return err
	}
	w.looked, w.old = true, now.Sub(w.event.At) > w.p.r.o.ReceiptWindow-min(windowMargin, w.p.r.o.ReceiptWindow/2)
	return nil
}

// do does what the event leads to by one reaction.
func (w *work) do(ctx context.Context) error {
	id := w.reaction.FailureID(w.event)
	if w.again {
		if status, err := w.noted(ctx, id); err != nil || status != "" {
			return err
		}
	}
	var reacted []command.Reacted
	err := w.p.retry(ctx, "what follows from "+w.reaction.Key(), func() (err error) {
		reacted, err = w.commands(ctx)
		return err
	})
	var up *gaveUp
	if errors.As(err, &up) {
		return w.park(ctx, id, command.Command{}, whyReaction, up)
	}
	if err != nil {
		return err
	}
	for i := range reacted {
		if err := w.execute(ctx, &reacted[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) commands(ctx context.Context) ([]command.Reacted, error) {
	if w.entity == nil {
		var err error
		if w.entity, err = w.p.r.cfg.Commands.After(ctx, w.event); err != nil {
			return nil, err
		}
	}
	return w.reaction.Commands(w.p.r.cfg.Model, w.event, w.entity.Fields)
}

// execute executes one command, or finds that it was.
func (w *work) execute(ctx context.Context, c *command.Reacted) error {
	done, status, err := w.before(ctx, &c.Command)
	if err != nil || done {
		return err
	}
	if status == command.ReactionRejected {
		return w.otherwise(ctx, &c.Command, &command.Rejection{})
	}
	rejection := c.Rejection
	if rejection == nil {
		if rejection, err = w.run(ctx, c.Command.CommandID, &c.Command); err != nil {
			return err
		}
	}
	switch {
	case rejection == nil:
		return nil
	case rejection.Code == command.CommandIDReused:
		return nil // it was executed, with another input if the model has changed since; or its orElse was
	}
	if err := w.reject(ctx, c.Command.CommandID, &c.Command, rejection); err != nil {
		return err
	}
	return w.otherwise(ctx, &c.Command, rejection)
}

// before finds out whether a command is not to be executed: it was, as what was recorded says or the archive, or it is parked at once.
func (w *work) before(ctx context.Context, c *command.Command) (done bool, status command.FailedStatus, err error) {
	if w.again {
		if status, err = w.noted(ctx, c.CommandID); err != nil || status == command.ReactionParked {
			return true, status, err
		}
	}
	if limit := w.p.r.o.MaxDepth; c.Depth > limit {
		return true, status, w.park(ctx, c.CommandID, *c, fmt.Sprintf(whyLoop, c.Depth), nil)
	}
	if w.old && status == "" {
		done, err = w.longAgo(ctx, c)
	}
	return done, status, err
}

// longAgo asks the archive for a command whose receipt may be gone: it, or its orElse, which has its id.
func (w *work) longAgo(ctx context.Context, c *command.Command) (done bool, err error) {
	archive := w.p.r.cfg.Archive
	if archive == nil {
		return true, w.park(ctx, c.CommandID, *c, whyOld, nil)
	}
	entities := []string{w.p.r.cfg.Model.Command(c.Name).Entity.Name}
	if w.reaction.OrElse(w.event, c, &command.Rejection{}) != nil && entities[0] != w.event.Entity {
		entities = append(entities, w.event.Entity)
	}
	for _, entity := range entities {
		if done, err = archive.HasCommand(ctx, entity, c.CommandID); err != nil || done {
			return done, err
		}
	}
	return false, nil
}

// otherwise runs the orElse of a command that was rejected.
func (w *work) otherwise(ctx context.Context, c *command.Command, rejection *command.Rejection) error {
	o := w.reaction.OrElse(w.event, c, rejection)
	if o == nil {
		return nil
	}
	id := c.CommandID + elseSuffix
	if w.again {
		if status, err := w.noted(ctx, id); err != nil || status != "" {
			return err
		}
	}
	rejection, err := w.run(ctx, id, o)
	switch {
	case err != nil || rejection == nil:
		return err
	case rejection.Code == command.CommandIDReused: // another reactor's try of the command itself was accepted
		_, err := w.p.r.cfg.Log.RemoveNote(ctx, command.RejectedReactionNotes, c.CommandID)
		return err
	}
	return w.reject(ctx, id, o, rejection)
}

// run executes a command until it is accepted, rejected, or parked under the id; the rejection is nil but for the second.
func (w *work) run(ctx context.Context, id string, c *command.Command) (*command.Rejection, error) {
	var rejection *command.Rejection
	err := w.p.retry(ctx, w.reaction.Key(), func() error {
		result, err := w.p.r.cfg.Commands.Execute(ctx, *c)
		if err != nil {
			return err
		}
		rejection = nil
		if len(result.Rejections) > 0 {
			rejection = result.Rejections[0]
			if rejection.Code == command.VersionConflict {
				return &errConflict{rejection}
			}
		}
		return nil
	})
	var up *gaveUp
	if errors.As(err, &up) {
		return nil, w.park(ctx, id, *c, why(up), up)
	}
	if err == nil && rejection == nil {
		w.p.r.counts.executed.Add(1)
	}
	return rejection, err
}

// why says to people why a command was given up.
func why(up *gaveUp) string {
	var conflict *errConflict
	if errors.As(up, &conflict) {
		return whyRaces
	}
	return whyCommand
}

// noted returns what was recorded under an id, "" for nothing.
func (w *work) noted(ctx context.Context, id string) (command.FailedStatus, error) {
	for _, k := range []struct {
		kind   string
		status command.FailedStatus
	}{{command.FailedReactionNotes, command.ReactionParked}, {command.RejectedReactionNotes, command.ReactionRejected}} {
		_, err := w.p.r.cfg.Log.Note(ctx, k.kind, id)
		if err == nil {
			return k.status, nil
		}
		if !errors.Is(err, eventlog.ErrNoNote) {
			return "", err
		}
	}
	return "", nil
}

// reject records that a command was rejected.
func (w *work) reject(ctx context.Context, id string, c *command.Command, rejection *command.Rejection) error {
	w.p.r.counts.rejected.Add(1)
	f := &command.FailedReaction{ID: id, Status: command.ReactionRejected, Command: *c, Rejection: rejection}
	return f.Of(w.reaction, w.event).Record(ctx, w.p.r.cfg.Model, w.p.r.cfg.Log)
}

// park records that a command waits for somebody. up is nil if it was not tried.
func (w *work) park(ctx context.Context, id string, c command.Command, message string, up *gaveUp) error {
	w.p.r.counts.parked.Add(1)
	f := &command.FailedReaction{ID: id, Status: command.ReactionParked, Command: c, Message: message}
	var err error
	if up != nil {
		f.Tries, err = up.tries, up.err
	}
	w.p.r.cfg.Logger.Error("a reaction is parked", "reaction", w.reaction.Key(), "event", w.event.EventID(), "command", c.Name, "why", message, "tries", f.Tries, "error", err)
	return f.Of(w.reaction, w.event).Record(ctx, w.p.r.cfg.Model, w.p.r.cfg.Log)
}
