package schema

import (
	"strings"
	"unicode"

	"github.com/jinzhu/inflection"
)

// kinds are the kinds of the scalars by name.
var kinds = map[string]Kind{
	"String": KindString, "ID": KindID, "Int": KindInt, "Float": KindFloat, "Boolean": KindBoolean, "Decimal": KindDecimal,
	"DateTime": KindDateTime, "Date": KindDate, "Long": KindLong, "JSON": KindJSON, "UUID": KindUUID,
}

func builtin(name string) bool { _, ok := kinds[name]; return ok }

// DerivedTypes returns the names of the API's types that are derived from an entity's name.
func DerivedTypes(entity string) []string {
	var out []string
	for _, suffix := range []string{"Payload", "Filter", "Sort", "SortField", "Connection", "Edge", "Change"} {
		out = append(out, entity+suffix)
	}
	return out
}

// DerivedViewTypes returns the names of the API's types that are derived from a view's name: those of an entity but for its payload.
func DerivedViewTypes(view string) []string { return DerivedTypes(view)[1:] }

// lowerFirst lowers a name's leading capital, or leading run of capitals but the last: Order order, URLEntry urlEntry, ID id.
func lowerFirst(s string) string {
	r := []rune(s)
	for i := range r {
		if !unicode.IsUpper(r[i]) || i > 0 && i+1 < len(r) && unicode.IsLower(r[i+1]) {
			break
		}
		r[i] = unicode.ToLower(r[i])
	}
	return string(r)
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func plural(singular string) string { return inflection.Plural(singular) }

// UpperSnake turns customerName into CUSTOMER_NAME.
func UpperSnake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// GoName is a GraphQL name as an exported Go name: customer_name CustomerName, id ID.
func GoName(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if part != "" {
			b.WriteString(upperFirst(part))
		}
	}
	if b.String() == "Id" {
		return "ID"
	}
	return b.String()
}

// GoValue is the Go name of an enum's value.
func GoValue(enum, value string) string { return enum + GoName(strings.ToLower(value)) }

// fold is what two names have in common that differ only in case and underscores: they may be one name in Go, in an enum of fields to sort by,
// or in SQLite, whose tables' names have no case.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// describe is a description as it is generated: lines end as they do in Go and SDL, and control characters, which neither has, are spaces.
func describe(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\ufeff' {
			return ' '
		}
		return r
	}, text)
}
