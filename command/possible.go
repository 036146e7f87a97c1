package command

import (
	"context"
	"errors"

	"github.com/daybook-cqrs/daybook/schema"
)

// Possibility says whether a command could run on an entity.
type Possibility struct {
	Command   *schema.Command
	Rejection *Rejection // nil if it could
	Asked     bool       // the rule, if there is one, was asked; false for a command that needs input, whose rule may still refuse
}

// Possible returns what each command of the entity, but for those that create, would do now, in the model's order. It writes nothing.
func (e *Engine) Possible(ctx context.Context, entity *schema.Entity, id string) ([]Possibility, error) {
	return nil, errors.New("not yet")
}
