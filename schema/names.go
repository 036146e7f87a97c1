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

// reservedTypes are type names of the API that belong to no entity.
var reservedTypes = map[string]bool{
	"Query": true, "Mutation": true, "Subscription": true, "Node": true, "PageInfo": true, "Receipt": true, "CommandError": true,
	"CommandErrorCode": true, "CommandOptions": true, "EventInfo": true, "ChangeType": true, "SortDirection": true, "State": true,
	"StringFilter": true, "IDFilter": true, "IntFilter": true, "FloatFilter": true, "BooleanFilter": true, "DecimalFilter": true,
	"DateTimeFilter": true, "DateFilter": true, "LongFilter": true, "UUIDFilter": true, "JSONFilter": true,
}

// reservedFields are field names of every entity of the API, or held back for it.
var reservedFields = map[string]bool{
	"nodeId": true, "version": true, "createdAt": true, "updatedAt": true, "history": true, "possibleCommands": true, "command": true,
}

// reservedFilters are names that filters use beside fields.
var reservedFilters = map[string]bool{"and": true, "or": true, "not": true}

// reservedArgs are argument names of every command.
var reservedArgs = map[string]bool{"command": true}

// DerivedTypes returns the names of the API's types that are derived from an entity's name.
func DerivedTypes(entity string) []string {
	var out []string
	for _, suffix := range []string{"Payload", "Filter", "Sort", "SortField", "Connection", "Edge", "Change"} {
		out = append(out, entity+suffix)
	}
	return out
}

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
