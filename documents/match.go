package documents

import (
	"slices"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Match reports whether the filter holds for the document, exactly as the stores' reads decide it. A nil filter always does. The
// filter must pass CheckFilter; d must have the fields that the filter names. It does not look at d.Deleted.
func Match(f Filter, d *Document) bool { return matches(f, d.Value) }

// scope gives what stands under a field's name, nil for null.
type scope func(field string) any

func matches(f Filter, in scope) bool {
	switch f := f.(type) {
	case nil:
		return true
	case And:
		return !slices.ContainsFunc(f, func(f Filter) bool { return !matches(f, in) })
	case Or:
		return slices.ContainsFunc(f, func(f Filter) bool { return matches(f, in) })
	case Not:
		return !matches(f.F, in)
	case Compare:
		v := in(f.Field)
		return v != nil && holds(f.Op, scalar.Compare(v, f.Value))
	case In:
		v := in(f.Field)
		return v != nil && slices.ContainsFunc(f.Values, func(o any) bool { return scalar.Compare(v, o) == 0 })
	case Text:
		s, ok := in(f.Field).(string)
		return ok && f.Holds(s)
	case IsNull:
		return in(f.Field) == nil
	case Inside:
		r, ok := in(f.Field).(schema.Record)
		return ok && matches(f.F, record(r))
	case Some:
		list, _ := in(f.Field).([]any)
		return slices.ContainsFunc(list, f.matchesElement)
	case Size:
		list, ok := in(f.Field).([]any)
		return ok && holds(f.Op, len(list)-f.N)
	}
	return false
}

func record(r schema.Record) scope { return func(field string) any { return r[field] } }

// matchesElement reports whether a filter holds for an element. Nothing holds for a null among value objects.
func (f Some) matchesElement(v any) bool {
	if f.Scalars {
		return matches(f.F, func(string) any { return v })
	}
	r, ok := v.(schema.Record)
	return ok && matches(f.F, record(r))
}

// Any reports whether is holds for the filter or for a part of it that stands in the same scope: not for what is below Inside and Some.
func Any(f Filter, is func(Filter) bool) bool {
	part := func(p Filter) bool { return Any(p, is) }
	switch f := f.(type) {
	case nil:
		return false
	case And:
		return is(f) || slices.ContainsFunc(f, part)
	case Or:
		return is(f) || slices.ContainsFunc(f, part)
	case Not:
		return is(f) || part(f.F)
	}
	return is(f)
}

// FieldOf returns the field that a condition is about, "" for And, Or and Not, and for what is about an Element.
func FieldOf(f Filter) string {
	switch f := f.(type) {
	case Compare:
		return f.Field
	case In:
		return f.Field
	case Text:
		return f.Field
	case IsNull:
		return f.Field
	case Inside:
		return f.Field
	case Some:
		return f.Field
	case Size:
		return f.Field
	case Through:
		return f.Field
	}
	return ""
}

func holds(op Op, c int) bool {
	switch op {
	case Eq:
		return c == 0
	case Lt:
		return c < 0
	case Le:
		return c <= 0
	case Gt:
		return c > 0
	case Ge:
		return c >= 0
	}
	return false
}

// Value returns what filters and orders see under a field name, nil for null: a field's value, or `_id` (string), `_version` (int),
// `_createdAt` and `_updatedAt` (scalar.DateTime).
func (d *Document) Value(field string) any {
	switch field {
	case FieldID:
		return d.ID
	case FieldVersion:
		return int(d.Version)
	case FieldCreatedAt:
		return scalar.NewDateTime(d.CreatedAt)
	case FieldUpdatedAt:
		return scalar.NewDateTime(d.UpdatedAt)
	}
	return d.Fields[field]
}

// CompareDocuments orders two documents by the given orders, as List does: null before every value, ascending.
func CompareDocuments(orders []Order, a, b *Document) int {
	for _, o := range orders {
		if c := compareNullable(a.Value(o.Field), b.Value(o.Field)); c != 0 {
			if o.Desc {
				return -c
			}
			return c
		}
	}
	return 0
}

func compareNullable(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return scalar.Compare(a, b)
}
