package sqlite

import (
	"database/sql/driver"
	"fmt"

	"modernc.org/sqlite"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// scope gives the SQL for what filters name. A document's own fields are stored so that SQLite orders them as their kinds do; what is inside value objects and lists is
// the log's JSON, of which some kinds need a function to be ordered.
type scope interface {
	plain(field string) string             // the value, or NULL; of objects and lists whatever is not NULL
	key(field string) string               // the value as key gives it
	json(field string) (base, path string) // where the JSON of an object or list is
	typeOf(field string) schema.Type
}

type docScope struct{ *table }

func (s docScope) plain(field string) string          { return s.expr(field) }
func (s docScope) key(field string) string            { return s.expr(field) }
func (s docScope) json(field string) (string, string) { return s.body(), "$." + field }
func (s docScope) typeOf(field string) schema.Type    { return s.byName[field].Type }

// objectScope is a value object.
type objectScope struct {
	base, path string
	object     *schema.Object
}

func (s objectScope) plain(field string) string {
	return "json_extract(" + s.base + ",'" + s.path + "." + field + "')"
}

func (s objectScope) key(field string) string {
	k := s.typeOf(field).Kind
	if !converted(k) {
		return s.plain(field)
	}
	return fmt.Sprintf("%s(%s->'%s.%s', %d)", keyFunction, s.base, s.path, field, k)
}

func (s objectScope) json(field string) (string, string) { return s.base, s.path + "." + field }
func (s objectScope) typeOf(field string) schema.Type    { return s.object.Field(field).Type }

// elementScope is an element of a list of scalars.
type elementScope struct {
	alias      string // of the json_each
	base, path string // of the list
	of         schema.Type
}

func (s elementScope) plain(string) string { return s.alias + ".value" }

func (s elementScope) key(string) string {
	if !converted(s.of.Kind) {
		return s.plain("")
	}
	return fmt.Sprintf("%s(%s->%s.fullkey, %d)", keyFunction, s.base, s.alias, s.of.Kind)
}

func (s elementScope) json(string) (string, string) { return s.base, s.path }
func (s elementScope) typeOf(string) schema.Type    { return s.of }

// converted reports whether the log's JSON of a kind does not sort as the kind does.
func converted(k schema.Kind) bool {
	switch k {
	case schema.KindFloat, schema.KindDecimal, schema.KindDateTime, schema.KindLong:
		return true
	}
	return false
}

const (
	keyFunction  = "daybook_key"  // of the JSON of a value and its kind: what key gives of it
	textFunction = "daybook_text" // of a text as a blob (as a text it would end at a zero byte), documents.Text's Op, Value and IgnoreCase: whether it holds
)

func init() {
	sqlite.MustRegisterDeterministicScalarFunction(keyFunction, 2, keyOf)
	sqlite.MustRegisterDeterministicScalarFunction(textFunction, 4, textHolds)
}

// keyOf returns NULL for what is not of the kind: it equals nothing.
func keyOf(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	raw, _ := args[0].(string)
	kind, _ := args[1].(int64)
	if raw == "" || raw == "null" {
		return nil, nil
	}
	v, err := new(schema.Model).DecodeValue(schema.Type{Kind: schema.Kind(kind)}, []byte(raw))
	if err != nil || v == nil {
		return nil, nil //nolint:nilerr // reading the document says so
	}
	return key(v), nil
}

func textHolds(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	s, ok := args[0].([]byte)
	if !ok {
		return nil, nil
	}
	op, _ := args[1].(int64)
	value, _ := args[2].([]byte)
	fold, _ := args[3].(int64)
	return documents.Text{Op: documents.TextOp(op), Value: string(value), IgnoreCase: fold != 0}.Holds(string(s)), nil
}
