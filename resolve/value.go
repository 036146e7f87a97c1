package resolve

import (
	"context"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// referrer finds the object that a ref field leads to. There is one for heads and one for documents.
type referrer interface {
	model() *schema.Model
	refObject(f *schema.Field, id string) any
}

func (h *heads) model() *schema.Model { return h.rt.Model }

// recordValue turns the value of a model field into what GraphQL shows: refs become objects, value objects too.
func recordValue(r referrer, f *schema.Field, v any) any {
	switch v := v.(type) {
	case string:
		if f.Ref != nil {
			return r.refObject(f, v)
		}
	case []any:
		if f.Type.Kind == schema.KindObject || f.Ref != nil {
			return objects(r, f, v)
		}
	case schema.Record:
		object := r.model().Object(f.Type.Name)
		return &Object{object.Name, &valueSource{r, object, v}}
	}
	return v
}

func objects(r referrer, f *schema.Field, list []any) []*Object {
	out := make([]*Object, len(list))
	for i, e := range list {
		out[i], _ = recordValue(r, f, e).(*Object)
	}
	return out
}

// valueSource is a value object, such as an order's line.
type valueSource struct {
	referrer
	object *schema.Object
	record schema.Record
}

func (s *valueSource) value(_ context.Context, name string) (any, error) {
	if f := s.object.Field(name); f != nil {
		return recordValue(s.referrer, f, s.record[name]), nil
	}
	if ref := refOfID(s.object.Fields, name); ref != nil {
		return s.record[ref.Name], nil
	}
	return nil, nil
}

// refOfID returns the ref field whose id is shown under a name: customer for customerId.
func refOfID(fields []*schema.Field, name string) *schema.Field {
	base, ok := strings.CutSuffix(name, "Id")
	if !ok {
		return nil
	}
	for _, f := range fields {
		if f.Ref != nil && f.Name == base {
			return f
		}
	}
	return nil
}

// system returns the fields that every entity has.
func system(e *schema.Entity, name, id string, version int64, created, updated time.Time) (any, bool) {
	switch name {
	case "id":
		return id, true
	case "nodeId":
		return e.Name + ":" + id, true
	case "version":
		return int(version), true
	case "createdAt":
		return scalar.NewDateTime(created), true
	case "updatedAt":
		return scalar.NewDateTime(updated), true
	}
	return nil, false
}
