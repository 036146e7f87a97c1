package schema

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// patchSuffix ends the names of inputs for @update: OrderLinePatch.
const patchSuffix = "Patch"

// patchOf makes OrderLinePatch of OrderLine and its input: the key, and all else may be left out.
func patchOf(o, in *Object) *Object {
	p := &Object{Name: o.Name + patchSuffix, Description: "What is to change of one " + o.Name + ".", Derived: true, Patch: true, Pos: o.Pos}
	for _, f := range in.Fields {
		g := *f
		g.Type.NonNull = f.Key
		p.Fields = append(p.Fields, &g)
	}
	return p
}

// mentioned reports whether an argument of a command has that type.
func (l *loader) mentioned(name string) bool {
	for _, d := range l.commands {
		for _, a := range d.Arguments {
			if a.Type.Name() == name {
				return true
			}
		}
	}
	return false
}

// keys checks the @key of value objects: one each, and only where their lists are an entity's own.
func (l *loader) keys() {
	for _, o := range l.model.Objects {
		var key *Field
		for _, f := range o.Fields {
			if l.key(o, f, key) {
				key = f
			}
			if inner := l.model.Object(f.Type.Name); f.Type.Kind == KindObject && inner != nil && inner.Key() != nil {
				l.fail(f.Pos, "make it a list of an entity", "%s has a @key, which tells the elements of a list of an entity apart, and %s.%s is none", inner.Name, o.Name, f.Name)
			}
		}
	}
	for _, e := range l.model.Entities {
		for _, f := range e.Fields {
			o := l.model.Object(f.Type.Name)
			if f.Type.Kind != KindObject || o == nil || o.Key() == nil {
				continue
			}
			if !f.Type.List || !f.Type.ElemNonNull {
				l.fail(f.Pos, "write ["+o.Name+"!]", "%s has a @key, and %s.%s is no list of it without nulls", o.Name, e.Name, f.Name)
			}
		}
	}
}

// key checks one field with @key, and reports whether it is one.
func (l *loader) key(o *Object, f, other *Field) bool {
	if !f.Key {
		return false
	}
	switch {
	case f.Type.Kind != KindID && f.Type.Kind != KindString && f.Type.Kind != kindUnknown || f.Type.List || !f.Type.NonNull || f.Ref != nil:
		l.fail(f.Pos, "write "+f.Name+": ID! @key", "the key %s.%s is no ID!", o.Name, f.Name)
	case other != nil:
		l.fail(f.Pos, "leave one out", "%s has two keys, %s and %s", o.Name, other.Name, f.Name)
	}
	return true
}

// elementDirectives are the directives that change lists, and their arguments that name the list.
var elementDirectives = []struct {
	op  ElementOp
	arg string
}{{AppendElement, "to"}, {RemoveElement, "from"}, {UpdateElement, "in"}}

// elementOf reads @append, @remove and @update of an argument.
func (l *loader) elementOf(a *Arg, list ast.DirectiveList) {
	for _, d := range elementDirectives {
		dir := list.ForName(string(d.op))
		if dir == nil {
			continue
		}
		l.onlyArgs(dir, d.arg)
		if a.Element != NoElement {
			l.fail(a.Pos, "leave one out", "the argument %s does two things to a list", a.Name)
			return
		}
		a.Element, a.List = d.op, &Field{Name: l.name(dir, d.arg)}
	}
}

// element ties an argument to the list that it changes.
func (l *loader) element(c *Command, a *Arg) {
	name := a.List.Name
	f := c.Entity.Field(name)
	if f == nil || !f.Type.List || f.Type.Kind != KindObject && f.Type.Kind != kindUnknown {
		l.fail(a.Pos, "name a list of "+c.Entity.Name+" whose elements have a @key", "@%s of %s: %q is no such list", a.Element, a.Name, name)
		a.Element, a.List = NoElement, nil
		return
	}
	a.List = f
	o := l.object(f.Type.Name)
	if o == nil {
		return
	}
	key := o.Key()
	if key == nil {
		l.fail(a.Pos, "add `line: ID! @key` to "+o.Name, "@%s of %s: nothing tells the elements of %s apart", a.Element, a.Name, name)
		return
	}
	if c.Kind == Create {
		l.fail(a.Pos, "use an argument "+name, "%s creates: there is no %s to change yet", c.Name, name)
	}
	want := map[ElementOp]string{AppendElement: o.Name + "Input", RemoveElement: key.Type.Name, UpdateElement: o.Name + patchSuffix}[a.Element]
	if a.Type.Kind != kindUnknown && (a.Type.Name != want || a.Type.List && !a.Type.ElemNonNull) {
		l.fail(a.Pos, "write "+want+"!, or ["+want+"!]!", "%s of %s is no %s", a.Name, c.Name, want)
	}
	if other := c.Entity.Field(a.Name); other != nil {
		l.fail(a.Pos, "rename the argument", "%s of %s is named as a field is, which it would not set", a.Name, c.Name)
	}
	for _, b := range c.Args {
		if b.Field == f {
			l.fail(a.Pos, "leave one out", "%s sets %s as a whole, and changes an element of it", c.Name, name)
		}
	}
	if in := l.declaredPatch(o, a); in != nil {
		l.fail(in.Pos, "leave it out: it is derived", "the input %s can't be declared", in.Name)
	}
}

func (l *loader) declaredPatch(o *Object, a *Arg) *Object {
	for _, in := range l.model.Inputs {
		if in.Name == o.Name+patchSuffix && !in.Derived && strings.HasSuffix(a.Type.Name, patchSuffix) {
			return in
		}
	}
	return nil
}

// object finds a value object before the model is indexed.
func (l *loader) object(name string) *Object {
	for _, o := range l.model.Objects {
		if o.Name == name {
			return o
		}
	}
	return nil
}
