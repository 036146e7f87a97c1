package documents

import (
	"fmt"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// maxDepth bounds how deep filters nest, so that no compiler exhausts the stack.
const maxDepth = 100

// MaxContains is the largest length of Contains.Text, in bytes: what the pattern of every server can hold.
const MaxContains = 8000

// CheckFilter reports what is wrong with a filter on e: unknown fields, values of another Go type than the field's, text conditions on
// fields that are not text. Compilers rely on it having passed.
func CheckFilter(e *schema.Entity, f Filter) error { return checkFilter(e, f, 0) }

func checkFilter(e *schema.Entity, f Filter, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("a filter may nest %d deep", maxDepth)
	}
	switch f := f.(type) {
	case nil:
		return nil
	case And:
		return checkAll(e, f, depth)
	case Or:
		return checkAll(e, f, depth)
	case Not:
		return checkAll(e, []Filter{f.F}, depth)
	case Compare:
		if f.Op < Eq || f.Op > Ge {
			return fmt.Errorf("comparison %d does not exist", f.Op)
		}
		return checkValues(e, f.Field, f.Value)
	case In:
		return checkValues(e, f.Field, f.Values...)
	case Contains:
		if len(f.Text) > MaxContains {
			return fmt.Errorf("text to look for may have %d bytes, not %d", MaxContains, len(f.Text))
		}
		return checkText(e, f.Field)
	case StartsWith:
		return checkText(e, f.Field)
	case IsNull:
		return checkNullable(e, f.Field)
	default:
		return fmt.Errorf("%T is not a filter that stores know", f)
	}
}

func checkAll(e *schema.Entity, fs []Filter, depth int) error {
	for _, f := range fs {
		if f == nil {
			return fmt.Errorf("a nil filter may only stand alone")
		}
		if err := checkFilter(e, f, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func checkValues(e *schema.Entity, field string, values ...any) error {
	kind, err := KindOf(e, field)
	if err != nil {
		return err
	}
	for _, v := range values {
		if !isOfKind(kind, v) {
			return fmt.Errorf("%s.%s cannot be compared with a %T", e.Name, field, v)
		}
	}
	return nil
}

func checkText(e *schema.Entity, field string) error {
	kind, err := KindOf(e, field)
	if err != nil {
		return err
	}
	switch kind {
	case schema.KindString, schema.KindID, schema.KindEnum, schema.KindEntity:
		return nil
	}
	return fmt.Errorf("%s.%s is not text", e.Name, field)
}

func checkNullable(e *schema.Entity, field string) error {
	switch field {
	case FieldID, FieldVersion, FieldCreatedAt, FieldUpdatedAt:
		return nil
	}
	if e.Field(field) == nil || field == "id" {
		return fmt.Errorf("%s has no field %q", e.Name, field)
	}
	return nil
}

func isOfKind(k schema.Kind, v any) bool {
	ok := false
	switch k {
	case schema.KindString, schema.KindID, schema.KindEnum, schema.KindEntity:
		_, ok = v.(string)
	case schema.KindInt:
		_, ok = v.(int)
	case schema.KindFloat:
		_, ok = v.(float64)
	case schema.KindBoolean:
		_, ok = v.(bool)
	case schema.KindDecimal:
		_, ok = v.(scalar.Decimal)
	case schema.KindDateTime:
		_, ok = v.(scalar.DateTime)
	case schema.KindDate:
		_, ok = v.(scalar.Date)
	case schema.KindLong:
		_, ok = v.(scalar.Long)
	case schema.KindUUID:
		_, ok = v.(scalar.UUID)
	}
	return ok
}

// CheckQuery reports what is wrong with a query on e. It covers CheckFilter.
func CheckQuery(e *schema.Entity, q Query) error {
	if q.Limit < 1 || q.Limit > MaxLimit {
		return fmt.Errorf("a page has 1 to %d documents, not %d", MaxLimit, q.Limit)
	}
	kinds := make([]schema.Kind, 0, len(q.Orders)+1)
	for _, o := range q.Orders {
		k, err := KindOf(e, o.Field)
		if err != nil {
			return err
		}
		kinds = append(kinds, k)
	}
	kinds = append(kinds, schema.KindID)
	for _, key := range [][]any{q.After, q.Before} {
		if err := checkKey(kinds, key); err != nil {
			return err
		}
	}
	return CheckFilter(e, q.Filter)
}

func checkKey(kinds []schema.Kind, key []any) error {
	if key == nil {
		return nil
	}
	if len(key) != len(kinds) {
		return fmt.Errorf("a place in a page of %d orders has %d values, not %d", len(kinds)-1, len(kinds), len(key))
	}
	for i, v := range key {
		null := v == nil && i < len(kinds)-1
		if !null && !isOfKind(kinds[i], v) {
			return fmt.Errorf("value %d of a place in a page has the wrong type %T", i+1, v)
		}
	}
	return nil
}
