package resolve

import (
	"context"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/schema"
)

// possibleCommands is the field of every entity that says what its commands would do.
const possibleCommands = "possibleCommands"

// possible resolves possibleCommands: from the log, as it is at this moment, where the process takes commands; else from the state that the entity was seen
// in, by the model alone.
func (rt *Runtime) possible(ctx context.Context, left *budget, e *schema.Entity, id, state string) (any, error) {
	if rt.Commands == nil {
		return possibleObjects(ctx, left, command.PossibleIn(e, id, state))
	}
	if err := left.decision(); err != nil {
		return nil, err
	}
	all, err := rt.Commands.Possible(ctx, e, id)
	if err != nil {
		return nil, err
	}
	return possibleObjects(ctx, left, all)
}

func possibleObjects(ctx context.Context, left *budget, all []command.Possibility) (any, error) {
	out := make([]*Object, len(all))
	for i, p := range all {
		values := plain{"name": p.Command.Name, "to": orNull(p.Command.To), "allowed": p.Rejection == nil && !p.Failed, "asked": p.Asked}
		if p.Failed {
			values["message"] = "the command would fail: the server's log says why"
		}
		if r := p.Rejection; r != nil {
			values["code"], values["reason"], values["message"] = string(r.Code), orNull(r.Reason), r.Message
		}
		out[i] = &Object{"PossibleCommand", values}
	}
	return out, left.elements(ctx, len(out))
}
