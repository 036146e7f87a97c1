package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// scheduledBefore answers a command that was scheduled before under its id: that it is still, or what became of it.
func (a *attempt) scheduledBefore(ctx context.Context, head eventlog.Head) (*Result, error) {
	now, err := snapshot(a.cfg.Model, a.ref, head)
	if err != nil {
		return nil, err
	}
	key := eventlog.TimerKey{Kind: eventlog.CommandTimer, Ref: a.ref, Name: a.cmd.CommandID}
	set, err := timerIn(ctx, a.cfg.Log, a.cfg.Log.PartitionOf(a.ref), func(t *eventlog.SetTimer) bool { return t.TimerKey == key })
	switch {
	case err != nil:
		return nil, a.failed(err, false)
	case set != nil:
		return a.scheduledResult(now, true), nil
	}
	ran := timerCommandID(eventlog.SetTimer{TimerKey: key, Token: a.cmd.CommandID})
	loaded, err := a.cfg.Log.Load(ctx, eventlog.Load{Primary: a.ref, CommandID: ran})
	if err != nil {
		return nil, a.failed(err, false)
	}
	if r := loaded.Receipt; r != nil {
		r.CommandID, r.InputHash = a.cmd.CommandID, a.hash
		return a.duplicate(ctx, r, loaded.Heads[a.ref])
	}
	return a.notRun(ctx, ran, now)
}

// notRun answers a command that was scheduled, is not any more, and did not run.
func (a *attempt) notRun(ctx context.Context, id string, now *Snapshot) (*Result, error) {
	for _, kind := range []string{RejectedReactionNotes, FailedReactionNotes} {
		note, err := a.cfg.Log.Note(ctx, kind, id)
		if errors.Is(err, eventlog.ErrNoNote) {
			continue
		}
		if err != nil {
			return nil, a.failed(err, false)
		}
		f, err := decodeFailed(a.cfg.Model, kind, note)
		if err != nil {
			return nil, err
		}
		if f.Rejection != nil {
			return rejected(visible(now), f.Rejection)
		}
		return a.scheduledResult(now, true), nil // it waits for somebody to resume it
	}
	return rejected(visible(now), &Rejection{Code: CommandIDReused, Field: "command.id",
		Message: fmt.Sprintf("the command %q was scheduled, and is not any more: it was cancelled, or rejected long ago", a.cmd.CommandID)})
}
