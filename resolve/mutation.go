package resolve

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

var errNoCommands = &publicError{"NOT_SERVED", "this process takes no commands: send mutations to one with the command role"}

// mutate executes a command and returns its payload.
func (rt *Runtime) mutate(ctx context.Context, spec *schema.Command, f field) (*Object, error) {
	if rt.Commands == nil {
		return nil, errNoCommands
	}
	cmd, rejection := rt.command(ctx, spec, f)
	result := &command.Result{}
	if rejection != nil {
		result.Rejections = []*command.Rejection{rejection}
	} else {
		var err error
		if result, err = rt.Commands.Execute(ctx, cmd); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Name, err)
		}
	}
	return rt.payload(ctx, spec.Entity, f, result)
}

// command reads a command from the arguments of a mutation.
func (rt *Runtime) command(ctx context.Context, spec *schema.Command, f field) (command.Command, *command.Rejection) {
	cmd := command.Command{Name: spec.Name, Input: schema.Record{}}
	if id, ok := f.args["id"].(string); ok {
		cmd.ID = id
	}
	for _, a := range spec.Args {
		raw, given := f.args[a.Name]
		if !given {
			continue
		}
		v, err := rt.Model.Coerce(a.Type, raw, a.Name)
		if err != nil {
			return cmd, invalidArg(a.Name, err)
		}
		cmd.Input[a.Name] = v
	}
	if r := options(&cmd, f.args["command"]); r != nil {
		return cmd, r
	}
	if cmd.CommandID == "" {
		cmd.CommandID = idempotencyKey(ctx, f)
	}
	return cmd, nil
}

// invalidArg makes the rejection of an argument; Coerce's errors know the path of what is at fault.
func invalidArg(name string, err error) *command.Rejection {
	path := name
	var at interface{ InputPath() string }
	if errors.As(err, &at) {
		path = at.InputPath()
	}
	return &command.Rejection{Code: command.InvalidInput, Field: path, Message: err.Error()}
}

// options reads CommandOptions.
func options(cmd *command.Command, raw any) *command.Rejection {
	o, _ := raw.(map[string]any)
	if id, ok := o["id"].(string); ok {
		if id == "" {
			return &command.Rejection{Code: command.InvalidInput, Field: "command.id", Message: "a command id is not empty"}
		}
		cmd.CommandID = id
	}
	if v, ok := o["expectedVersion"]; ok && v != nil {
		n, err := graphql.UnmarshalInt64(v)
		if err != nil {
			return invalidArg("command.expectedVersion", err)
		}
		cmd.ExpectedVersion = &n
	}
	cmd.DryRun, _ = o["dryRun"].(bool)
	if v := o["occurredAt"]; v != nil {
		var at scalar.DateTime
		if err := at.UnmarshalGQL(v); err != nil {
			return invalidArg("command.occurredAt", err)
		}
		cmd.OccurredAt = &at
	}
	return nil
}

// idempotencyKey makes a command id of the request's Idempotency-Key header. Several mutations of one request each get their own: the
// key and the mutation's response key.
func idempotencyKey(ctx context.Context, f field) string {
	key := RequestFrom(ctx).IdempotencyKey
	if key == "" {
		return ""
	}
	op := graphql.GetOperationContext(ctx)
	if len(graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"})) > 1 {
		return key + "/" + f.Alias
	}
	return key
}
