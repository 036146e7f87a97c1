package command

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// duplicate answers a command that was accepted before, with what it did then and the entity as it made it.
func (a *attempt) duplicate(ctx context.Context, r *eventlog.Receipt, head eventlog.Head) (*Result, error) {
	if r.InputHash != a.hash || len(r.Events) == 0 {
		now, err := snapshot(a.cfg.Model, a.ref, head)
		if err != nil {
			return nil, err
		}
		return rejected(visible(now), reused(a.cmd.CommandID))
	}
	made := r.Events[0]
	receipt := *r
	receipt.Duplicate = true
	result := &Result{Receipt: a.receipt(&receipt)}
	var err error
	if made.Ref == a.ref && head.Version == made.Version && !head.Deleted {
		result.Entity, err = snapshot(a.cfg.Model, a.ref, head)
	} else {
		result.Entity, err = a.past(ctx, made)
	}
	return result, err
}

// duplicateNow answers a command that turned out to be a duplicate while it was appended.
func (a *attempt) duplicateNow(ctx context.Context, r *eventlog.Receipt) (*Result, error) {
	loaded, err := a.cfg.Log.Load(ctx, eventlog.Load{Primary: a.ref})
	if err != nil {
		return nil, err
	}
	return a.duplicate(ctx, r, loaded.Heads[a.ref])
}

// past returns an entity as one of its events left it: the fold of its history.
func (a *attempt) past(ctx context.Context, made eventlog.Appended) (*Snapshot, error) {
	events, err := a.cfg.Log.History(ctx, made.Ref, position.Place{Epoch: made.Epoch, Seq: made.Seq})
	if err != nil {
		return nil, err
	}
	entity := a.cfg.Model.Entity(made.Ref.Entity)
	if entity == nil || len(events) == 0 {
		return nil, fmt.Errorf("the log has no history of %s up to version %d", made.Ref, made.Version)
	}
	s := &Snapshot{Ref: made.Ref, Fields: schema.Record{"id": made.Ref.ID}, CreatedAt: events[0].At.UTC()}
	for i := range events {
		if err := s.fold(a.cfg.Model, entity, &events[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// fold brings a snapshot forward by one event.
func (s *Snapshot) fold(m *schema.Model, e *schema.Entity, ev *eventlog.Event) error {
	var changes []eventlog.Change
	if err := json.Unmarshal(ev.Changes, &changes); err != nil {
		return fmt.Errorf("event %d of partition %d: %w", ev.Seq, ev.Partition, err)
	}
	for _, c := range changes {
		f := e.Field(c.Path)
		if f == nil {
			continue // a field that the model no longer has
		}
		v, err := m.DecodeValue(f.Type, c.Value)
		if err != nil {
			return fmt.Errorf("event %d of partition %d, field %s: %w", ev.Seq, ev.Partition, c.Path, err)
		}
		set(s.Fields, c.Path, v)
	}
	s.Version, s.State, s.Deleted, s.UpdatedAt = ev.Version, ev.To, ev.Deleted, ev.At.UTC()
	return nil
}
