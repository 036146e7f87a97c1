package sqlite

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Stored forms, one per kind, ordered by SQLite as the kind orders: numbers with an exact integer form as JSON integers, Boolean as true and
// false (which json_extract gives as 1 and 0), everything else as text that sorts by its bytes. Float is text too: SQLite's own
// reading of decimal fractions is not exact to the last bit. Lists and objects are the log's JSON.

// key returns the SQL value that a field of the kind has in a comparison.
func key(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case float64:
		return scalar.SortableFloat(v)
	case scalar.Decimal:
		return v.Sortable()
	case scalar.DateTime:
		return v.Sortable()
	case scalar.Date:
		return string(v)
	case scalar.UUID:
		return string(v)
	case scalar.Long:
		return int64(v)
	}
	return v // string
}

// appendKey writes key(v) as JSON.
func appendKey(b []byte, v any) []byte {
	switch k := key(v).(type) {
	case int64:
		return strconv.AppendInt(b, k, 10)
	case string:
		return appendString(b, k)
	}
	return append(b, "null"...)
}

// encode returns the JSON that a body holds for the field's value.
func encode(m *schema.Model, f *schema.Field, v any) ([]byte, error) {
	if f.Type.List || f.Type.Kind == schema.KindObject {
		return m.EncodeStored(f.Type, v)
	}
	switch v := v.(type) {
	case string:
		return appendString(nil, v), nil
	case bool:
		return strconv.AppendBool(nil, v), nil
	case scalar.JSON:
		return appendString(nil, string(v)), nil
	case int, float64, scalar.Decimal, scalar.DateTime, scalar.Date, scalar.Long, scalar.UUID:
		return appendKey(nil, v), nil
	}
	return nil, fmt.Errorf("field %s: a %T cannot be stored", f.Name, v)
}

// decode is the inverse of encode. null is nil.
func decode(m *schema.Model, f *schema.Field, raw string) (any, error) {
	if raw == "null" {
		return nil, nil //nolint:nilnil // nil is the value
	}
	if f.Type.List || f.Type.Kind == schema.KindObject {
		return m.DecodeValue(f.Type, json.RawMessage(raw))
	}
	switch f.Type.Kind {
	case schema.KindInt, schema.KindLong:
		n, err := strconv.ParseInt(raw, 10, 64)
		if f.Type.Kind == schema.KindInt {
			return int(n), err
		}
		return scalar.Long(n), err
	case schema.KindBoolean:
		if raw != "true" && raw != "false" {
			return nil, fmt.Errorf("%.20s is no Boolean", raw)
		}
		return raw == "true", nil
	}
	s, err := unquote(raw)
	if err != nil {
		return nil, err
	}
	return decodeText(f.Type.Kind, s)
}

func decodeText(k schema.Kind, s string) (any, error) {
	switch k {
	case schema.KindFloat:
		return scalar.FloatFromSortable(s)
	case schema.KindDecimal:
		return scalar.DecimalFromSortable(s)
	case schema.KindDateTime:
		return scalar.ParseDateTime(s)
	case schema.KindDate:
		return scalar.Date(s), nil
	case schema.KindUUID:
		return scalar.UUID(s), nil
	case schema.KindJSON:
		return scalar.JSON(s), nil
	}
	return s, nil
}

func unquote(raw string) (string, error) {
	if len(raw) >= 2 && raw[0] == '"' && strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	var s string
	err := json.Unmarshal([]byte(raw), &s)
	return s, err
}
