package command

import (
	"context"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// After returns the entity of an event as the event left it; as it was before, if the event deleted it. The error is an *OutcomeError if the log failed.
func (e *Engine) After(ctx context.Context, event *eventlog.Event) (*Snapshot, error) {
	ref, place := event.Ref(), event.Place()
	if e.cfg.Model.Entity(ref.Entity) == nil {
		return nil, fmt.Errorf("the model has no entity %s, of which the log has an event", ref.Entity)
	}
	loaded, err := e.cfg.Log.Load(ctx, eventlog.Load{Primary: ref})
	if err != nil {
		return nil, &OutcomeError{Err: err}
	}
	head := loaded.Heads[ref]
	if head.Version == event.Version && !event.Deleted {
		return snapshot(e.cfg.Model, ref, head)
	}
	if event.Deleted {
		if place, err = e.placeBefore(ctx, event); err != nil {
			return nil, err
		}
	}
	return e.past(ctx, eventlog.Appended{Ref: ref, Epoch: place.Epoch, Seq: place.Seq}, head)
}

// placeBefore returns the place of the version before an event.
func (e *Engine) placeBefore(ctx context.Context, event *eventlog.Event) (position.Place, error) {
	for ev, err := range e.cfg.Log.History(ctx, event.Ref(), event.Place()) {
		if err != nil {
			return position.Place{}, &OutcomeError{Err: err}
		}
		if ev.Version < event.Version {
			return ev.Place(), nil
		}
	}
	return position.Place{}, fmt.Errorf("the log has no version of %s before %s", event.Ref(), event.EventID())
}

// eventAt returns the event of an entity at a place.
func (e *Engine) eventAt(ctx context.Context, ref Ref, place position.Place) (*eventlog.Event, error) {
	for ev, err := range e.cfg.Log.History(ctx, ref, place) {
		if err != nil {
			return nil, &OutcomeError{Err: err}
		}
		return ev, nil
	}
	return nil, fmt.Errorf("the log has no event of %s at %d", ref, place.Seq)
}
