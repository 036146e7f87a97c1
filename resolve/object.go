// Package resolve is the seam between the generated GraphQL code and the runtime: GraphQL in, commands and queries out, and what those
// answer as GraphQL values. Generated resolvers are one line each and call Root, Stream and Field.
//
// A root resolver reads the selection tree below it and has everything loaded at once; the fields below only hand out
// what was loaded.
package resolve

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// Runtime is what resolvers work with. It is immutable and safe for concurrent use.
type Runtime struct {
	Model    *schema.Model
	Commands Commands      // nil in a process without the command role
	Queries  *query.Engine // nil in a process without the query role
	Version  string        // what Query.daybook answers
}

// Commands is the write side: a *command.Engine.
type Commands interface {
	Execute(ctx context.Context, c command.Command) (*command.Result, error)
	Snapshots(ctx context.Context, refs []command.Ref, known command.Known) (map[command.Ref]*command.Snapshot, error)
	Possible(ctx context.Context, entity *schema.Entity, id string) ([]command.Possibility, error)
	Scheduled(ctx context.Context, q command.ScheduledQuery) ([]command.Scheduled, error)
	CancelScheduled(ctx context.Context, commandID string) (bool, error)
	Refused(ctx context.Context, c command.Command, r *command.Rejection)
	Rejected(ctx context.Context, first int, after string) ([]command.Rejected, error)
	FailedReactions(ctx context.Context, first int, after string) ([]command.FailedReaction, error)
	ResumeReaction(ctx context.Context, id string) (*command.Result, error)
	DiscardReaction(ctx context.Context, id string) (bool, error)
}

// Object is one value of a GraphQL object type. It belongs to one request.
type Object struct {
	typeName string
	source   source
}

// source gives the values of an object's fields. The value of an object field is an *Object, of a list of objects a []*Object;
// a null is nil; everything else is as schema.Record holds it.
type source interface {
	value(ctx context.Context, name string) (any, error)
}

// TypeName returns the GraphQL type of the object, "Order". An object of type Node is told by it.
func (o *Object) TypeName() string { return o.typeName }

// Field resolves a field of an object. T is the Go type that gqlgen binds the field to. The error is one that clients may see,
// or an internal one that the server hides.
func Field[T any](ctx context.Context, o *Object, name string) (T, error) {
	v, err := o.source.value(ctx, name)
	if err != nil {
		var none T
		return none, err
	}
	return convert[T](v)
}

// Root resolves a field of Query or Mutation.
func Root[T any](ctx context.Context, rt *Runtime) (T, error) {
	var none T
	v, err := rt.root(ctx)
	if err != nil {
		return none, err
	}
	return convert[T](v)
}

func (rt *Runtime) root(ctx context.Context) (any, error) {
	f := current(ctx)
	if graphql.GetFieldContext(ctx).Object == "Mutation" {
		return rt.mutation(ctx, f)
	}
	return rt.query(ctx, f)
}

// field is one selected field with its arguments as the client gave them: a key is there if the client (or a default) gave a value.
type field struct {
	graphql.CollectedField
	args map[string]any
	asOf *time.Time // what is read is as of that instant, nil is now: of a root field and of all below it
}

func current(ctx context.Context) field {
	f := graphql.GetFieldContext(ctx).Field
	return field{f, arguments(f, graphql.GetOperationContext(ctx).Variables), nil}
}

// selected returns the fields that are selected on an object of one of the named types, merged as the specification says
// (GraphQL, October 2021, section 6.3.2).
func (f field) selected(ctx context.Context, types ...string) []field {
	op := graphql.GetOperationContext(ctx)
	collected := graphql.CollectFields(op, f.Selections, types)
	out := make([]field, len(collected))
	for i, c := range collected {
		out[i] = field{c, arguments(c, op.Variables), f.asOf}
	}
	return out
}

// alias returns the response key of the field that is being resolved.
func alias(ctx context.Context) string { return graphql.GetFieldContext(ctx).Field.Alias }

// publicError is an error whose text and code clients see.
type publicError struct{ code, message string }

func (e *publicError) Error() string       { return e.message }
func (e *publicError) GraphQLCode() string { return e.code }

func badInput(message string) error { return &publicError{"INVALID_INPUT", message} }
