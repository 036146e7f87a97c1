// Package scalar holds the values that GraphQL's own scalars lack: how each is read, written, compared, and stored so that it sorts.
// docs/scalars.md has the table.
package scalar

import (
	"cmp"
	"fmt"
)

// Compare orders two non-nil values of one kind: string, int, float64, bool, Decimal, DateTime, Date, Long, UUID or JSON. Strings compare by
// bytes, false is before true. It panics if the kinds differ: values come from a checked model.
func Compare(a, b any) int {
	switch a := a.(type) {
	case string:
		return cmp.Compare(a, b.(string))
	case int:
		return cmp.Compare(a, b.(int))
	case float64:
		return cmp.Compare(a, b.(float64))
	case Decimal:
		return a.Cmp(b.(Decimal))
	case DateTime:
		return a.Compare(b.(DateTime))
	case Date:
		return cmp.Compare(a, b.(Date))
	case Long:
		return cmp.Compare(a, b.(Long))
	case UUID:
		return cmp.Compare(a, b.(UUID))
	case JSON:
		return cmp.Compare(a, b.(JSON))
	case bool:
		return compareBool(a, b.(bool))
	}
	panic(fmt.Sprintf("scalar.Compare: a %T has no order", a))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func compare[T cmp.Ordered](a, b T) int { return cmp.Compare(a, b) }

// inputError is an error that clients cause and see.
type inputError string

func (e inputError) Error() string { return string(e) }

// GraphQLCode is the code that clients see.
func (e inputError) GraphQLCode() string { return "INVALID_INPUT" }
