package gen

import (
	"fmt"
	"slices"

	"github.com/daybook-cqrs/daybook/schema"
)

// idle returns the commands, and the arguments of commands, that nothing comes of: they set no field and change no list, and there is no rule. The model's
// checker can't say that: it knows no rules.
func idle(m *schema.Model, found []role) schema.Errors {
	var out schema.Errors
	for _, c := range m.Commands {
		if c.CRUD || slices.ContainsFunc(found, func(o role) bool { return o.command == c }) {
			continue
		}
		sets := false
		for _, a := range c.Args {
			if a.Field != nil || a.Element != schema.NoElement {
				sets = true
				continue
			}
			out = append(out, &schema.Error{
				Pos: a.Pos, What: fmt.Sprintf("the argument %s of %s sets no field of %s, and %s has no rule", a.Name, c.Name, c.Entity.Name, c.Name),
				Write: fmt.Sprintf("name it as a field is, leave it out, or write the rule %s", schema.GoName(c.Name)),
			})
		}
		if e := idleTransition(c); e != nil && !sets {
			out = append(out, e)
		}
	}
	return out
}

// unmade returns the views without aggregates that no function makes, of one of the entities that they are made of.
func unmade(m *schema.Model, found []role) schema.Errors {
	var out schema.Errors
	for _, v := range m.Views {
		if !v.View.Project {
			continue
		}
		for _, s := range v.View.Sources {
			o := role{name: schema.ProjectionName(v.Name, s.Entity.Name), entity: s.Entity, view: v}
			if !slices.ContainsFunc(found, func(f role) bool { return f.view == v && f.entity == s.Entity }) {
				out = append(out, &schema.Error{
					Pos: v.Pos, What: fmt.Sprintf("the view %s has no aggregates, and package rules has no function that makes it of %s", v.Name, s.Entity.Name),
					Write: "write " + o.signature() + ", or give its fields @group and aggregates",
				})
			}
		}
	}
	return out
}

// idleTransition is the mistake of a transition that changes nothing, if none of its arguments does; nil if it leads to another state.
func idleTransition(c *schema.Command) *schema.Error {
	name := schema.GoName(c.Name)
	switch {
	case c.Kind != schema.Transition:
		return nil
	case c.To == "" && len(c.Args) == 0: // arguments that set nothing are mistakes of their own
		return &schema.Error{
			Pos: c.Pos, What: fmt.Sprintf("%s changes nothing of a %s, and has no rule", c.Name, c.Entity.Name),
			Write: "add an argument, or write the rule " + name,
		}
	case slices.Contains(c.From, c.To):
		return &schema.Error{
			Pos: c.Pos, What: fmt.Sprintf("%s changes nothing of a %s that is %s already, and has no rule", c.Name, c.Entity.Name, c.To),
			Write: fmt.Sprintf("leave %s out of from, add an argument, or write the rule %s", c.To, name),
		}
	}
	return nil
}
