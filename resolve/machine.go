package resolve

import (
	"context"

	"github.com/daybook-cqrs/daybook/schema"
)

// counted is a plain object with texts and lists that count against the budget of the request.
type counted struct{ plain }

func (c counted) value(ctx context.Context, name string) (any, error) {
	v := c.plain[name]
	return v, budgetOf(ctx).value(ctx, v)
}

// stateMachine resolves Query.stateMachine.
func (rt *Runtime) stateMachine(f field) any {
	name, _ := f.args["entity"].(string)
	e := rt.Model.Entity(name)
	if e == nil {
		return nil
	}
	m := e.Machine()
	return &Object{"StateMachine", counted{plain{
		"entity": e.Name, "states": stateObjects(m), "transitions": edgeObjects(m), "timeouts": timeoutObjects(e), "reactions": reactionObjects(e),
		"mermaid": e.Mermaid(),
	}}}
}

func stateObjects(m schema.Machine) []*Object {
	out := make([]*Object, len(m.States))
	for i, s := range m.States {
		out[i] = &Object{"StateInfo", counted{plain{
			"name": s.Name, "description": orNull(s.Description), "initial": s.Initial, "final": s.Final,
		}}}
	}
	return out
}

func edgeObjects(m schema.Machine) []*Object {
	out := make([]*Object, len(m.Edges))
	for i, e := range m.Edges {
		out[i] = &Object{"StateTransition", counted{plain{
			"command": e.Command.Name, "event": e.Command.Event, "from": orNull(e.From), "to": orNull(e.To), "description": orNull(e.Command.Description),
		}}}
	}
	return out
}

func timeoutObjects(e *schema.Entity) []*Object {
	out := make([]*Object, len(e.Timeouts))
	for i, t := range e.Timeouts {
		out[i] = &Object{"StateTimeout", plain{"state": t.In, "after": t.Wait(), "command": t.Run.Name}}
	}
	return out
}

func reactionObjects(e *schema.Entity) []*Object {
	out := make([]*Object, len(e.Reactions))
	for i, r := range e.Reactions {
		values := plain{"event": r.Event, "command": r.Run.Name, "entity": r.Run.Entity.Name}
		if r.OrElse != nil {
			values["orElse"] = r.OrElse.Name
		}
		out[i] = &Object{"StateReaction", values}
	}
	return out
}
