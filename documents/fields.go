package documents

import (
	"crypto/rand"
	"fmt"
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

// SecretBytes is the length of Store.Secret.
const SecretBytes = 32

// NewSecret draws a secret for a store that has none.
func NewSecret() []byte {
	s := make([]byte, SecretBytes)
	_, _ = rand.Read(s) // never fails
	return s
}

// CheckSecret returns the secret as it was read, or an error if it is none.
func CheckSecret(s []byte) ([]byte, error) {
	if len(s) != SecretBytes {
		return nil, fmt.Errorf("the secret of the documents has %d bytes, not %d: remove it, and a new one is drawn", len(s), SecretBytes)
	}
	return s, nil
}

// CheckModel reports what a store cannot keep: field names that collide with a document's own.
func CheckModel(m *schema.Model) error {
	for _, e := range m.Documents() {
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
	t, err := (&checker{name: e.Name, types: typesOf(e)}).scalar(field)
	return t.Kind, err
}

// CheckRef reports whether field is a to-one ref of e, such as ListBy goes by.
func CheckRef(e *schema.Entity, field string) error {
	f := e.Field(field)
	if f == nil || f.Ref == nil || f.Type.List {
		return fmt.Errorf("%s.%s is not a reference to one entity", e.Name, field)
	}
	return nil
}
