package schema

import (
	"fmt"
	"slices"
	"strings"
)

// finish checks what needs the whole model, and indexes it.
func (l *loader) finish() {
	m := l.model
	m.index = index{map[string]*Entity{}, map[string]*Object{}, map[string]*Object{}, map[string]*Enum{}, map[string]*Command{}}
	for _, e := range m.Entities {
		m.index.entities[e.Name] = e
	}
	for _, o := range m.Objects {
		m.index.objects[o.Name] = o
	}
	for _, o := range m.Inputs {
		m.index.inputs[o.Name] = o
	}
	for _, e := range m.Enums {
		m.index.enums[e.Name] = e
	}
	for _, c := range m.Commands {
		m.index.commands[c.Name] = c
	}
	l.nesting()
	l.typeNames()
	l.rootNames()
	l.inverses()
	for _, e := range m.Entities {
		l.copies(e)
		l.reachable(e)
	}
}

// nesting refuses value objects that contain themselves, and inputs that are not what they are for.
func (l *loader) nesting() {
	for _, set := range []struct {
		list []*Object
		find func(string) *Object
	}{{l.model.Objects, l.model.Object}, {l.model.Inputs, l.model.Input}} {
		for _, o := range set.list {
			if contains(o, o.Name, set.find, map[string]bool{}) {
				l.fail(o.Pos, "use an entity and a ref", "%s contains itself", o.Name)
			}
		}
	}
}

func contains(o *Object, name string, find func(string) *Object, seen map[string]bool) bool {
	if o == nil || seen[o.Name] {
		return false
	}
	seen[o.Name] = true
	for _, f := range o.Fields {
		if f.Type.Kind == KindObject && (f.Type.Name == name || contains(find(f.Type.Name), name, find, seen)) {
			return true
		}
	}
	return false
}

// typeNames refuses types whose names the API derives.
func (l *loader) typeNames() {
	derived := map[string]string{}
	for _, e := range l.model.Entities {
		for _, name := range DerivedTypes(e.Name) {
			derived[name] = "the entity " + e.Name
		}
	}
	for _, e := range l.model.Enums {
		derived[e.Name+"Filter"] = "the enum " + e.Name
	}
	for _, o := range l.model.Inputs {
		if o.Derived {
			derived[o.Name] = "the type " + strings.TrimSuffix(o.Name, "Input")
		}
	}
	for name, d := range l.defs {
		if from := derived[name]; from != "" {
			l.fail(posOf(d.Position), "choose another name", "the name %s is derived from %s", name, from)
		}
	}
}

// rootNames refuses entities whose query and subscription fields clash.
func (l *loader) rootNames() {
	taken := map[string]string{"node": "Daybook", "daybook": "Daybook"}
	claim := func(e *Entity, name string) {
		if by := taken[name]; by != "" {
			l.fail(e.Pos, `rename it, or name its list: @entity(plural: "…")`, "the query field %s of %s is taken by %s", name, e.Name, by)
		}
		taken[name] = e.Name
	}
	for _, e := range l.model.Entities {
		claim(e, e.Singular)
		if e.Plural != e.Singular {
			claim(e, e.Plural)
		}
	}
}

// inverses gives every entity the other directions of the refs to it.
func (l *loader) inverses() {
	for _, e := range l.model.Entities {
		for _, f := range e.Fields {
			if f.Ref == nil || f.Ref.Inverse == "" {
				continue
			}
			target, name := l.model.Entity(f.Ref.Entity), f.Ref.Inverse
			if target == nil {
				continue
			}
			switch other := target.inverse(name); {
			case target.Field(name) != nil || refID(target, name) || reservedFields[name]:
				l.fail(f.Pos, `name another: @ref(inverse: "…")`, "%s has a field %s, which the inverse of %s.%s would be", target.Name, name, e.Name, f.Name)
			case other != nil:
				l.fail(f.Pos, `name another: @ref(inverse: "…")`, "%s.%s and %s.%s both want to be %s.%s from the other side", other.Entity, other.Field, e.Name, f.Name, target.Name, name)
			default:
				target.Inverses = append(target.Inverses, &Inverse{Name: name, Entity: e.Name, Field: f.Name})
			}
		}
	}
}

func (e *Entity) inverse(name string) *Inverse {
	for _, i := range e.Inverses {
		if i.Name == name {
			return i
		}
	}
	return nil
}

// refID reports whether name is the derived id field of a ref: customerId.
func refID(e *Entity, name string) bool {
	f := e.Field(strings.TrimSuffix(name, "Id"))
	return f != nil && f.Name != name && f.Ref != nil
}

func (l *loader) copies(e *Entity) {
	for _, f := range e.Fields {
		if f.Copy == nil {
			continue
		}
		via := e.Field(f.Copy.Via)
		if via == nil || via.Ref == nil {
			l.fail(f.Pos, "name a @ref field of "+e.Name, "%s.%s copies via %s, which is no ref of %s", e.Name, f.Name, f.Copy.Via, e.Name)
			continue
		}
		target := l.model.Entity(via.Ref.Entity)
		if target == nil {
			continue
		}
		source := target.Field(f.Copy.Field)
		switch {
		case source == nil:
			l.fail(f.Pos, "name a field of "+target.Name, "%s has no field %s to copy", target.Name, f.Copy.Field)
		case source.Copy != nil:
			l.fail(f.Pos, fmt.Sprintf("follow the ref: %s.%s", target.Name, source.Copy.Via), "%s.%s is a copy of the copy %s.%s", e.Name, f.Name, target.Name, source.Name)
		case source.Type.Name != f.Type.Name || source.Type.List != f.Type.List:
			l.fail(f.Pos, "write "+source.Type.String(), "%s.%s is not of the type of %s.%s", e.Name, f.Name, target.Name, source.Name)
		case f.Ref != nil || source.Ref != nil:
			l.fail(f.Pos, "copy a scalar, an enum or a value object", "%s.%s copies a ref", e.Name, f.Name)
		}
	}
}

// reachable checks that the entity can come to be, and into each of its states.
func (l *loader) reachable(e *Entity) {
	reached := map[string]bool{}
	creates := false
	for _, c := range e.Commands {
		if c.Kind == Create {
			creates = true
			reached[c.To] = true
		}
	}
	if !creates {
		l.fail(e.Pos, "add a command without from, or @crud", "no command creates a %s", e.Name)
		return
	}
	for range e.States {
		for _, c := range e.Commands {
			if c.To != "" && slices.ContainsFunc(c.From, func(s string) bool { return reached[s] }) {
				reached[c.To] = true
			}
		}
	}
	for _, s := range e.States {
		if !reached[s] {
			l.fail(e.State.Pos, "add a command that leads to it, or leave it out", "the state %s of %s is unreachable", s, e.Name)
		}
	}
}

// String returns the type as SDL writes it.
func (t Type) String() string {
	s := t.Name
	if t.List {
		if t.ElemNonNull {
			s += "!"
		}
		s = "[" + s + "]"
	}
	if t.NonNull {
		s += "!"
	}
	return s
}
