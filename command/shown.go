package command

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Errors of the log that a caller's argument leads to.
var (
	ErrInvalid = eventlog.ErrInvalid
	ErrNoNote  = eventlog.ErrNoNote
)

// PossibleIn returns what the model alone says of each command of an entity that is in a state, but for those that create: nothing is read and no rule
// is asked.
func PossibleIn(e *schema.Entity, id, state string) []Possibility {
	ref := Ref{Entity: e.Name, ID: id}
	var out []Possibility
	for _, c := range e.Commands {
		if c.Kind == schema.Create {
			continue
		}
		p := Possibility{Command: c}
		errors.As(checkLife(c, ref, &Snapshot{Ref: ref, Version: 1, State: state}), &p.Rejection)
		out = append(out, p)
	}
	return out
}

// Allowed returns the names of the commands that the model allows in a state.
func Allowed(e *schema.Entity, state string) []string { return allowed(e, state) }

// InputJSON returns a command's input as JSON: the arguments that were given, in the model's order.
func InputJSON(m *schema.Model, c Command) (json.RawMessage, error) {
	spec := m.Command(c.Name)
	if spec == nil {
		return nil, fmt.Errorf("the model has no command %q", c.Name)
	}
	return encodeInput(m, spec, c.Input)
}
