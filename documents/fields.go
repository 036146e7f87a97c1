package documents

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// Names of what a document holds beside its fields.
const (
	FieldID        = "_id"
	FieldVersion   = "_version"
	FieldCreatedAt = "_createdAt"
	FieldUpdatedAt = "_updatedAt"
)

// FirstGeneration is the generation that Setup makes.
const FirstGeneration = 1

// MaxLimit is the largest Query.Limit.
const MaxLimit = 10_000

// CheckModel reports what a store cannot keep: field names that collide with a document's own.
func CheckModel(m *schema.Model) error {
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			if strings.HasPrefix(f.Name, "_") {
				return fmt.Errorf("%s.%s: a field name may not begin with _, documents keep their own values there", e.Name, f.Name)
			}
		}
	}
	return nil
}

// StoredFields returns the fields that a document of e keeps under their names: all but `id`, which is the document's key.
func StoredFields(e *schema.Entity) []*schema.Field {
	out := make([]*schema.Field, 0, len(e.Fields))
	for _, f := range e.Fields {
		if f.Name != "id" {
			out = append(out, f)
		}
	}
	return out
}

// Index is an index that a store makes of an entity's documents.
type Index struct {
	Name   string  // among those of the entity: "total", "status+placedAt-"
	Fields []Order // the keys; behind them comes _id, in the direction of the last
}

// Indexes returns the indexes of an entity, each once: of refs, of @unique and @indexed fields, and of several fields.
func Indexes(e *schema.Entity) []Index {
	var out []Index
	add := func(fields ...Order) {
		var name strings.Builder
		for i, f := range fields {
			if i > 0 {
				name.WriteByte('+')
			}
			name.WriteString(f.Field)
			if f.Desc {
				name.WriteByte('-')
			}
		}
		if i := (Index{name.String(), fields}); !slices.ContainsFunc(out, func(o Index) bool { return o.Name == i.Name }) {
			out = append(out, i)
		}
	}
	for _, f := range StoredFields(e) {
		if !f.Type.List && (f.Indexed || f.Unique || f.Ref != nil) {
			add(Order{Field: f.Name})
		}
	}
	for _, i := range e.Indexes {
		fields := make([]Order, len(i.Fields))
		for n, f := range i.Fields {
			fields[n] = Order{Field: f.Name, Desc: f.Desc}
		}
		add(fields...)
	}
	return out
}

// CopiesVia returns the names of the fields that are copied through the ref field, nil for none.
func CopiesVia(e *schema.Entity, ref string) []string {
	var out []string
	for _, f := range e.Fields {
		if f.Copy != nil && f.Copy.Via == ref {
			out = append(out, f.Name)
		}
	}
	return out
}

// KindOf returns the kind of a field that can be compared and sorted by: a scalar, enum, ref or copy field, or one of a document's own.
// Lists, objects and JSON cannot: they give an error, as unknown names do.
func KindOf(e *schema.Entity, field string) (schema.Kind, error) {
	switch field {
	case FieldID:
		return schema.KindID, nil
	case FieldVersion:
		return schema.KindInt, nil
	case FieldCreatedAt, FieldUpdatedAt:
		return schema.KindDateTime, nil
	}
	f := e.Field(field)
	if f == nil || field == "id" {
		return 0, fmt.Errorf("%s has no field %q to compare", e.Name, field)
	}
	if f.Type.List || f.Type.Kind == schema.KindObject || f.Type.Kind == schema.KindJSON {
		return 0, fmt.Errorf("%s.%s cannot be compared: it is a list, an object or JSON", e.Name, field)
	}
	return f.Type.Kind, nil
}

// CheckRef reports whether field is a to-one ref of e, such as ListBy goes by.
func CheckRef(e *schema.Entity, field string) error {
	f := e.Field(field)
	if f == nil || f.Ref == nil || f.Type.List {
		return fmt.Errorf("%s.%s is not a reference to one entity", e.Name, field)
	}
	return nil
}
