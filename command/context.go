// Package command decides and appends: state machine, references, rules, receipts.
package command

import (
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Context is what a rule may know besides its arguments.
type Context struct{}

// Now is the event's time.
func (c *Context) Now() scalar.DateTime { panic("TODO lead") }

// Load returns another entity as the log last left it.
func (c *Context) Load(entity, id string) (schema.Record, error) { panic("TODO lead") }

// Rule is a rule as the generated table holds it.
type Rule func(c *Context, entity, input schema.Record) (schema.Record, error)

// Rules is the rule table: by command name.
type Rules map[string]Rule

// Rejection is a business rejection.
type Rejection struct{ Reason, Message, Field string }

func (r *Rejection) Error() string { return r.Message }

// Reject makes a rejection.
func Reject(reason, message string) *Rejection { return &Rejection{Reason: reason, Message: message} }

// At names the argument that is at fault, as a path: "lines[2].price".
func (r *Rejection) At(field string) *Rejection { r.Field = field; return r }
