package documents

import (
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/scalar"
)

// Match reports whether the filter holds for the document, exactly as the stores' reads decide it. A nil filter always does. The
// filter must pass CheckFilter; d must have the fields that the filter names. It does not look at d.Deleted.
func Match(f Filter, d *Document) bool {
	switch f := f.(type) {
	case nil:
		return true
	case And:
		return !slices.ContainsFunc(f, func(f Filter) bool { return !Match(f, d) })
	case Or:
		return slices.ContainsFunc(f, func(f Filter) bool { return Match(f, d) })
	case Not:
		return !Match(f.F, d)
	case Compare:
		v := d.Value(f.Field)
		return v != nil && holds(f.Op, scalar.Compare(v, f.Value))
	case In:
		v := d.Value(f.Field)
		return v != nil && slices.ContainsFunc(f.Values, func(o any) bool { return scalar.Compare(v, o) == 0 })
	case Contains:
		s, ok := d.Value(f.Field).(string)
		return ok && strings.Contains(s, f.Text)
	case StartsWith:
		s, ok := d.Value(f.Field).(string)
		return ok && strings.HasPrefix(s, f.Text)
	case IsNull:
		return d.Value(f.Field) == nil
	}
	return false
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
