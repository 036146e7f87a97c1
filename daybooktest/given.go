package daybooktest

import (
	"maps"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Given lets events happen, now. They are in the log as their commands would have put them there, with unique values and timers; rules and references are not asked.
func (k *Kit) Given(events ...Event) *Kit {
	k.t.Helper()
	k.settled()
	for _, e := range events {
		k.happen(e)
	}
	k.news()
	return k
}

// GivenCommands lets commands run, now, each of which is accepted.
func (k *Kit) GivenCommands(commands ...Command) *Kit {
	k.t.Helper()
	for _, c := range commands {
		k.When(c)
	}
	k.settled()
	return k
}

func (k *Kit) happen(e Event) {
	k.t.Helper()
	spec := k.command(e)
	ref := refOf(spec, e.ID)
	before := k.snapshot(ref)
	k.checkLife(spec, e, before)
	fields := schema.Record{"id": e.ID}
	if before != nil {
		maps.Copy(fields, before.Fields)
	}
	for name, v := range e.Set {
		f, t := k.field(spec.Entity, e.Name, name)
		if fields[f.Name] = k.coerce(t, v, e.Name+"."+name); fields[f.Name] == nil {
			delete(fields, f.Name)
		}
	}
	if f := spec.Entity.State; f != nil && spec.To != "" {
		fields[f.Name] = spec.To
	}
	if spec.Kind != schema.Delete {
		k.checkWhole(spec.Entity, e, fields)
	}
	if _, err := k.engine.Record(k.ctx, command.Happened{Command: spec, ID: e.ID, CommandID: k.commandID(), Fields: fields}); err != nil {
		k.t.Fatalf("%s of %s can't be given: %v", e.Name, name(ref), err)
	}
}

// checkLife ends the test if the log could not hold the event after those that it has.
func (k *Kit) checkLife(spec *schema.Command, e Event, before *command.Snapshot) {
	k.t.Helper()
	ref := refOf(spec, e.ID)
	if e.ID == "" {
		k.t.Fatalf("%s lacks the ID of its %s", e.Name, spec.Entity.Name)
	}
	state := ""
	switch {
	case e.Changes != nil:
		k.t.Fatalf("%s has Changes: an event that is given Sets the whole list", e.Name)
	case spec.Kind == schema.Create && before != nil:
		k.t.Fatalf("%s of %s: there is one already", e.Name, name(ref))
	case spec.Kind == schema.Create:
		if f := spec.Entity.With; f != nil && !strings.HasPrefix(e.ID, text(e.Set[f.Name])+schema.OwnerSeparator) {
			k.t.Fatalf("%s: the ID %q does not begin with that of its %s and a %s", e.Name, e.ID, f.Name, schema.OwnerSeparator)
		}
	case before == nil || before.Deleted:
		k.t.Fatalf("%s of %s: there is none. Give an event that makes one before: %s", e.Name, name(ref), creates(spec.Entity))
	default:
		state = before.State
	}
	if len(spec.From) > 0 && !slices.Contains(spec.From, state) {
		k.t.Fatalf("%s of %s: it is %s, and %s runs in %s", e.Name, name(ref), state, spec.Name, strings.Join(spec.From, ", "))
	}
	if e.From != "" && e.From != state {
		k.t.Fatalf("%s of %s: it is %s, not %s", e.Name, name(ref), state, e.From)
	}
	to := spec.To
	if to == "" {
		to = state
	}
	if e.To != "" && e.To != to {
		k.t.Fatalf("%s of %s leads to %s, not to %q; the states are %s", e.Name, name(ref), to, e.To, strings.Join(spec.Entity.States, ", "))
	}
}

// checkWhole ends the test if the event leaves null what never is.
func (k *Kit) checkWhole(e *schema.Entity, event Event, fields schema.Record) {
	k.t.Helper()
	var lacks []string
	for _, f := range e.Fields {
		if f.Copy == nil && f.Type.NonNull && fields[f.Name] == nil {
			lacks = append(lacks, f.Name)
		}
	}
	if len(lacks) > 0 {
		k.t.Fatalf("%s of %s leaves null what the model says is never null: Set %s", event.Name, name(eventlog.Ref{Entity: e.Name, ID: event.ID}), strings.Join(lacks, ", "))
	}
}

func creates(e *schema.Entity) string {
	var out []string
	for _, c := range e.Commands {
		if c.Kind == schema.Create {
			out = append(out, c.Event)
		}
	}
	return strings.Join(out, " or ")
}

func text(v any) string { s, _ := v.(string); return s }
