package schema

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// enums reads the enums.
func (l *loader) enums() {
	for _, d := range l.defsOf(ast.Enum) {
		l.noDirectives(d.Directives, "an enum")
		e := &Enum{Name: d.Name, Description: describe(d.Description), Pos: posOf(d.Position)}
		seen := map[string]bool{}
		for _, v := range d.EnumValues {
			l.noDirectives(v.Directives, "an enum value")
			p := posOf(v.Position)
			switch {
			case seen[v.Name]:
				l.fail(p, "leave one out", "%s has the value %s twice", d.Name, v.Name)
			case v.Name == "true" || v.Name == "false" || v.Name == "null" || strings.HasPrefix(v.Name, "__"):
				l.fail(p, "write "+strings.ToUpper(strings.TrimLeft(v.Name, "_")), "%s.%s can't be a value: GraphQL has it for itself", d.Name, v.Name)
			}
			seen[v.Name] = true
			e.Values = append(e.Values, EnumValue{v.Name, describe(v.Description), p})
		}
		if len(e.Values) == 0 {
			l.fail(e.Pos, "list its values", "the enum %s has no values", d.Name)
		}
		l.model.Enums = append(l.model.Enums, e)
	}
}

// defsOf returns the definitions of a kind in the order of files and lines.
func (l *loader) defsOf(kind ast.DefinitionKind) []*ast.Definition {
	var out []*ast.Definition
	for _, d := range l.defs {
		if d.Kind == kind {
			out = append(out, d)
		}
	}
	sortByPos(out, func(d *ast.Definition) Pos { return posOf(d.Position) })
	return out
}

// objects reads value objects and input objects, and derives the inputs that are not declared.
func (l *loader) objects() {
	for _, d := range l.defsOf(ast.Object) {
		if l.entityOf[d.Name] != nil || l.viewOf[d.Name] != nil {
			continue
		}
		l.onlyDirectives(d.Directives, "the type "+d.Name)
		l.noInterfaces(d)
		o := &Object{Name: d.Name, Description: describe(d.Description), Pos: posOf(d.Position)}
		o.Fields = l.fields(d, ofObject)
		l.model.Objects = append(l.model.Objects, o)
	}
	for _, d := range l.defsOf(ast.InputObject) {
		l.noDirectives(d.Directives, "an input")
		o := &Object{Name: d.Name, Description: describe(d.Description), Pos: posOf(d.Position)}
		o.Fields = l.inputFields(d)
		l.model.Inputs = append(l.model.Inputs, o)
	}
	l.derive()
}

// derive makes OrderLineInput of OrderLine, for every value object whose input is not declared.
func (l *loader) derive() {
	for _, o := range l.model.Objects {
		name := o.Name + "Input"
		in := &Object{Name: name, Description: o.Description, Derived: true, Pos: o.Pos}
		for _, f := range o.Fields {
			g := *f
			if g.Type.Kind == KindObject {
				g.Type.Name += "Input"
			}
			if g.Ref != nil {
				g.Type.Kind, g.Type.Name = KindID, "ID"
			}
			if g.Key {
				g.Type.NonNull = false // Daybook fills it
			}
			in.Fields = append(in.Fields, &g)
		}
		if l.defs[name] == nil {
			l.model.Inputs = append(l.model.Inputs, in)
		}
		if l.mentioned(o.Name+patchSuffix) && l.defs[o.Name+patchSuffix] == nil {
			l.model.Inputs = append(l.model.Inputs, patchOf(o, in))
		}
	}
}

// fields reads the fields of a type.
func (l *loader) fields(d *ast.Definition, of holder) []*Field {
	var out []*Field
	seen := map[string]bool{}
	for _, fd := range d.Fields {
		p := posOf(fd.Position)
		if seen[fd.Name] {
			l.fail(p, "leave one out", "%s has the field %s twice", d.Name, fd.Name)
			continue
		}
		seen[fd.Name] = true
		if len(fd.Arguments) > 0 {
			l.fail(p, "leave them out", "a field of a model has no arguments")
		}
		f := &Field{Name: fd.Name, Description: describe(fd.Description), Type: l.typeOf(fd.Type, p, false), Pos: p}
		l.fieldDirectives(d, f, fd.Directives, of)
		out = append(out, f)
	}
	if len(d.Fields) == 0 {
		l.fail(posOf(d.Position), "give it fields", "the type %s has no fields", d.Name)
	}
	return out
}

func (l *loader) inputFields(d *ast.Definition) []*Field {
	var out []*Field
	seen := map[string]bool{}
	for _, fd := range d.Fields {
		p := posOf(fd.Position)
		if seen[fd.Name] {
			l.fail(p, "leave one out", "%s has the field %s twice", d.Name, fd.Name)
			continue
		}
		seen[fd.Name] = true
		l.noDirectives(fd.Directives, "a field of an input")
		if fd.DefaultValue != nil {
			l.fail(p, "set it in a rule", "a field of an input has no default")
		}
		out = append(out, &Field{Name: fd.Name, Description: describe(fd.Description), Type: l.typeOf(fd.Type, p, true), Pos: p})
	}
	if len(d.Fields) == 0 {
		l.fail(posOf(d.Position), "give it fields", "the input %s has no fields", d.Name)
	}
	return out
}

// typeOf reads a type. Of inputs, objects are inputs. A type that is wrong is complained about, and of a kind that no later check minds.
func (l *loader) typeOf(t *ast.Type, p Pos, input bool) Type {
	out := Type{NonNull: t.NonNull, Name: t.Name()}
	if t.Elem != nil {
		out.List, out.ElemNonNull = true, t.Elem.NonNull
		if t.Elem.Elem != nil {
			l.fail(p, "put the inner list into a type of its own", "a list of lists can't be stored")
			out.Kind = kindUnknown
			return out
		}
	}
	out.Kind = l.kindOf(out.Name, p, input)
	return out
}

func (l *loader) kindOf(name string, p Pos, input bool) Kind {
	if kind, ok := kinds[name]; ok {
		return kind
	}
	d := l.defs[name]
	switch {
	case d == nil && input && l.derivable(name):
		return KindObject
	case d == nil:
		l.fail(p, "declare it, or use a scalar", "there is no type %s", name)
	case d.Kind == ast.Enum:
		return KindEnum
	case d.Kind == ast.InputObject && input:
		return KindObject
	case d.Kind == ast.InputObject:
		l.fail(p, "use a type", "%s is an input: a field can't hold it", name)
	case input:
		l.fail(p, "write "+suggestInput(l, name), "%s is not an input type", name)
	case l.entityOf[name] != nil:
		return KindEntity
	case l.viewOf[name] != nil:
		l.fail(p, "use a @ref to an entity, or leave it out", "%s is a view: a field can't hold it", name)
	default:
		return KindObject
	}
	return kindUnknown
}

func suggestInput(l *loader, name string) string {
	if l.entityOf[name] != nil {
		return "ID"
	}
	return name + "Input"
}

// derivable reports whether name is that of an input that will be derived from a value object.
func (l *loader) derivable(name string) bool {
	for _, suffix := range []string{"Input", patchSuffix} {
		if object, ok := strings.CutSuffix(name, suffix); ok {
			if d := l.defs[object]; d != nil && d.Kind == ast.Object && l.entityOf[d.Name] == nil && l.viewOf[d.Name] == nil {
				return true
			}
		}
	}
	return false
}
