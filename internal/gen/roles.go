package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// role is what a function of the package rules is for: it is the rule of a command, a reaction to an event of an entity, or a projection of an entity into a view.
type role struct {
	name    string // the function's
	entity  *schema.Entity
	command *schema.Command // of a rule, else nil
	event   string          // of a reaction, else ""
	view    *schema.Entity  // of a projection, else nil
	reaches []string        // of a rule: the entities that it loads or changes beside its own, as far as syntax tells
}

// The kinds of roles, as messages name them.
const (
	aRule       = "rule"
	aReaction   = "reaction"
	aProjection = "projection"
)

// rolesOf returns the roles that a model has for functions, by their names. Several entities may have an event of one name.
func rolesOf(m *schema.Model) map[string][]role {
	out := map[string][]role{}
	for _, c := range m.Commands {
		name := schema.GoName(c.Name)
		out[name] = append(out[name], role{name: name, entity: c.Entity, command: c})
	}
	for _, c := range m.Commands {
		name := reactionName(c.Event)
		out[name] = append(out[name], role{name: name, entity: c.Entity, event: c.Event})
	}
	for _, v := range m.Views {
		if !v.View.Project {
			continue
		}
		for _, s := range v.View.Sources {
			name := schema.ProjectionName(v.Name, s.Entity.Name)
			out[name] = append(out[name], role{name: name, entity: s.Entity, view: v})
		}
	}
	return out
}

func reactionName(event string) string { return "On" + schema.GoName(event) }

func (o role) kind() string {
	switch {
	case o.view != nil:
		return aProjection
	case o.command == nil:
		return aReaction
	}
	return aRule
}

// key is what the table is sorted by.
func (o role) key() string {
	if o.command == nil {
		return o.name
	}
	return o.command.Name
}

// purpose says what a function of that name is for.
func (o role) purpose() string {
	switch {
	case o.view != nil:
		return fmt.Sprintf("the projection of %s into %s", o.entity.Name, o.view.Name)
	case o.command == nil:
		return "a reaction to " + o.event
	}
	return "a command"
}

// params are the types of the function's parameters.
func (o role) params() []string {
	switch {
	case o.view != nil:
		return []string{"*projection.Change[entity." + o.view.Name + "]", "projection.Of[entity." + o.entity.Name + "]"}
	case o.command == nil:
		return []string{"*command.Reaction", "*entity." + o.entity.Name}
	}
	return []string{"*command.Context", "*entity." + o.entity.Name, "entity." + o.name}
}

func (o role) signature() string {
	switch {
	case o.view != nil:
		return fmt.Sprintf("func %s(c *projection.Change[entity.%s], %s projection.Of[entity.%s]) error", o.name, o.view.Name, o.entity.Singular, o.entity.Name)
	case o.command == nil:
		return fmt.Sprintf("func %s(r *command.Reaction, %s *entity.%s) error", o.name, o.entity.Singular, o.entity.Name)
	}
	return fmt.Sprintf("func %s(c *command.Context, %s *entity.%s, in entity.%s) error", o.name, o.entity.Singular, o.entity.Name, o.name)
}

// signatures are what a function may be written as.
func signatures(roles []role) string {
	texts := make([]string, len(roles))
	for i, o := range roles {
		texts[i] = o.signature()
	}
	return strings.Join(texts, ", or ")
}

// ofKind returns the roles of a kind, or all if none is.
func ofKind(roles []role, kind string) []role {
	some := slices.DeleteFunc(slices.Clone(roles), func(o role) bool { return o.kind() != kind })
	if len(some) == 0 {
		return roles
	}
	return some
}
