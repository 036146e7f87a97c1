package command

import (
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/google/uuid"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// MaxSent is how many commands one reaction may lead to after one event.
const MaxSent = schema.MaxListLength

// AnyReaction is a reaction of the application, of its model or in Go.
type AnyReaction struct {
	Name          string
	Entity, Event string           // to whose event
	Model         *schema.Reaction // nil for one in Go
	React         ReactFunc        // nil for one of the model
}

// Key names the reaction among all of the application: "Order.OrderApproved/reserveStock".
func (r *AnyReaction) Key() string { return r.Entity + "." + r.Name }

// All returns the reactions of a model and those in Go, in that order. It fails if one in Go is to what the model does not have, or if two have one name.
func (rs Reactions) All(m *schema.Model) ([]*AnyReaction, error) {
	var all []*AnyReaction
	for _, e := range m.Entities {
		for _, r := range e.Reactions {
			all = append(all, &AnyReaction{Name: r.Name, Entity: e.Name, Event: r.Event, Model: r})
		}
	}
	for _, r := range rs {
		if !hasEvent(m, r.Entity, r.Event) {
			return nil, fmt.Errorf("the reaction %s is to %s of %s, which the model does not have: run go generate", r.Name, r.Event, r.Entity)
		}
		all = append(all, &AnyReaction{Name: r.Name, Entity: r.Entity, Event: r.Event, React: r.React})
	}
	seen := make(map[string]bool, len(all))
	for _, r := range all {
		if seen[r.Key()] {
			return nil, fmt.Errorf("two reactions of %s are called %s", r.Entity, r.Name)
		}
		seen[r.Key()] = true
	}
	return all, nil
}

func hasEvent(m *schema.Model, entity, event string) bool {
	e := m.Entity(entity)
	if e == nil {
		return false
	}
	for _, c := range e.Commands {
		if c.Event == event {
			return true
		}
	}
	return false
}

// Reacted is a command that a reaction leads to.
type Reacted struct {
	Command   Command
	Rejection *Rejection // not nil if its input can't be: it is not to be executed
}

// Commands returns what the reaction leads to, the same each time. entity is what Engine.After returned. The error is of a function in Go, and then comes again or not.
//
// A path that leads through a list makes one command for each of its elements. What is null is left out of the input; a command whose id is null is left out.
func (r *AnyReaction) Commands(m *schema.Model, event *eventlog.Event, entity schema.Record) ([]Reacted, error) {
	if r.Model != nil {
		return r.bound(m, event, entity), nil
	}
	sent := NewReaction(event)
	if err := r.call(sent, entity); err != nil {
		return nil, err
	}
	if len(sent.Sent()) > MaxSent {
		return nil, fmt.Errorf("it sends %d commands, more than %d", len(sent.Sent()), MaxSent)
	}
	var out []Reacted
	for i, c := range sent.Sent() {
		spec := m.Command(c.Name)
		if spec == nil {
			return nil, fmt.Errorf("the model has no command %q", c.Name)
		}
		out = append(out, r.complete(m, event, spec, i, c.ID, c.Input))
	}
	return out, nil
}

// call runs a function in Go. A panic in it is a failure of this reaction, not of the process.
func (r *AnyReaction) call(sent *Reaction, entity schema.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	return r.React(sent, maps.Clone(entity))
}

// bound returns the commands of a reaction of the model: index i is of the list's element i.
func (r *AnyReaction) bound(m *schema.Model, event *eventlog.Event, entity schema.Record) []Reacted {
	list := ""
	for _, b := range r.Model.With {
		if b.List != "" {
			list = b.List
		}
	}
	elements := []any{nil}
	if list != "" {
		elements, _ = entity[list].([]any)
	}
	var out []Reacted
	for i, element := range elements {
		if list != "" && element == nil {
			continue
		}
		id, input, ok := r.values(entity, element)
		if ok {
			out = append(out, r.complete(m, event, r.Model.Run, i, id, input))
		}
	}
	return out
}

// values follows the paths. ok is false if there is no id to run the command on.
func (r *AnyReaction) values(entity schema.Record, element any) (id string, input schema.Record, ok bool) {
	input = schema.Record{}
	for _, b := range r.Model.With {
		v := any(entity)
		if b.List != "" {
			v = element
		}
		for _, step := range b.Steps {
			record, _ := v.(schema.Record)
			v = record[step]
		}
		if v != nil && b.Before+b.Behind != "" {
			v = fmt.Sprint(b.Before, v, b.Behind)
		}
		switch {
		case b.Arg != "id" && v != nil:
			input[b.Arg] = v
		case b.Arg == "id" && v == nil:
			return "", nil, false
		case b.Arg == "id":
			id = fmt.Sprint(v)
		}
	}
	return id, input, true
}

// complete gives a command all that a reaction's has.
func (r *AnyReaction) complete(m *schema.Model, event *eventlog.Event, spec *schema.Command, i int, id string, input schema.Record) Reacted {
	out := Reacted{Command: Command{
		Name: spec.Name, ID: id, Input: input, CommandID: r.commandID(event, i), Actor: r.actor(),
		CorrelationID: event.CorrelationID, CausationID: event.EventID(), Depth: event.Depth + 1,
	}}
	if out.Command.CorrelationID == "" {
		out.Command.CorrelationID = event.CommandID
	}
	coerced, err := coerceInput(m, spec, input)
	if err != nil {
		out.Rejection = err
		return out
	}
	out.Command.Input = coerced
	return out
}

// OrElse returns the command that is run after a rejection of c: nil for none. It has c's id, so that one of the two at most is ever accepted, whoever runs which
// of them, and when.
func (r *AnyReaction) OrElse(event *eventlog.Event, c *Command, rejection *Rejection) *Command {
	if r.Model == nil || r.Model.OrElse == nil || rejection.Code == VersionConflict || rejection.Code == CommandIDReused {
		return nil
	}
	o := *c
	o.Name, o.ID, o.Input = r.Model.OrElse.Name, event.ID, schema.Record{}
	return &o
}

// actor is who did what a reaction did. A name is cut where the log has no room for it.
func (r *AnyReaction) actor() string {
	text := "reaction:" + r.Name
	return text[:min(len(text), eventlog.MaxText)]
}

// reactionSpace makes command ids of events and reactions.
var reactionSpace = uuid.MustParse("b4b2a0f5-33a5-5a0e-9d53-06f1c0a1f3b7")

// commandID is the same whenever the event is reacted to, and wherever.
func (r *AnyReaction) commandID(event *eventlog.Event, i int) string {
	return reactionIDs + uuid.NewSHA1(reactionSpace, []byte(event.EventID()+"\x00"+r.Name+"\x00"+strconv.Itoa(i))).String()
}

// FailureID is the id of the note about a reaction that failed before it led to any command.
func (r *AnyReaction) FailureID(event *eventlog.Event) string { return r.commandID(event, -1) }

// coerceInput makes the input what the command's arguments are.
func coerceInput(m *schema.Model, spec *schema.Command, input schema.Record) (schema.Record, *Rejection) {
	out := make(schema.Record, len(input))
	for _, a := range spec.Args {
		v, given := input[a.Name]
		if !given && !a.Type.NonNull {
			continue
		}
		c, err := m.Coerce(a.Type, v, a.Name)
		if err != nil {
			field := a.Name
			var at *schema.InputError
			if errors.As(err, &at) {
				field = at.Path
			}
			return nil, invalid(field, err.Error())
		}
		out[a.Name] = c
	}
	for name := range input {
		if _, known := out[name]; !known {
			return nil, invalid(name, fmt.Sprintf("%s has no argument %s", spec.Name, name))
		}
	}
	return out, nil
}
