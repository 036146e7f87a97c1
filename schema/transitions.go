package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// transitions reads the commands: those of @crud first, then the declared ones.
func (l *loader) transitions() {
	for _, e := range l.model.Entities {
		if e.CRUD {
			l.crud(e)
		}
	}
	sortByPos(l.commands, func(d *ast.FieldDefinition) Pos { return posOf(d.Position) })
	for _, d := range l.commands {
		if c := l.command(d); c != nil {
			l.add(c)
		}
	}
}

func (l *loader) add(c *Command) {
	for _, o := range l.model.Commands {
		if o.Name == c.Name {
			l.fail(c.Pos, "rename one of them", "there are two commands %s, the other at %s:%d", c.Name, o.Pos.File, o.Pos.Line)
			return
		}
		if o.Event == c.Event && o.Entity == c.Entity && c.Event != "" {
			l.fail(c.Pos, `name another event: emits: "…"`, "%s and %s both emit %s", o.Name, c.Name, c.Event)
		}
	}
	l.model.Commands = append(l.model.Commands, c)
	c.Entity.Commands = append(c.Entity.Commands, c)
}

func (l *loader) command(d *ast.FieldDefinition) *Command {
	p := posOf(d.Position)
	l.onlyDirectives(d.Directives, "the command "+d.Name, "transition")
	dir := d.Directives.ForName("transition")
	e := l.find(d.Type.Name())
	if dir == nil {
		l.fail(p, "add @transition(…)", "the mutation %s is no command", d.Name)
	} else {
		l.onlyArgs(dir, "from", "to", "emits", "deletes")
	}
	switch {
	case e == nil || d.Type.Elem != nil:
		l.fail(p, "return the entity that it changes", "the command %s returns %s, which is no entity", d.Name, d.Type)
	case !d.Type.NonNull:
		l.fail(p, "write "+e.Name+"!", "the command %s returns a nullable %s", d.Name, e.Name)
	}
	if strings.HasPrefix(d.Name, "_") {
		l.fail(p, "choose another name", "the name %s is reserved", d.Name)
	}
	args, id := l.argList(d)
	if dir == nil || e == nil || d.Type.Elem != nil {
		return nil
	}
	c := &Command{Name: d.Name, Entity: e, Description: describe(d.Description), Pos: p, Event: l.name(dir, "emits")}
	if c.Event == "" {
		c.Event = l.eventName(c, dir)
	}
	l.states(c, dir)
	l.args(c, args, id)
	return c
}

func (l *loader) find(name string) *Entity {
	for _, e := range l.model.Entities {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// eventName derives the event of a command whose verb is regular: createOrder OrderCreated, shipOrder needs `emits`.
func (l *loader) eventName(c *Command, dir *ast.Directive) string {
	verb, ok := strings.CutSuffix(c.Name, c.Entity.Name)
	if ok && strings.HasSuffix(verb, "e") {
		return c.Entity.Name + upperFirst(verb) + "d"
	}
	if dir.Arguments.ForName("emits") == nil {
		l.fail(c.Pos, `write emits: "`+c.Entity.Name+`…"`, "the command %s does not name its event", c.Name)
	}
	return ""
}

// states reads from, to and deletes.
func (l *loader) states(c *Command, dir *ast.Directive) {
	from, hasFrom := l.stateArg(c, dir, "from")
	to, hasTo := l.stateArg(c, dir, "to")
	c.From = from
	if len(to) == 1 {
		c.To = to[0]
	}
	deletes := dir.Arguments.ForName("deletes")
	switch {
	case deletes != nil && deletes.Value.Kind != ast.BooleanValue:
		l.fail(posOf(deletes.Position), "write true or false", "deletes of @transition is no Boolean")
	case deletes != nil && deletes.Value.Raw == "true":
		c.Kind = Delete
		if hasTo {
			l.fail(c.Pos, "leave out to", "%s deletes: it leads to no state", c.Name)
		}
	case hasFrom || c.Entity.State == nil && !hasTo:
		c.Kind = Transition
	default:
		c.Kind = Create
	}
	if c.Entity.State == nil && c.Entity.CRUD && !hasFrom && !hasTo {
		return // it changes fields
	}
	if c.Entity.State == nil {
		l.fail(c.Pos, "add a @state field, or use @crud", "%s has no states, so %s can't be a transition", c.Entity.Name, c.Name)
		return
	}
	if c.Kind != Create && !hasFrom {
		l.fail(c.Pos, "add from: […]", "%s does not say in which states it may run", c.Name)
	}
	if c.Kind == Create && !hasTo {
		l.fail(c.Pos, "add to: …", "%s creates: it needs the first state", c.Name)
	}
}

func (l *loader) stateArg(c *Command, dir *ast.Directive, name string) (states []string, given bool) {
	a := dir.Arguments.ForName(name)
	if a == nil {
		return nil, false
	}
	values := valuesOf(a.Value)
	if a.Value.Kind == ast.ListValue && (name == "to" || len(values) == 0) {
		l.fail(posOf(a.Position), "name states", "%s of @transition is not as it should be", name)
		return nil, true
	}
	return l.statesIn(values, dir, c.Entity, "use one of "), true
}

// statesIn reads states, each of which may be named once. They have to be of the entity, if that is not nil and has states.
func (l *loader) statesIn(values []*ast.Value, dir *ast.Directive, of *Entity, use string) (states []string) {
	for _, v := range values {
		switch {
		case v.Kind != ast.EnumValue:
			l.fail(posOf(v.Position), "write a state without quotes", "%s of @%s is no state", v.String(), dir.Name)
		case of != nil && len(of.States) > 0 && !slices.Contains(of.States, v.Raw):
			l.fail(posOf(v.Position), use+strings.Join(of.States, ", "), "%s has no state %s", of.Name, v.Raw)
		case slices.Contains(states, v.Raw):
			l.fail(posOf(v.Position), "leave one out", "the state %s is named twice", v.Raw)
		default:
			states = append(states, v.Raw)
		}
	}
	return states
}
