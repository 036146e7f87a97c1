// Package resolve is the seam between the generated GraphQL code and the runtime: what generated resolvers call.
package resolve

import "context"

// Object is one value of a GraphQL object type.
type Object struct {
	typeName string
}

// TypeName returns the GraphQL type of the object.
func (o *Object) TypeName() string { return o.typeName }

// Runtime is what resolvers work with.
type Runtime struct{}

// Root resolves a field of Query or Mutation.
func Root[T any](ctx context.Context, rt *Runtime) (T, error) { panic("TODO lead") }

// Stream resolves a field of Subscription.
func Stream(ctx context.Context, rt *Runtime) (<-chan *Object, error) { panic("TODO lead") }

// Field resolves a field of an object.
func Field[T any](ctx context.Context, o *Object, name string) (T, error) { panic("TODO lead") }
