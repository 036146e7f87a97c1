package schema

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// uniques reads the @unique of an entity's fields.
func (l *loader) uniques(e *Entity, d *ast.Definition) {
	for _, fd := range d.Fields {
		f, dir := e.Field(fd.Name), fd.Directives.ForName("unique")
		if f == nil || dir == nil || slices.ContainsFunc(e.Uniques, func(u *Unique) bool { return u.Fields[0] == f }) {
			continue
		}
		u := &Unique{Name: e.Name + "." + f.Name, Fields: []*Field{f}, Pos: f.Pos}
		l.ignoreCase(u, dir)
		if a := dir.Arguments.ForName("with"); a != nil {
			l.compound(e, u, a)
		}
		if n := len(u.Name); n > maxLogName {
			l.fail(u.Pos, "shorten them, or leave some out", "the names of the fields that are @unique together are %d bytes too long", n-maxLogName)
		}
		e.Uniques = append(e.Uniques, u)
	}
}

func (l *loader) ignoreCase(u *Unique, dir *ast.Directive) {
	a := dir.Arguments.ForName("ignoreCase")
	if a == nil {
		return
	}
	f := u.Fields[0]
	switch {
	case a.Value.Kind != ast.BooleanValue:
		l.fail(posOf(a.Position), "write true or false", "ignoreCase of @unique is no Boolean")
	case a.Value.Raw == "true" && f.Type.Kind != KindString && f.Type.Kind != kindUnknown:
		l.fail(posOf(a.Position), "leave it out", "%s is no String: it has no case to ignore", f.Name)
	case a.Value.Raw == "true":
		u.IgnoreCase = true
		u.Name += "~" // values that were claimed as they are written are others
	}
}

// compound adds the other fields of a compound key.
func (l *loader) compound(e *Entity, u *Unique, a *ast.Argument) {
	values := valuesOf(a.Value)
	if len(values) == 0 {
		l.fail(posOf(a.Position), "name fields, or leave out with", "with of @unique is empty")
	}
	for _, v := range values {
		f := e.Field(v.Raw)
		switch {
		case v.Kind != ast.StringValue && v.Kind != ast.BlockValue:
			l.fail(posOf(v.Position), `write a list of fields in quotes: ["hall"]`, "with of @unique is no list of texts")
		case f == nil || f.Name == "id" || f.Copy != nil || f == e.State || f.Type.List || f.Type.Kind == KindObject || f.Type.Kind == KindJSON:
			l.fail(posOf(v.Position), "name a field with a scalar, an enum or a ref", "%q can't be part of a unique key of %s", v.Raw, e.Name)
		case slices.Contains(u.Fields, f):
			l.fail(posOf(v.Position), "leave one out", "the field %s is named twice", f.Name)
		default:
			u.Fields = append(u.Fields, f)
			u.Name += "+" + f.Name
		}
	}
}
