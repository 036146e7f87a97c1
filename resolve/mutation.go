package resolve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

var errNoCommands = &publicError{"NOT_SERVED", "this process takes no commands: send mutations to one with the command role"}

// mutation resolves a field of Mutation.
func (rt *Runtime) mutation(ctx context.Context, f field) (any, error) {
	if rt.Commands == nil {
		return nil, errNoCommands
	}
	switch f.Name {
	case "cancelScheduledCommand":
		return rt.cancelScheduled(ctx, f)
	case "resumeReaction":
		return rt.resumeReaction(ctx, f)
	case "discardReaction":
		return rt.discardReaction(ctx, f)
	}
	spec := rt.Model.Command(f.Name)
	if spec == nil {
		return nil, errors.New("the model has no mutation " + f.Name)
	}
	return rt.mutate(ctx, spec, f)
}

// mutate executes a command and returns its payload.
func (rt *Runtime) mutate(ctx context.Context, spec *schema.Command, f field) (*Object, error) {
	cmd, rejection := rt.command(ctx, spec, f)
	result := &command.Result{}
	if rejection != nil {
		result.Rejections = []*command.Rejection{rejection}
		rt.Commands.Refused(ctx, cmd, rejection)
	} else {
		var err error
		if result, err = rt.Commands.Execute(ctx, cmd); err != nil {
			return nil, outcome(spec.Name, err)
		}
	}
	return rt.payload(ctx, spec.Entity, f, result)
}

// outcome makes of a failure of the log what a client needs to know: whether the command may have happened, and the id under which to send it again.
func outcome(name string, err error) error {
	var failed *command.OutcomeError
	if !errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", name, err)
	}
	out := &failure{publicError{"UNAVAILABLE", "the log can't be reached: nothing happened, try again later"}, failed}
	if failed.Unknown {
		out.message = "the log did not answer: it is not known whether the command was accepted. Send it again with this command id: it will happen once"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		out.code = "TIMEOUT"
	}
	return out
}

// failure is an error whose cause is not for clients.
type failure struct {
	publicError
	cause *command.OutcomeError
}

// Unwrap returns the cause, for the server's own log.
func (e *failure) Unwrap() error { return e.cause }

// GraphQLExtensions returns what clients get beside the code.
func (e *failure) GraphQLExtensions() map[string]any {
	return map[string]any{"commandId": e.cause.CommandID, "mayHaveHappened": e.cause.Unknown}
}

// command reads a command from the arguments of a mutation.
func (rt *Runtime) command(ctx context.Context, spec *schema.Command, f field) (command.Command, *command.Rejection) {
	cmd := command.Command{Name: spec.Name, Input: schema.Record{}, Actor: RequestFrom(ctx).Actor}
	var err error
	if cmd.ID, err = rt.id(f.args, "id"); err != nil {
		return cmd, invalidArg("id", err)
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
	if r := rt.options(&cmd, f.args["command"]); r != nil {
		return cmd, r
	}
	if cmd.CommandID == "" {
		cmd.CommandID = idempotencyKey(ctx, f)
	}
	if command.ReservedID(cmd.CommandID) {
		return cmd, invalidArg("command.id", errors.New("ids that begin so are those of reactions and timers: choose another"))
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
func (rt *Runtime) options(cmd *command.Command, raw any) *command.Rejection {
	o, _ := raw.(map[string]any)
	var err error
	if cmd.CommandID, err = rt.idAt(o, "id", "command.id"); err != nil {
		return invalidArg("command.id", err)
	}
	if v, ok := o["expectedVersion"]; ok && v != nil {
		n, err := graphql.UnmarshalInt64(v)
		if err != nil {
			return invalidArg("command.expectedVersion", err)
		}
		cmd.ExpectedVersion = &n
	}
	cmd.DryRun, _ = o["dryRun"].(bool)
	if cmd.OccurredAt, err = timeOption(o, "occurredAt"); err != nil {
		return invalidArg("command.occurredAt", err)
	}
	if cmd.RunAt, err = timeOption(o, "runAt"); err != nil {
		return invalidArg("command.runAt", err)
	}
	if cmd.RunAt != nil && cmd.OccurredAt != nil {
		return invalidArg("command.runAt", errors.New("runAt and occurredAt can't go together: what happened is not kept for later"))
	}
	if cmd.DryRun {
		cmd.RunAt = nil // it answers what would happen now
	}
	return nil
}

// timeOption reads a time among CommandOptions, nil for none.
func timeOption(o map[string]any, name string) (*scalar.DateTime, error) {
	v := o[name]
	if v == nil {
		return nil, nil //nolint:nilnil // not given
	}
	var at scalar.DateTime
	if err := at.UnmarshalGQL(v); err != nil {
		return nil, err
	}
	return &at, nil
}

// idempotencyKey makes a command id of the request's Idempotency-Key header. Several mutations of one request each get their own: the
// key and the mutation's response key.
func idempotencyKey(ctx context.Context, f field) string {
	key := RequestFrom(ctx).IdempotencyKey
	if key == "" {
		return ""
	}
	op := graphql.GetOperationContext(ctx)
	if len(graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"})) == 1 {
		return key
	}
	if id := key + "/" + f.Alias; len(id) <= schema.MaxIDBytes {
		return id
	}
	sum := sha256.Sum256([]byte(key + "/" + f.Alias))
	return hex.EncodeToString(sum[:])
}
