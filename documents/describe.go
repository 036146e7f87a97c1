package documents

import (
	"fmt"
	"strconv"
	"strings"
)

var opTexts = [...]string{Eq: " = ", Lt: " < ", Le: " <= ", Gt: " > ", Ge: " >= "}

var textOpTexts = [...]string{Equals: " equals ", Contains: " contains ", StartsWith: " starts with ", EndsWith: " ends with ", Matches: " matches "}

// Describe writes a filter for people: `status = "PAID" and (total > 5 or note is null)`. It is "everything" for none.
func Describe(f Filter) string {
	switch f := f.(type) {
	case nil:
		return "everything"
	case And:
		return join(f, " and ", "everything")
	case Or:
		return join(f, " or ", "nothing")
	case Not:
		return "not (" + Describe(f.F) + ")"
	case Compare:
		return Named(f.Field) + opTexts[f.Op] + literal(f.Value)
	case In:
		return Named(f.Field) + " in " + literals(f.Values)
	case Text:
		out := Named(f.Field) + textOpTexts[f.Op] + strconv.Quote(f.Value)
		if f.IgnoreCase {
			out += " in any case"
		}
		return out
	case IsNull:
		return Named(f.Field) + " is null"
	case Inside:
		return f.Field + " with " + Describe(f.F)
	case Some:
		return "some of " + f.Field + " with (" + Describe(f.F) + ")"
	case Size:
		return "size of " + f.Field + opTexts[f.Op] + strconv.Itoa(f.N)
	}
	return fmt.Sprintf("%T", f)
}

// DescribeOrders writes sort keys for people: "total descending, id".
func DescribeOrders(orders []Order) string {
	texts := make([]string, len(orders))
	for i, o := range orders {
		texts[i] = Named(o.Field)
		if o.Desc {
			texts[i] += " descending"
		}
	}
	return strings.Join(texts, ", ")
}

func join(fs []Filter, word, none string) string {
	texts := make([]string, len(fs))
	for i, f := range fs {
		texts[i] = Describe(f)
		switch f.(type) {
		case And, Or, Inside:
			texts[i] = "(" + texts[i] + ")"
		}
	}
	if len(texts) == 0 {
		return none
	}
	return strings.Join(texts, word)
}

// Named is what the API calls a field of a document, "the element" for Element.
func Named(field string) string {
	if field == Element {
		return "the element"
	}
	return strings.TrimPrefix(field, "_")
}

func literal(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}

// literals writes the first of many values.
func literals(vs []any) string {
	const most = 5
	var texts []string
	for i, v := range vs {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(vs)-most))
			break
		}
		texts = append(texts, literal(v))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
