package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// indexes reads the indexes of several fields.
func (l *loader) indexes(e *Entity, d *ast.Definition) {
	for _, dir := range d.Directives.ForNames("indexed") {
		l.onlyArgs(dir, "fields")
		i := &Index{Pos: posOf(dir.Position)}
		arg := dir.Arguments.ForName("fields")
		if arg == nil || arg.Value.Kind != ast.ListValue || len(arg.Value.Children) == 0 {
			l.fail(i.Pos, `write @indexed(fields: ["status", "placedAt"])`, "an index of %s names no fields", e.Name)
			continue
		}
		for _, c := range arg.Value.Children {
			l.indexField(e, i, c.Value)
		}
		if slices.ContainsFunc(e.Indexes, func(o *Index) bool { return slices.Equal(o.Fields, i.Fields) }) {
			l.fail(i.Pos, "leave one out", "%s has the same index twice", e.Name)
		}
		e.Indexes = append(e.Indexes, i)
	}
}

func (l *loader) indexField(e *Entity, i *Index, v *ast.Value) {
	name, desc := strings.CutSuffix(v.Raw, " DESC")
	stored := name
	switch f := e.Field(name); {
	case v.Kind != ast.StringValue:
		l.fail(posOf(v.Position), `write a text in quotes: "…"`, "a field of an index of %s is no text", e.Name)
		return
	case name == "createdAt" || name == "updatedAt" || name == "version":
		stored = "_" + name
	case f == nil || name == "id":
		l.fail(posOf(v.Position), "name a field of "+e.Name+", and no id: every index ends with it", "%s has no field %s to index", e.Name, name)
		return
	case f.Type.List || f.Type.Kind == KindObject || f.Type.Kind == KindJSON:
		l.fail(posOf(v.Position), "use a scalar, an enum or a ref", "%s.%s can't be indexed", e.Name, name)
		return
	}
	if slices.ContainsFunc(i.Fields, func(o IndexField) bool { return o.Name == stored }) {
		l.fail(posOf(v.Position), "leave one out", "an index of %s has the field %s twice", e.Name, name)
	}
	i.Fields = append(i.Fields, IndexField{stored, desc})
}
