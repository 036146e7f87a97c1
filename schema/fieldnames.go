package schema

import (
	"slices"
	"strings"
)

// entityFields refuses fields of an entity that the API has for itself.
func (l *loader) entityFields(e *Entity) {
	for _, f := range e.Fields {
		i := slices.IndexFunc(reservedFields, func(r string) bool { return fold(r) == fold(f.Name) })
		switch {
		case i >= 0 && reservedFields[i] != f.Name:
			l.fail(f.Pos, "choose another name", "the field %s and %s, which is every entity's, differ only in case or _", f.Name, reservedFields[i])
		case i >= 0 || slices.Contains(reservedFilters, f.Name):
			l.fail(f.Pos, "choose another name", "the field name %s is reserved", f.Name)
		case f.Ref != nil && slices.Contains(reservedRefs, f.Name):
			l.fail(f.Pos, "choose another name", "the name %s of a ref is reserved: lists are sorted by it", f.Name)
		}
	}
	l.structFields(e.Name, e.Fields)
}

// filterNames refuses fields of a value object that its filter has for itself.
func (l *loader) filterNames(o *Object) {
	for _, f := range o.Fields {
		if f.Name == "isNull" || slices.Contains(reservedFilters, f.Name) {
			l.fail(f.Pos, "choose another name", "the field name %s is reserved: filters use it", f.Name)
		}
	}
}

// structFields refuses fields, of an entity, a value object or an input, that are one in Go, and names that are derived from refs.
func (l *loader) structFields(typeName string, fields []*Field) {
	seen := map[string]*Field{}
	for _, f := range fields {
		if strings.HasPrefix(f.Name, "_") {
			l.fail(f.Pos, "choose another name", "the field name %s is reserved", f.Name)
		}
		if GoName(f.Name) == "Record" {
			l.fail(f.Pos, "choose another name", "the field name %s is reserved: the Go type has a method Record", f.Name)
		}
		if other := seen[fold(f.Name)]; other != nil {
			l.fail(f.Pos, "rename one of them", "%s.%s and %s.%s are one name in Go", typeName, other.Name, typeName, f.Name)
		}
		seen[fold(f.Name)] = f
	}
	for _, f := range fields {
		if other := seen[fold(f.Name+"Id")]; f.Ref != nil && other != nil {
			if other.Name == f.Name+"Id" {
				l.fail(other.Pos, "rename it", "%s.%s is derived from the ref %s", typeName, other.Name, f.Name)
			} else {
				l.fail(other.Pos, "rename it", "%s.%s and %sId, which is derived from the ref %s, are one name in Go", typeName, other.Name, f.Name, f.Name)
			}
		}
	}
}

// argNames refuses arguments that are one in Go, or that every command has.
func (l *loader) argNames(args []*Arg) {
	seen := map[string]string{}
	for _, a := range args {
		other := seen[fold(a.Name)]
		switch {
		case fold(a.Name) == "command" || strings.HasPrefix(a.Name, "_"):
			l.fail(a.Pos, "choose another name", "the argument name %s is reserved", a.Name)
		case fold(a.Name) == "id":
			l.fail(a.Pos, "write id, or choose another name", "the arguments id and %s are one name in Go", a.Name)
		case slices.Contains([]string{"runon", "sendto", "record"}, fold(a.Name)):
			l.fail(a.Pos, "choose another name", "the argument name %s is reserved: the Go type has a method of that name", a.Name)
		case other != "":
			l.fail(a.Pos, "rename one of them", "the arguments %s and %s are one name in Go", other, a.Name)
		}
		seen[fold(a.Name)] = a.Name
	}
}
