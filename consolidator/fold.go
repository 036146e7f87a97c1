package consolidator

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// state is an entity at one version, without its copies. It never changes once it is made.
type state struct {
	version              int64
	deleted              bool
	createdAt, updatedAt time.Time
	fields               schema.Record     // without `id`
	raws                 []json.RawMessage // the same values as the log has them, by index in plan.stored; nil for null
}

// folded is one entity with its events of one batch.
type folded struct {
	ref     eventlog.Ref
	before  *state // nil if the first event creates it
	steps   []step
	touched map[string]bool // own fields that an event set
}

// step is one event, and the entity after it.
type step struct {
	event *eventlog.Event
	after *state
}

func (f *folded) last() *state { return f.steps[len(f.steps)-1].after }

// lived returns the last step that left the entity alive, nil if none did.
func (f *folded) lived() *step {
	for i := len(f.steps) - 1; i >= 0; i-- {
		if !f.steps[i].after.deleted {
			return &f.steps[i]
		}
	}
	return nil
}

// poison is an event that can't be folded, now or on another try: what it says, or what the store holds, is wrong.
type poison struct {
	ref    eventlog.Ref
	seq    uint64
	reason string
}

func (p *poison) Error() string {
	return fmt.Sprintf("event %d (%s) can't be consolidated: %s", p.seq, p.ref, p.reason)
}

func poisoned(e *eventlog.Event, format string, args ...any) error {
	return &poison{ref: e.Ref(), seq: e.Seq, reason: fmt.Sprintf(format, args...)}
}

// fold adds one event.
func (f *folded) fold(m *schema.Model, p *plan, e *eventlog.Event) error {
	at := f.before
	if len(f.steps) > 0 {
		at = f.last()
	}
	if at == nil {
		at = &state{createdAt: e.At}
	}
	if e.Version != at.version+1 {
		return poisoned(e, "version %d follows version %d", e.Version, at.version)
	}
	after := &state{version: e.Version, deleted: e.Deleted, createdAt: at.createdAt, updatedAt: e.At}
	if err := f.change(m, p, at, after, e); err != nil {
		return err
	}
	f.steps = append(f.steps, step{event: e, after: after})
	return nil
}

// change sets the fields after the event, and notes those that it touches. What the model doesn't know (an event of a newer process in a rolling
// deploy) is left out.
func (f *folded) change(m *schema.Model, p *plan, before, after *state, e *eventlog.Event) error {
	after.raws = make([]json.RawMessage, len(p.stored))
	if e.Deleted {
		after.fields = schema.Record{}
		for name := range before.fields {
			f.touched[name] = true
		}
		return nil
	}
	var changes []eventlog.Change
	if len(e.Changes) > 0 {
		if err := json.Unmarshal(e.Changes, &changes); err != nil {
			return poisoned(e, "its changes are no list of changes: %v", err)
		}
	}
	after.fields = make(schema.Record, len(before.fields)+len(changes))
	maps.Copy(after.fields, before.fields)
	copy(after.raws, before.raws)
	for _, ch := range changes {
		if ch.Op != "set" {
			return poisoned(e, "this version of Daybook knows no change of kind %q", ch.Op)
		}
		i, ok := p.own[ch.Path]
		if !ok {
			continue
		}
		if err := after.assign(m, p.stored[i], i, ch.Value); err != nil {
			return poisoned(e, "%s: %v", ch.Path, err)
		}
		f.touched[ch.Path] = true
	}
	return nil
}

// assign sets the i-th stored field to the log's JSON of a value.
func (s *state) assign(m *schema.Model, f *schema.Field, i int, raw json.RawMessage) error {
	v, err := m.DecodeValue(f.Type, raw)
	if err != nil {
		return err
	}
	if v == nil {
		delete(s.fields, f.Name)
		s.raws[i] = nil
		return nil
	}
	s.fields[f.Name], s.raws[i] = v, raw
	return nil
}

// versions returns the entity's events of this batch as the archive keeps them.
func (f *folded) versions(out []documents.Version) []documents.Version {
	for _, s := range f.steps {
		e := s.event
		out = append(out, documents.Version{
			ID: e.ID, Version: e.Version, Event: e.Name, From: e.From, To: e.To, Deleted: e.Deleted, At: e.At,
			State: s.after.fields, Changes: e.Changes, CommandID: e.CommandID, Actor: e.Actor,
			CorrelationID: e.CorrelationID, CausationID: e.CausationID, Partition: e.Partition, Place: e.Place(),
		})
	}
	return out
}

// write returns all of the entity's events of this batch as one guarded write, without copies.
func (f *folded) write(p *plan) documents.Write {
	last := f.last()
	w := documents.Write{ID: f.ref.ID, Version: last.version, CreatedAt: last.createdAt, UpdatedAt: last.updatedAt, Deleted: last.deleted}
	if f.before != nil {
		w.Since = f.before.version
	}
	if w.Deleted {
		return w
	}
	w.Set = make(schema.Record, len(f.touched))
	for _, field := range p.stored {
		if !f.touched[field.Name] {
			continue
		}
		if v, ok := last.fields[field.Name]; ok {
			w.Set[field.Name] = v
		} else {
			w.Clear = append(w.Clear, field.Name)
		}
	}
	return w
}
