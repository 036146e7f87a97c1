package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// lasts reports whether an entity of that type is there for ever once it is there: then a reference to it needs no condition.
func lasts(e *schema.Entity) bool {
	return !slices.ContainsFunc(e.Commands, func(c *schema.Command) bool { return c.Kind == schema.Delete })
}

// checkSpans refuses a model that needs one append to reach several partitions, for a log that can't do that, and rules that are known to. A command whose rule reaches
// too far otherwise fails when it does.
func checkSpans(cfg *Config) error {
	m := cfg.Model
	if cfg.Log.Spans() {
		return nil
	}
	var out []error
	for _, e := range m.Entities {
		for _, f := range refFields(m, e.Fields, map[string]bool{}) {
			if f == e.With {
				continue
			}
			if err := apart(m, e, f); err != nil {
				out = append(out, err)
			}
		}
	}
	for _, c := range m.Commands {
		for _, name := range cfg.Reaches[c.Name] {
			if target := m.Entity(name); target != nil && !together(m, c.Entity, target) {
				out = append(out, fmt.Errorf("%s:%d:%d: on Redis Cluster %s and the %s that the rule of %s reaches may lie in different slots: make one what the other belongs to, "+
					"@entity(with:), or send the other's command in a reaction", c.Pos.File, c.Pos.Line, c.Pos.Col, c.Entity.Name, name, c.Name))
			}
		}
	}
	return errors.Join(out...)
}

// together reports whether entities of both types can lie with one owner. Two entities of one type lie anywhere, unless they have an owner.
func together(m *schema.Model, a, b *schema.Entity) bool {
	rootA, ownedA := m.Root(a)
	rootB, ownedB := m.Root(b)
	return rootA == rootB && (ownedA || ownedB)
}

// apart is the mistake of a reference of e that is more than that the other is there for ever; nil if it is no more.
func apart(m *schema.Model, e *schema.Entity, f *schema.Field) error {
	target, why := m.Entity(f.Ref.Entity), ""
	switch {
	case len(f.Ref.In) > 0:
		why = "asks for its state, @ref(in: [" + strings.Join(f.Ref.In, ", ") + "])"
	case !lasts(target):
		why = "has to find it there still, and it can be deleted"
	default:
		return nil
	}
	write := "check it in a @reaction"
	if slices.Contains(e.Fields, f) {
		write = fmt.Sprintf("make it what %s belongs to, @entity(with: %q), or %s", e.Name, f.Name, write)
	}
	return fmt.Errorf("%s:%d:%d: on Redis Cluster %s and the %s that it refers to may lie in different slots, and the append %s: %s",
		f.Pos.File, f.Pos.Line, f.Pos.Col, e.Name, target.Name, why, write)
}

// refFields returns the refs among fields, and in the value objects among them.
func refFields(m *schema.Model, fields []*schema.Field, seen map[string]bool) []*schema.Field {
	var out []*schema.Field
	for _, f := range fields {
		if f.Ref != nil {
			out = append(out, f)
		}
		if o := m.Object(f.Type.Name); f.Type.Kind == schema.KindObject && o != nil && !seen[o.Name] {
			seen[o.Name] = true
			out = append(out, refFields(m, o.Fields, seen)...)
		}
	}
	return out
}

// conditionsOf returns what has to hold when the append happens: the versions of all that the decision read, but for entities of which only counts that they are there,
// or in which state; nothing of those that are there for ever.
func (c *Context) conditionsOf() []eventlog.Condition {
	out := make([]eventlog.Condition, 0, len(c.conditions))
	for ref, version := range c.conditions {
		in, stated := c.states[ref]
		switch {
		case c.needed[ref] || version == 0:
			out = append(out, eventlog.Condition{Ref: ref, Version: version})
		case stated || !lasts(c.model.Entity(ref.Entity)):
			out = append(out, eventlog.Condition{Ref: ref, Version: version, Alive: true, In: in})
		}
	}
	return out
}

// inOneOf notes that an entity has to be in one of the states: in one of those that were noted before, too.
func (c *Context) inOneOf(ref eventlog.Ref, states []string) {
	before, noted := c.states[ref]
	if noted {
		states = slices.DeleteFunc(slices.Clone(before), func(s string) bool { return !slices.Contains(states, s) })
	}
	c.states[ref] = states
}
