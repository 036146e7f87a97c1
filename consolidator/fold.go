package consolidator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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

// step is one event, the entity after it, and the own fields that it set.
type step struct {
	event *eventlog.Event
	after *state
	set   []string
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
	set, err := after.change(m, p, at, e)
	if err != nil {
		return err
	}
	f.steps = append(f.steps, step{e, after, set})
	f.touch(set)
	return nil
}

func (f *folded) touch(names []string) {
	for _, name := range names {
		f.touched[name] = true
	}
}

// cut forgets the events from seq on, and reports whether there are any left.
func (f *folded) cut(seq uint64) bool {
	n := len(f.steps)
	for n > 0 && f.steps[n-1].event.Seq >= seq {
		n--
	}
	if n < len(f.steps) {
		f.steps = f.steps[:n]
		clear(f.touched)
		for i := range f.steps {
			f.touch(f.steps[i].set)
		}
	}
	return n > 0
}

// change makes s, the state after the event, of the one before, and returns the names of the fields that the event set. What the model doesn't know (an event of
// a newer process in a rolling deploy) is left out.
func (s *state) change(m *schema.Model, p *plan, before *state, e *eventlog.Event) ([]string, error) {
	s.raws = make([]json.RawMessage, len(p.stored))
	if e.Deleted {
		s.fields = schema.Record{}
		return slices.Collect(maps.Keys(before.fields)), nil
	}
	changes, err := eventlog.DecodeChanges(e.Changes)
	if err != nil {
		return nil, poisoned(e, "%v", err)
	}
	s.fields = make(schema.Record, len(before.fields)+len(changes))
	maps.Copy(s.fields, before.fields)
	copy(s.raws, before.raws)
	set := make([]string, 0, len(changes))
	for len(changes) > 0 {
		ch, same := changes[0], sameList(changes)
		i, ok := p.own[ch.Path]
		changes = changes[len(same):]
		if !ok {
			continue
		}
		switch ch.Op {
		case "set":
			err = s.assign(m, p.stored[i], i, ch.Value)
		case "insert", "update", "remove":
			err = s.elements(m, p.stored[i], i, same)
		default:
			return nil, poisoned(e, "this version of Daybook knows no change of kind %q", ch.Op)
		}
		if err != nil {
			return nil, poisoned(e, "%s: %v", ch.Path, err)
		}
		set = append(set, p.stored[i].Name)
	}
	return set, nil
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
			ID: e.ID, Version: e.Version, Event: e.Name, From: e.From, To: e.To, Deleted: e.Deleted, CreatedAt: s.after.createdAt, At: e.At,
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
