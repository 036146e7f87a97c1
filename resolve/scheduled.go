package resolve

import (
	"context"
	"errors"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/scalar"
)

// maxKept is the longest page of what the log keeps beside events.
const maxKept = 1000

// pageSize reads the argument first of a list of what the log keeps.
func pageSize(f field) (int, error) {
	n, err := intArg(f, "first")
	switch {
	case err != nil:
		return 0, err
	case n == nil:
		return 50, nil
	case *n < 1 || *n > maxKept:
		return 0, badInput("first: a page has 1 to 1000 elements")
	}
	return *n, nil
}

// scheduled resolves Query.scheduledCommands.
func (rt *Runtime) scheduled(ctx context.Context, f field) (any, error) {
	first, err := pageSize(f)
	if err != nil {
		return nil, err
	}
	q := command.ScheduledQuery{First: first}
	q.After, _ = f.args["after"].(string)
	if q.Entity, q.ID, err = rt.refArg(f); err != nil {
		return nil, err
	}
	found, err := rt.Commands.Scheduled(ctx, q)
	if errors.Is(err, command.ErrInvalid) {
		return nil, badInput("after: not a cursor of scheduledCommands")
	}
	if err != nil {
		return nil, err
	}
	out := make([]*Object, len(found))
	for i, s := range found {
		c := s.Command
		input, err := command.InputJSON(rt.Model, c)
		if err != nil {
			return nil, err
		}
		values := plain{
			"commandId": c.CommandID, "command": c.Name, "entity": rt.Model.Command(c.Name).Entity.Name, "id": c.ID, "input": scalar.JSON(input),
			"actor": orNull(c.Actor), "runAt": scalar.NewDateTime(s.RunAt), "createdAt": scalar.NewDateTime(s.CreatedAt), "cursor": s.Cursor,
		}
		out[i] = &Object{"ScheduledCommand", counted{values}}
	}
	return out, nil
}

// refArg reads the arguments entity and id: an id needs its entity.
func (rt *Runtime) refArg(f field) (name, id string, err error) {
	name, _ = f.args["entity"].(string)
	id, err = rt.id(f.args, "id")
	switch {
	case err != nil:
		return "", "", badInput(err.Error())
	case name == "" && id != "":
		return "", "", badInput("id: say of which entity")
	case name != "" && rt.Model.Entity(name) == nil:
		return "", "", badInput("entity: the model has no " + name)
	}
	return name, id, nil
}

// cancelScheduled resolves Mutation.cancelScheduledCommand.
func (rt *Runtime) cancelScheduled(ctx context.Context, f field) (any, error) {
	id, err := rt.neededID(f, "commandId")
	if err != nil {
		return nil, err
	}
	return rt.Commands.CancelScheduled(ctx, id)
}
