package command

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/daybook-cqrs/daybook/schema"
)

// PossibleIn returns what the model alone says of each command of an entity that is in a state, but for those that create: nothing is read and no rule
// is asked.
func PossibleIn(e *schema.Entity, id, state string) []Possibility {
	var out []Possibility
	for _, c := range e.Commands {
		if c.Kind == schema.Create {
			continue
		}
		p := Possibility{Command: c}
		if len(c.From) > 0 && !slices.Contains(c.From, state) {
			p.Rejection = &Rejection{Code: InvalidTransition, State: state, Allowed: Allowed(e, state),
				Message: fmt.Sprintf("%s is not possible: %s %q is %s", c.Name, e.Name, id, state)}
		}
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
