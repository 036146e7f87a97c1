package resolve

import (
	"context"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// referrer finds what refs lead to. There is one for heads and one for documents.
type referrer interface {
	model() *schema.Model
	budget() *budget
	// refObject returns the object that the ref field being resolved leads to, nil for none.
	refObject(ctx context.Context, f *schema.Field, id string) any
	// inside returns the referrer for the value objects of the field being resolved.
	inside(ctx context.Context) referrer
}

func (h *heads) model() *schema.Model { return h.rt.Model }
func (h *heads) budget() *budget      { return h.left }

func (h *heads) inside(context.Context) referrer { return h }

// recordValue turns the value of a model field into what GraphQL shows: refs become objects, value objects too.
func recordValue(ctx context.Context, r referrer, f *schema.Field, v any) (any, error) {
	if f.Ref != nil {
		if id, ok := v.(string); ok {
			return r.refObject(ctx, f, id), nil
		}
		return nil, nil //nolint:nilnil // null
	}
	if err := r.budget().value(ctx, v); err != nil {
		return nil, err
	}
	if f.Type.Kind != schema.KindObject || v == nil {
		return v, nil
	}
	object, inner := r.model().Object(f.Type.Name), r.inside(ctx)
	if list, ok := v.([]any); ok {
		out := make([]*Object, len(list))
		for i, e := range list {
			if record, ok := e.(schema.Record); ok {
				out[i] = &Object{object.Name, &valueSource{inner, object, record}}
			}
		}
		return out, nil
	}
	return &Object{object.Name, &valueSource{inner, object, v.(schema.Record)}}, nil
}

// valueSource is a value object, such as an order's line.
type valueSource struct {
	referrer
	object *schema.Object
	record schema.Record
}

func (s *valueSource) value(ctx context.Context, name string) (any, error) {
	if f := s.object.Field(name); f != nil {
		return recordValue(ctx, s.referrer, f, s.record[name])
	}
	if ref := refOfID(s.object.Fields, name); ref != nil {
		return s.record[ref.Name], nil
	}
	return nil, nil //nolint:nilnil // nothing there
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
