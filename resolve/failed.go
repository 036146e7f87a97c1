package resolve

import (
	"context"
	"fmt"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/scalar"
)

// failedReactions resolves Query.failedReactions.
func (rt *Runtime) failedReactions(ctx context.Context, f field) (any, error) {
	first, after, err := rt.notePage(f)
	if err != nil {
		return nil, err
	}
	found, err := rt.Commands.FailedReactions(ctx, first, after)
	if err != nil {
		return nil, pageFailed(err)
	}
	out := make([]*Object, len(found))
	for i, r := range found {
		values := plain{
			"id": r.ID, "at": scalar.NewDateTime(r.At), "reaction": r.Reaction, "event": orNull(r.Event), "status": string(r.Status),
			"command": orNull(r.Command.Name), "entityId": orNull(r.Command.ID), "message": orNull(r.Message), "tries": r.Tries,
		}
		if spec := rt.Model.Command(r.Command.Name); spec != nil {
			values["entity"] = spec.Entity.Name
		}
		if r.Rejection != nil {
			values["error"] = errorObject(r.Rejection)
		}
		out[i] = &Object{"FailedReaction", counted{values}}
	}
	return out, nil
}

// resumeReaction resolves Mutation.resumeReaction.
func (rt *Runtime) resumeReaction(ctx context.Context, f field) (any, error) {
	id, err := rt.neededID(f, "id")
	if err != nil {
		return nil, err
	}
	result, err := rt.Commands.ResumeReaction(ctx, id)
	if err != nil {
		return nil, outcome(f.Name, err)
	}
	if result == nil {
		result = &command.Result{Rejections: []*command.Rejection{
			{Code: command.NotFound, Field: "id", Message: fmt.Sprintf("there is no failed reaction with the id %q", id)},
		}}
	}
	return &Object{"ResumedReaction", plain{"receipt": receiptObject(ctx, result.Receipt), "errors": errorObjects(result.Rejections)}}, nil
}

// discardReaction resolves Mutation.discardReaction.
func (rt *Runtime) discardReaction(ctx context.Context, f field) (any, error) {
	id, err := rt.neededID(f, "id")
	if err != nil {
		return nil, err
	}
	return rt.Commands.DiscardReaction(ctx, id)
}
