package schema

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// argList reads the arguments of a command without `id`, which is returned by itself. What they set is not looked at yet.
func (l *loader) argList(d *ast.FieldDefinition) (args []*Arg, id *ast.ArgumentDefinition) {
	seen := map[string]bool{}
	for _, ad := range d.Arguments {
		p := posOf(ad.Position)
		l.onlyDirectives(ad.Directives, "the argument "+ad.Name, "append", "remove", "update")
		if ad.DefaultValue != nil {
			l.fail(p, "set it in a rule", "an argument of a command has no default")
		}
		if seen[ad.Name] {
			l.fail(p, "leave one out", "%s has the argument %s twice", d.Name, ad.Name)
			continue
		}
		seen[ad.Name] = true
		if ad.Name == "id" {
			id = ad
			if len(ad.Directives) > 0 {
				l.fail(p, "leave it out", "the id of %s says which %s it changes, and changes no list", d.Name, d.Type.Name())
			}
			if ad.Type.String() != "ID!" {
				l.fail(p, "write id: ID!", "the id of %s is a %s", d.Name, ad.Type)
			}
			continue
		}
		a := &Arg{Name: ad.Name, Type: l.typeOf(ad.Type, p, true), Description: describe(ad.Description), Pos: p}
		l.elementOf(a, ad.Directives)
		args = append(args, a)
	}
	l.argNames(args)
	return args, id
}

// args says which fields the arguments set.
func (l *loader) args(c *Command, args []*Arg, id *ast.ArgumentDefinition) {
	for _, a := range args {
		if a.Element != NoElement {
			l.element(c, a)
			continue
		}
		l.setter(c, a)
	}
	c.Args = args
	switch {
	case c.Kind == Create && id != nil:
		l.fail(c.Pos, "leave out id: every create has an optional one", "%s creates, and declares an id", c.Name)
	case c.Kind != Create && id == nil:
		l.fail(c.Pos, "add the argument id: ID!", "%s does not say which %s it changes", c.Name, c.Entity.Name)
	}
}

// setter ties an argument to the field of its name, if there is one.
func (l *loader) setter(c *Command, a *Arg) {
	f := c.Entity.Field(a.Name)
	if f == nil {
		return
	}
	a.Field = f
	want, t := inputType(f), a.Type
	if f.Copy != nil {
		l.fail(a.Pos, "leave it out", "%s.%s is a copy: no command sets it", c.Entity.Name, f.Name)
	}
	if f == c.Entity.State {
		l.fail(a.Pos, "leave it out: transitions set the state", "%s is the state of %s", f.Name, c.Entity.Name)
	}
	switch {
	case f.Copy != nil || f == c.Entity.State || t.Kind == kindUnknown || want.Kind == kindUnknown:
	case want.Name != t.Name || want.List != t.List:
		l.fail(a.Pos, "write "+want.String()+", or rename the argument", "%s of %s is not of the type of %s.%s", a.Name, c.Name, c.Entity.Name, f.Name)
	case want.List && want.ElemNonNull && !t.ElemNonNull:
		l.fail(a.Pos, "write "+want.String(), "%s of %s may hold null, and %s.%s may not", a.Name, c.Name, c.Entity.Name, f.Name)
	}
	if f.Ref != nil {
		a.Ref = f.Ref.Entity
	}
}

// inputType is the type that an argument has which sets a field.
func inputType(f *Field) Type {
	t := f.Type
	switch {
	case f.Ref != nil || t.Kind == KindEntity:
		t.Kind, t.Name = KindID, "ID"
	case t.Kind == KindObject:
		t.Name += "Input"
	}
	return t
}

// setters checks the declared inputs with which arguments set fields: what such an input takes becomes the value object.
func (l *loader) setters() {
	seen := map[string]bool{}
	for _, c := range l.model.Commands {
		for _, a := range c.Args {
			if a.Field != nil && a.Field.Type.Kind == KindObject && a.Type.Name == inputType(a.Field).Name {
				l.fits(a.Field.Type.Name, seen)
			}
		}
	}
}

// fits checks that all that the input of a value object takes is such an object, and is whole.
func (l *loader) fits(object string, seen map[string]bool) {
	o, in := l.model.Object(object), l.model.Input(object+"Input")
	if o == nil || in == nil || seen[object] {
		return
	}
	seen[object] = true
	for _, f := range in.Fields {
		if o.Field(f.Name) == nil {
			l.fail(f.Pos, "leave it out, or add it to "+o.Name, "%s has no field %s, and %s becomes one", o.Name, f.Name, in.Name)
		}
	}
	for _, f := range o.Fields {
		given, want := in.Field(f.Name), inputType(f)
		switch {
		case f.Key && (given == nil || given.Type.Name == want.Name && !given.Type.List): // may be left to Daybook
		case given == nil && f.Type.NonNull:
			l.fail(in.Pos, "add "+f.Name+": "+want.String(), "%s lacks %s, which is never null in %s", in.Name, f.Name, o.Name)
		case given == nil || given.Type.Kind == kindUnknown || want.Kind == kindUnknown:
		case given.Type.Name != want.Name || given.Type.List != want.List:
			l.fail(given.Pos, "write "+want.String(), "%s.%s is not of the type of %s.%s", in.Name, f.Name, o.Name, f.Name)
		case want.NonNull && !given.Type.NonNull || want.List && want.ElemNonNull && !given.Type.ElemNonNull:
			l.fail(given.Pos, "write "+want.String(), "%s.%s may be null or hold null where %s.%s may not", in.Name, f.Name, o.Name, f.Name)
		}
		if f.Type.Kind == KindObject {
			l.fits(f.Type.Name, seen)
		}
	}
}
