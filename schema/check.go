package schema

import (
	"fmt"
	"slices"
)

// index lets the model's parts be found by name.
func (l *loader) index() {
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
}

// finish checks what needs the whole model.
func (l *loader) finish() {
	l.nesting()
	l.setters()
	l.names()
	l.keys()
	for _, e := range l.model.Entities {
		l.copies(e)
		l.reachable(e)
		l.refsIn(e)
		l.owner(e)
		l.timeouts(e)
		l.reactions(e)
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

func (l *loader) copies(e *Entity) {
	for _, f := range e.Fields {
		if f.Copy == nil {
			continue
		}
		if f.Ref != nil {
			l.fail(f.Pos, "copy a scalar, an enum or a value object", "%s.%s is a ref and a copy", e.Name, f.Name)
		}
		via := e.Field(f.Copy.Via)
		if via == nil || via.Ref == nil {
			l.fail(f.Pos, "name a @ref field of "+e.Name, "%s.%s copies via %s, which is no ref of %s", e.Name, f.Name, f.Copy.Via, e.Name)
		} else if target := l.model.Entity(via.Ref.Entity); target != nil {
			l.copy(e, f, target)
		}
	}
}

// copy checks a copy against what it is copied from.
func (l *loader) copy(e *Entity, f *Field, target *Entity) {
	source := target.Field(f.Copy.Field)
	if source == nil {
		l.fail(f.Pos, "name a field of "+target.Name, "%s has no field %s to copy", target.Name, f.Copy.Field)
		return
	}
	if source.Copy != nil {
		l.fail(f.Pos, fmt.Sprintf("follow the ref: %s.%s", target.Name, source.Copy.Via), "%s.%s is a copy of the copy %s.%s", e.Name, f.Name, target.Name, source.Name)
	}
	if source.Ref != nil {
		l.fail(f.Pos, "copy a scalar, an enum or a value object", "%s.%s copies the ref %s.%s", e.Name, f.Name, target.Name, source.Name)
		return
	}
	switch s, t := source.Type, f.Type; {
	case s.Kind == kindUnknown || t.Kind == kindUnknown || f.Ref != nil:
	case s.Name != t.Name || s.List != t.List:
		l.fail(f.Pos, "write "+s.String(), "%s.%s is not of the type of %s.%s", e.Name, f.Name, target.Name, source.Name)
	case t.List && t.ElemNonNull && !s.ElemNonNull:
		l.fail(f.Pos, "write "+s.String(), "%s.%s may not hold null, and %s.%s may", e.Name, f.Name, target.Name, source.Name)
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
