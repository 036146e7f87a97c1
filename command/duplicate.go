package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// duplicate answers a command that was accepted before, with what it did then and the entity as it made it.
func (a *attempt) duplicate(ctx context.Context, r *eventlog.Receipt, head eventlog.Head) (*Result, error) {
	if r.InputHash == a.hash && len(r.Events) == 0 && a.cmd.RunAt != nil {
		return a.scheduledBefore(ctx, head)
	}
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
	if made.Ref == a.ref && head.Version == made.Version && !head.Deleted {
		var err error
		result.Entity, err = snapshot(a.cfg.Model, a.ref, head)
		return result, err
	}
	result.past = func(ctx context.Context, e *Engine) (err error) { // without the lock, it may take long
		result.Entity, err = e.past(ctx, made, head)
		var failed *OutcomeError
		if errors.As(err, &failed) {
			return a.failed(failed.Err, true)
		}
		return err
	}
	return result, nil
}

// duplicateNow answers a command that turned out to be a duplicate while it was appended.
func (a *attempt) duplicateNow(ctx context.Context, r *eventlog.Receipt) (*Result, error) {
	loaded, err := a.cfg.Log.Load(ctx, eventlog.Load{Primary: a.ref})
	if err != nil {
		return nil, a.failed(err, true)
	}
	return a.duplicate(ctx, r, loaded.Heads[a.ref])
}

// past returns an entity as one of its events left it. It goes backwards: the newest change of a field counts, and once every field has one the rest
// of the history is not read. An entity with very many versions may have to be read to its beginning: only a few do so at once. The error is an *OutcomeError if the log
// failed.
func (e *Engine) past(ctx context.Context, made eventlog.Appended, head eventlog.Head) (*Snapshot, error) {
	if err := e.histories.acquire(ctx); err != nil {
		return nil, err
	}
	defer e.histories.release()
	entity := e.cfg.Model.Entity(made.Ref.Entity)
	if entity == nil {
		return nil, fmt.Errorf("the model has no entity %s, of which the log has a receipt", made.Ref.Entity)
	}
	p := past{model: e.cfg.Model, entity: entity, missing: make(map[string]bool, len(entity.Fields)), later: map[string][]eventlog.Change{},
		s: &Snapshot{Ref: made.Ref, Fields: schema.Record{"id": made.Ref.ID}, CreatedAt: head.CreatedAt.UTC()}}
	for _, f := range entity.Fields {
		if f.Copy == nil && f.Name != "id" {
			p.missing[f.Name] = true
		}
	}
	for ev, err := range e.cfg.Log.History(ctx, made.Ref, position.Place{Epoch: made.Epoch, Seq: made.Seq}) {
		if err != nil {
			return nil, &OutcomeError{Err: err}
		}
		if err := p.take(ev); err != nil {
			return nil, err
		}
		if len(p.missing) == 0 {
			break
		}
	}
	return p.s, p.end()
}

// past is a snapshot that is put together from the newest event to the oldest.
type past struct {
	model   *schema.Model
	entity  *schema.Entity
	missing map[string]bool              // fields that no event so far has set
	later   map[string][]eventlog.Change // changes of elements of lists that are missing, the newest first
	s       *Snapshot
}

func (p *past) take(ev *eventlog.Event) error {
	if s := p.s; s.Version == 0 {
		s.Version, s.State, s.Deleted, s.UpdatedAt = ev.Version, ev.To, ev.Deleted, ev.At.UTC()
	}
	changes, err := eventlog.DecodeChanges(ev.Changes)
	if err != nil {
		return fmt.Errorf("event %d of partition %d: %w", ev.Seq, ev.Partition, err)
	}
	elements := map[string][]eventlog.Change{}
	for _, c := range changes {
		if !p.missing[c.Path] { // set by a later event, or no longer in the model
			continue
		}
		if c.Op != "set" {
			elements[c.Path] = append(elements[c.Path], c)
			continue
		}
		if err := p.set(c.Path, c.Value); err != nil {
			return fmt.Errorf("event %d of partition %d, field %s: %w", ev.Seq, ev.Partition, c.Path, err)
		}
	}
	for path, changes := range elements {
		slices.Reverse(changes)
		p.later[path] = append(p.later[path], changes...)
	}
	return nil
}

// set sets a field to what an event made it, and then to what later events made of its elements.
func (p *past) set(name string, raw json.RawMessage) error {
	f := p.entity.Field(name)
	delete(p.missing, name)
	if later := p.later[name]; len(later) > 0 {
		slices.Reverse(later)
		var err error
		if raw, _, err = eventlog.ApplyElements(raw, later); err != nil {
			return err
		}
	}
	v, err := p.model.DecodeValue(f.Type, raw)
	if err == nil {
		set(p.s.Fields, name, v)
	}
	return err
}

// end sets the lists whose elements changed and which no event set as a whole: they began as null.
func (p *past) end() error {
	for name := range p.later {
		if p.missing[name] {
			if err := p.set(name, nil); err != nil {
				return fmt.Errorf("%s of %s: %w", name, p.s.Ref, err)
			}
		}
	}
	return nil
}
