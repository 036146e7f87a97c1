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
	l.onlyDirectives(d.Directives, "the entity "+d.Name, "entity", "crud")
	dir := d.Directives.ForName("entity")
	l.onlyArgs(dir, "plural")
	l.name(dir, "plural")
	if len(d.Interfaces) > 0 {
		l.fail(posOf(d.Position), "leave out implements", "a model has no interfaces")
	}
	e := &Entity{
		Name: d.Name, Singular: lowerFirst(d.Name), Plural: l.pluralOf(d), Description: d.Description,
		File: strings.TrimSuffix(path.Base(d.Position.Src.Name), ".graphql"), Pos: posOf(d.Position),
		CRUD: d.Directives.ForName("crud") != nil,
	}
	if c := d.Name[0]; c < 'A' || c > 'Z' {
		l.fail(e.Pos, "write "+upperFirst(strings.TrimLeft(d.Name, "_")), "the name of an entity begins with a capital")
	}
	if e.Plural == e.Singular {
		l.fail(e.Pos, `name the list: @entity(plural: "…")`, "the plural of %s is %s too", e.Singular, e.Plural)
	}
	e.Fields = l.fields(d, true)
	l.id(e)
	l.state(e, d)
	l.fieldNames(e)
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
	if f.Type.Kind != KindID || !f.Type.NonNull || f.Type.List || f.Indexed || f.Unique {
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
		switch {
		case f == nil:
		case e.State != nil:
			l.fail(f.Pos, "leave one out", "%s has two @state fields, %s and %s", e.Name, e.State.Name, f.Name)
		case f.Type.Kind != KindEnum || f.Type.List || !f.Type.NonNull:
			l.fail(f.Pos, "give it an enum: `status: "+e.Name+"Status!`", "the @state field %s.%s is not a non-null enum", e.Name, f.Name)
		default:
			e.State = f
			for _, v := range l.enum(f.Type.Name).Values {
				e.States = append(e.States, v.Name)
			}
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

// fieldNames checks names that the API derives or keeps for itself.
func (l *loader) fieldNames(e *Entity) {
	for _, f := range e.Fields {
		if reservedFields[f.Name] || reservedFilters[f.Name] || strings.HasPrefix(f.Name, "_") {
			l.fail(f.Pos, "choose another name", "the field name %s is reserved", f.Name)
		}
		if f.Ref != nil && e.Field(f.Name+"Id") != nil {
			l.fail(e.Field(f.Name+"Id").Pos, "rename it", "%s.%sId is derived from the ref %s", e.Name, f.Name, f.Name)
		}
	}
	l.goNames(e.Name, e.Fields)
	for _, o := range l.model.Objects {
		if o.Pos.File == e.Pos.File {
			l.goNames(o.Name, o.Fields)
		}
	}
}

// goNames refuses fields whose Go names are equal.
func (l *loader) goNames(typeName string, fields []*Field) {
	seen := map[string]*Field{}
	for _, f := range fields {
		k := strings.ToLower(strings.ReplaceAll(f.Name, "_", ""))
		if other := seen[k]; other != nil && other.Name != f.Name {
			l.fail(f.Pos, "rename one of them", "%s.%s and %s.%s are one name in Go", typeName, other.Name, typeName, f.Name)
		}
		seen[k] = f
	}
}
