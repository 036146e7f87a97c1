package schema

import (
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// entities reads the entities.
func (l *loader) entities() {
	for _, d := range l.defsOf(ast.Object) {
		if l.entityOf[d.Name] != nil {
			l.model.Entities = append(l.model.Entities, l.entity(d))
		}
	}
	if len(l.model.Entities) == 0 {
		p := Pos{"schema", 1, 1}
		if all := l.defsOf(ast.Object); len(all) > 0 {
			p = posOf(all[0].Position)
		}
		l.fail(p, `write "type Order @entity { id: ID! }"`, "the model has no entity")
	}
}

func (l *loader) entity(d *ast.Definition) *Entity {
	l.onlyDirectives(d.Directives, "the entity "+d.Name, "entity", "crud", "timeout", "reaction", "indexed")
	dir := d.Directives.ForName("entity")
	l.onlyArgs(dir, "plural", "with")
	l.name(dir, "plural")
	l.noInterfaces(d)
	e := &Entity{
		Name: d.Name, Singular: lowerFirst(d.Name), Plural: l.pluralOf(d), Description: describe(d.Description),
		File: strings.TrimSuffix(path.Base(d.Position.Src.Name), ".graphql"), Pos: posOf(d.Position),
		CRUD: d.Directives.ForName("crud") != nil,
	}
	if e.Plural == e.Singular {
		l.fail(e.Pos, `name the list: @entity(plural: "…")`, "the plural of %s is %s too", e.Singular, e.Plural)
	}
	e.Fields = l.fields(d, ofEntity)
	l.id(e)
	l.state(e, d)
	l.with(e, dir)
	l.uniques(e, d)
	l.indexes(e, d)
	return e
}

// id checks that the entity has its key, and puts it first.
func (l *loader) id(e *Entity) {
	i := slices.IndexFunc(e.Fields, func(f *Field) bool { return f.Name == "id" })
	if i < 0 {
		l.fail(e.Pos, "add `id: ID!`", "the entity %s has no id", e.Name)
		return
	}
	f := e.Fields[i]
	if f.Type.Kind != KindID || !f.Type.NonNull || f.Type.List || f.Indexed || f.Unique || f.Copy != nil {
		l.fail(f.Pos, "write `id: ID!`", "the id of %s is not of type ID!, or has directives", e.Name)
	}
	e.Fields = slices.Insert(slices.Delete(e.Fields, i, i+1), 0, f)
}

func (l *loader) state(e *Entity, d *ast.Definition) {
	for _, fd := range d.Fields {
		if fd.Directives.ForName("state") == nil {
			continue
		}
		f := e.Field(fd.Name)
		if f == nil {
			continue
		}
		if e.State != nil {
			l.fail(f.Pos, "leave one out", "%s has two @state fields, %s and %s", e.Name, e.State.Name, f.Name)
			continue
		}
		if f.Type.Kind != kindUnknown && (f.Type.Kind != KindEnum || f.Type.List || !f.Type.NonNull) {
			l.fail(f.Pos, "give it an enum: `status: "+e.Name+"Status!`", "the @state field %s.%s is not a non-null enum", e.Name, f.Name)
		}
		e.State = f // though it be wrong: what follows from that is no mistake of its own
		e.enum = l.enum(f.Type.Name)
		for _, v := range e.enum.Values {
			e.States = append(e.States, v.Name)
		}
	}
}

func (l *loader) enum(name string) *Enum {
	for _, e := range l.model.Enums {
		if e.Name == name {
			return e
		}
	}
	return &Enum{}
}
