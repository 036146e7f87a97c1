package schema

import "slices"

type index struct {
	entities map[string]*Entity
	objects  map[string]*Object
	inputs   map[string]*Object
	enums    map[string]*Enum
	commands map[string]*Command
}

// Entity returns the entity of that name, or nil.
func (m *Model) Entity(name string) *Entity { return m.index.entities[name] }

// Documents returns all that has documents: the entities, the views, and the tallies of views.
func (m *Model) Documents() []*Entity {
	out := m.Readables()
	for _, v := range m.Views {
		if v.View.Tallies != nil {
			out = append(out, v.View.Tallies)
		}
	}
	return out
}

// Readables returns what queries read: the entities and the views.
func (m *Model) Readables() []*Entity { return append(slices.Clone(m.Entities), m.Views...) }

// Readable returns the entity or view of that name, or nil.
func (m *Model) Readable(name string) *Entity {
	if e := m.Entity(name); e != nil {
		return e
	}
	return m.View(name)
}

// View returns the view of that name, or nil. It is a linear scan: models have few.
func (m *Model) View(name string) *Entity {
	for _, v := range m.Views {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// Object returns the value object of that name, or nil.
func (m *Model) Object(name string) *Object { return m.index.objects[name] }

// Input returns the input object of that name, or nil.
func (m *Model) Input(name string) *Object { return m.index.inputs[name] }

// Enum returns the enum of that name, or nil.
func (m *Model) Enum(name string) *Enum { return m.index.enums[name] }

// Command returns the command of that name, or nil.
func (m *Model) Command(name string) *Command { return m.index.commands[name] }

// Field returns the entity's field of that name, or nil. It is a linear scan: entities have tens of fields.
func (e *Entity) Field(name string) *Field { return findField(e.Fields, name) }

// Field returns the object's field of that name, or nil.
func (o *Object) Field(name string) *Field { return findField(o.Fields, name) }

// Comparable reports whether values of the type can be compared and sorted by: scalars and enums but JSON, and refs, one at a time.
func (t Type) Comparable() bool { return !t.List && t.Kind != KindObject && t.Kind != KindJSON }

// Key returns the field with @key, or nil.
func (o *Object) Key() *Field {
	for _, f := range o.Fields {
		if f.Key {
			return f
		}
	}
	return nil
}

// Keyed returns the key of a list's elements: nil if f is no list of value objects that have one.
func (m *Model) Keyed(f *Field) *Field {
	if !f.Type.List || f.Type.Kind != KindObject {
		return nil
	}
	if o := m.Object(f.Type.Name); o != nil {
		return o.Key()
	}
	return nil
}

func findField(fields []*Field, name string) *Field {
	for _, f := range fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}
