package resolve

import (
	"cmp"
	"context"
	"errors"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/scalar"
)

// rejected resolves Query.rejectedCommands.
func (rt *Runtime) rejected(ctx context.Context, f field) (any, error) {
	first, after, err := rt.notePage(f)
	if err != nil {
		return nil, err
	}
	found, err := rt.Commands.Rejected(ctx, first, after)
	if err != nil {
		return nil, pageFailed(err)
	}
	out := make([]*Object, len(found))
	for i, r := range found {
		values := plain{
			"id": r.ID, "at": scalar.NewDateTime(r.At), "command": r.Command, "entity": r.Entity, "entityId": orNull(r.EntityID),
			"commandId": orNull(r.CommandID), "actor": orNull(r.Actor), "error": errorObject(rt.rejection(r)),
			"correlationId": orNull(r.CorrelationID), "causationId": orNull(r.CausationID),
		}
		if len(r.Input) > 0 {
			values["input"] = scalar.JSON(r.Input)
		}
		out[i] = &Object{"RejectedCommand", counted{values}}
	}
	return out, nil
}

// pageFailed makes of an error of a list of notes what the client did wrong, if it is that.
func pageFailed(err error) error {
	if errors.Is(err, command.ErrNoNote) {
		return badInput("after: what has that id is not kept any more: begin again without it")
	}
	return err
}

// rejection is why a command was rejected, also if it can't be read any more. What its state allows is the model's to say.
func (rt *Runtime) rejection(r command.Rejected) *command.Rejection {
	out := &command.Rejection{Code: cmp.Or(r.Code, command.InvalidInput), Reason: r.Reason, Message: r.Message, Field: r.Field, State: r.State}
	if e := rt.Model.Entity(r.Entity); e != nil && r.Code == command.InvalidTransition {
		out.Allowed = command.Allowed(e, r.State)
	}
	return out
}

// notePage reads the arguments of a list whose elements have ids.
func (rt *Runtime) notePage(f field) (first int, after string, err error) {
	if first, err = pageSize(f); err != nil {
		return 0, "", err
	}
	if after, err = rt.id(f.args, "after"); err != nil {
		return 0, "", badInput(err.Error())
	}
	return first, after, nil
}
