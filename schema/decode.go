package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/daybook-cqrs/daybook/scalar"
)

var jsonNull = []byte("null")

// DecodeValue reads the log's JSON of a value of type t. It returns an error for JSON of another shape. null is nil.
func (m *Model) DecodeValue(t Type, raw json.RawMessage) (any, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, jsonNull) {
		return nil, nil
	}
	if !t.List {
		return m.decodeOne(t, raw)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, err
	}
	elem := t
	elem.List = false
	out := make([]any, len(items))
	for i, item := range items {
		var err error
		if out[i], err = m.DecodeValue(elem, item); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
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

// DecodeRecord reads a JSON object with the values of the given fields. Unknown keys are ignored (an older process in a rolling deploy reads what a newer one wrote).
func (m *Model) DecodeRecord(fields []*Field, raw json.RawMessage) (Record, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, err
	}
	r := make(Record, len(values))
	for _, f := range fields {
		text, ok := values[f.Name]
		if !ok {
			continue
		}
		v, err := m.DecodeValue(f.Type, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if v != nil {
			r[f.Name] = v
		}
	}
	return r, nil
}
