package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/daybook-cqrs/daybook/internal/rawjson"
	"github.com/daybook-cqrs/daybook/scalar"
)

var jsonNull = []byte("null")

// DecodeValue reads the log's JSON, which is taken to be valid, of a value of type t. It returns an error for JSON of another shape. null is nil.
func (m *Model) DecodeValue(t Type, raw json.RawMessage) (any, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, jsonNull) {
		return nil, nil
	}
	if !t.List {
		return m.decodeOne(t, raw)
	}
	elem := t
	elem.List = false
	out := []any{}
	err := rawjson.Elements(raw, func(item json.RawMessage) error {
		v, err := m.DecodeValue(elem, item)
		if err != nil {
			return fmt.Errorf("[%d]: %w", len(out), err)
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (m *Model) decodeOne(t Type, raw []byte) (any, error) {
	switch t.Kind {
	case KindString, KindID, KindEnum, KindEntity:
		return decodeString(raw)
	case KindInt:
		return strconv.Atoi(string(raw))
	case KindFloat:
		return strconv.ParseFloat(string(raw), 64)
	case KindBoolean:
		return strconv.ParseBool(string(raw))
	case KindLong:
		return scalar.ParseLong(string(bytes.Trim(raw, `"`)))
	case KindJSON:
		return scalar.ParseJSON(raw)
	case KindObject:
		if m.isPatch(t) {
			return m.decodePatch(m.objectFields(t.Name), raw)
		}
		return m.DecodeRecord(m.objectFields(t.Name), raw)
	}
	s, err := decodeString(raw)
	if err != nil {
		return nil, err
	}
	switch t.Kind {
	case KindDecimal:
		return scalar.ParseDecimal(s)
	case KindDateTime:
		return scalar.ParseDateTime(s)
	case KindDate:
		return scalar.ParseDate(s)
	default:
		return scalar.ParseUUID(s)
	}
}

// decodeString reads a JSON string; one without escapes, which most are, costs one copy.
func decodeString(raw []byte) (string, error) {
	if n := len(raw); n >= 2 && raw[0] == '"' && raw[n-1] == '"' && bytes.IndexByte(raw, '\\') < 0 && bytes.IndexByte(raw[1:n-1], '"') < 0 {
		return string(raw[1 : n-1]), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}

// objectFields returns the fields of a value object or of an input.
func (m *Model) objectFields(name string) []*Field {
	if o := m.Object(name); o != nil {
		return o.Fields
	}
	if o := m.Input(name); o != nil {
		return o.Fields
	}
	return nil
}

// DecodeRecord reads a JSON object, which is taken to be valid JSON, with the values of the given fields. Unknown keys are ignored (an older process in a rolling deploy reads what a newer one wrote).
func (m *Model) DecodeRecord(fields []*Field, raw json.RawMessage) (Record, error) {
	r := make(Record, len(fields))
	next := 0 // objects are written in the order of their fields, so the next is most likely the one
	err := rawjson.Members(raw, func(name string, value json.RawMessage) error {
		f := fieldAt(fields, name, &next)
		if f == nil {
			return nil
		}
		v, err := m.DecodeValue(f.Type, value)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if v != nil {
			r[f.Name] = v
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// fieldAt returns the field of that name, nil for none. It begins to look at next, and moves that behind the field.
func fieldAt(fields []*Field, name string, next *int) *Field {
	for i := range fields {
		k := (*next + i) % len(fields)
		if fields[k].Name == name {
			*next = k + 1
			return fields[k]
		}
	}
	return nil
}
