package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Bounds of what stores can index: MongoDB keeps 64 indexes of a collection, some of which are the store's own.
const (
	maxIndexFields = 16
	maxIndexes     = 50
)

// systemFields are what every entity has, by the names that the API has for them.
var systemFields = map[string]string{"version": "_version", "createdAt": "_createdAt", "updatedAt": "_updatedAt"}

// indexed reads the @indexed of a field.
func (l *loader) indexed(d *ast.Definition, f *Field, dir *ast.Directive) {
	switch {
	case f.Indexed:
		l.fail(posOf(dir.Position), "leave one out", "@indexed stands twice on a field of %s", d.Name)
	case dir.Arguments.ForName("fields") != nil:
		l.fail(posOf(dir.Position), "write @indexed, or put that on the type "+d.Name, "@indexed on the field %s names fields", f.Name)
	default:
		l.onlyArgs(dir, "asOf")
	}
	f.Indexed = true
	f.IndexedAsOf = f.IndexedAsOf || l.indexedAsOf(d, dir)
}

// indexedAsOf reports whether an index is to be of what was, too.
func (l *loader) indexedAsOf(d *ast.Definition, dir *ast.Directive) bool {
	a := dir.Arguments.ForName("asOf")
	if a == nil {
		return false
	}
	switch {
	case a.Value.Kind != ast.BooleanValue:
		l.fail(posOf(a.Position), "write true or false", "asOf of @indexed is no Boolean")
	case l.viewOf[d.Name] != nil:
		l.fail(posOf(a.Position), "leave asOf out, or write it in the entity", "%s is a view, and what it was is computed from entities", d.Name)
	}
	return a.Value.Raw == "true"
}

// indexes reads the @indexed of an entity, each of which is of several fields.
func (l *loader) indexes(e *Entity, d *ast.Definition) {
	for _, dir := range d.Directives.ForNames("indexed") {
		l.onlyArgs(dir, "fields", "asOf")
		p := posOf(dir.Position)
		a := dir.Arguments.ForName("fields")
		if a == nil || len(valuesOf(a.Value)) == 0 {
			l.fail(p, `write @indexed(fields: ["status", "createdAt DESC"])`, "@indexed on %s names no fields", e.Name)
			continue
		}
		if n := len(valuesOf(a.Value)); n > maxIndexFields {
			l.fail(p, "leave some out", "@indexed on %s names %d fields, of %d at most", e.Name, n, maxIndexFields)
			continue
		}
		i := &Index{Pos: p, AsOf: l.indexedAsOf(d, dir)}
		for _, v := range valuesOf(a.Value) {
			l.indexField(e, i, v)
		}
		if len(i.Fields) == len(valuesOf(a.Value)) && l.newIndex(e, i) {
			e.Indexes = append(e.Indexes, i)
		}
	}
	n := len(e.Indexes)
	for _, f := range e.Fields {
		if f.Indexed || f.Unique || f.Ref != nil {
			n++
		}
		if f.IndexedAsOf && f.Copy != nil {
			l.fail(f.Pos, "leave asOf out", "%s.%s is a copy, of which there is no index of what was: as of an instant it is looked up", e.Name, f.Name)
		}
	}
	if n > maxIndexes {
		l.fail(e.Pos, "leave some out", "%s has %d fields and lists of fields that are @indexed, @unique or a @ref, of %d at most", e.Name, n, maxIndexes)
	}
}

// indexField adds a field to an index: "placedAt", or "placedAt DESC".
func (l *loader) indexField(e *Entity, i *Index, v *ast.Value) {
	p := posOf(v.Position)
	if v.Kind != ast.StringValue && v.Kind != ast.BlockValue {
		l.fail(p, `write a list of fields in quotes: ["status", "createdAt DESC"]`, "fields of @indexed is no list of texts")
		return
	}
	name, direction, _ := strings.Cut(v.Raw, " ")
	if direction != "" && direction != "ASC" && direction != "DESC" {
		l.fail(p, `write "`+name+`" or "`+name+` DESC"`, "%q is no field with a direction", v.Raw)
		return
	}
	stored, system := systemFields[name]
	if !system {
		stored = name
	}
	f := e.Field(name)
	switch {
	case name == "id":
		l.fail(p, "leave it out", "every index has the id of %s as its end", e.Name)
	case !system && f == nil && strings.HasSuffix(name, "Id") && e.Field(strings.TrimSuffix(name, "Id")) != nil:
		l.fail(p, "write "+strings.TrimSuffix(name, "Id"), "%s has no field %s", e.Name, name)
	case !system && (f == nil || f.Type.Kind != kindUnknown && !f.Type.Comparable()):
		l.fail(p, "name a field with a scalar, an enum or a ref, or createdAt, updatedAt or version", "%q can't be in an index of %s", name, e.Name)
	case slices.ContainsFunc(i.Fields, func(f IndexField) bool { return f.Name == stored }):
		l.fail(p, "leave one out", "the field %s is named twice", name)
	case i.AsOf && f != nil && f.Copy != nil:
		l.fail(p, "leave it or asOf out", "%s.%s is a copy, of which there is no index of what was: as of an instant it is looked up", e.Name, f.Name)
	default:
		i.Fields = append(i.Fields, IndexField{Name: stored, Desc: direction == "DESC"})
	}
}

// newIndex reports whether no other index of the entity is the same, read forward or backward.
func (l *loader) newIndex(e *Entity, i *Index) bool {
	reversed := make([]IndexField, len(i.Fields))
	for n, f := range i.Fields {
		reversed[n] = IndexField{f.Name, !f.Desc}
	}
	for _, o := range e.Indexes {
		if slices.Equal(o.Fields, i.Fields) || slices.Equal(o.Fields, reversed) {
			l.fail(i.Pos, "leave one out", "%s has that index already: an index is read forward and backward", e.Name)
			return false
		}
	}
	if len(i.Fields) > 1 {
		return true
	}
	if f := e.Field(i.Fields[0].Name); f != nil && (f.Indexed || f.Unique || f.Ref != nil) {
		l.fail(i.Pos, "leave one out", "%s.%s is @indexed, @unique or a @ref: it has that index already", e.Name, f.Name)
		return false
	}
	return true
}
