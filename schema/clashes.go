package schema

import (
	"slices"
	"strings"
)

// names checks every name against what Daybook has for itself and what it derives: in the API, in Go, and in the store.
func (l *loader) names() {
	l.typeNames()
	l.rootNames()
	l.inverses()
	for _, e := range l.model.Readables() {
		l.entityFields(e)
	}
	for _, o := range l.model.Objects {
		l.structFields(o.Name, o.Fields)
		l.filterNames(o)
	}
	for _, o := range l.model.Inputs {
		if !o.Derived || o.Patch {
			l.structFields(o.Name, o.Fields)
		}
	}
	l.goNames()
	l.graphNames()
}

// typeNames refuses types whose names the API derives.
func (l *loader) typeNames() {
	derived := map[string]string{}
	for _, e := range l.model.Entities {
		for _, name := range DerivedTypes(e.Name) {
			derived[name] = "the entity " + e.Name
		}
	}
	for _, e := range l.model.Views {
		for _, name := range DerivedViewTypes(e.Name) {
			derived[name] = "the view " + e.Name
		}
	}
	for _, e := range l.model.Enums {
		derived[e.Name+"Filter"], derived[e.Name+"ListFilter"] = "the enum "+e.Name, "the enum "+e.Name
	}
	for _, o := range l.model.Objects {
		derived[o.Name+"Filter"], derived[o.Name+"ListFilter"] = "the type "+o.Name, "the type "+o.Name
	}
	for _, o := range l.model.Inputs {
		if o.Derived {
			derived[o.Name] = "the type " + strings.TrimSuffix(strings.TrimSuffix(o.Name, "Input"), patchSuffix)
		}
	}
	for name, d := range l.defs {
		if from := derived[name]; from != "" {
			l.fail(posOf(d.Position), "choose another name", "the name %s is derived from %s", name, from)
		}
	}
}

// rootNames refuses entities whose fields in queries, payloads and changes clash. Lists are named as the store's tables are.
func (l *loader) rootNames() {
	type claim struct{ name, by string }
	taken := map[string]claim{}
	for _, name := range reservedQueries {
		taken[fold(name)] = claim{name, "Daybook"}
	}
	take := func(e *Entity, name string) {
		write := `rename it, or name its list: @entity(plural: "…")`
		if e.View != nil {
			write = `rename it, or name its list: @view(of: "…", plural: "…")`
		}
		switch by, found := taken[fold(name)]; {
		case found && by.name == name:
			l.fail(e.Pos, write, "the query field %s of %s is taken by %s", name, e.Name, by.by)
		case found:
			l.fail(e.Pos, write, "the query field %s of %s and the field %s of %s differ only in case or _", name, e.Name, by.name, by.by)
		}
		taken[fold(name)] = claim{name, e.Name}
	}
	for _, e := range l.model.Readables() {
		take(e, e.Singular)
		if e.Plural != e.Singular {
			take(e, e.Plural)
		}
		l.singular(e)
	}
}

// singular refuses an entity or a view that the types around it can't show beside their other fields.
func (l *loader) singular(e *Entity) {
	for _, name := range reservedSingulars {
		switch {
		case fold(name) != fold(e.Singular):
		case e.View != nil:
			l.fail(e.Pos, "choose another name", "%sChange would show the %s as its field %s, and Daybook has the field %s for itself", e.Name, e.Name, e.Singular, name)
		default:
			l.fail(e.Pos, "choose another name", "%sPayload and %sChange would show the %s as their field %s, and have another field %s", e.Name, e.Name, e.Name, e.Singular, name)
		}
	}
}

// inverses gives every entity the other directions of the refs to it.
func (l *loader) inverses() {
	for _, e := range l.model.Readables() {
		for _, f := range e.Fields {
			if f.Ref == nil || f.Ref.Inverse == "" {
				continue
			}
			target, name := l.model.Entity(f.Ref.Entity), f.Ref.Inverse
			if target == nil {
				continue
			}
			switch other := target.inverse(name); {
			case target.shows(name):
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
		if fold(i.Name) == fold(name) {
			return i
		}
	}
	return nil
}

// shows reports whether the API's type has a field of that name, without inverses.
func (e *Entity) shows(name string) bool {
	same := func(other string) bool { return fold(other) == fold(name) }
	return slices.ContainsFunc(reservedFields, same) || slices.ContainsFunc(e.Fields, func(f *Field) bool {
		return same(f.Name) || f.Ref != nil && same(f.Name+"Id")
	})
}
