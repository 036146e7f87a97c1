package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

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

// EncodeValue writes the log's canonical JSON of a value of type t: object keys in declaration order, no insignificant space. nil is null.
func (m *Model) EncodeValue(t Type, v any) (json.RawMessage, error) { return m.appendValue(nil, t, v) }

func (m *Model) appendValue(b []byte, t Type, v any) ([]byte, error) {
	if v == nil {
		return append(b, "null"...), nil
	}
	if !t.List {
		return m.appendOne(b, t, v)
	}
	items, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("a %T is no list", v)
	}
	elem := t
	elem.List = false
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = m.appendValue(b, elem, item); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func (m *Model) appendOne(b []byte, t Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		switch t.Kind {
		case KindString, KindID, KindEnum, KindEntity:
			return appendString(b, v)
		}
	case int:
		if t.Kind == KindInt {
			return strconv.AppendInt(b, int64(v), 10), nil
		}
	case float64:
		if t.Kind == KindFloat && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return strconv.AppendFloat(b, v, 'g', -1, 64), nil
		}
	case bool:
		if t.Kind == KindBoolean {
			return strconv.AppendBool(b, v), nil
		}
	case Record:
		if t.Kind == KindObject {
			return m.appendRecord(b, m.objectFields(t.Name), v)
		}
	default:
		return appendScalar(b, t, v)
	}
	return nil, fmt.Errorf("a %T is no %s", v, t.Name)
}

func appendScalar(b []byte, t Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case scalar.Decimal:
		if t.Kind == KindDecimal {
			return append(append(append(b, '"'), v.String()...), '"'), v.Valid()
		}
	case scalar.DateTime:
		if t.Kind == KindDateTime {
			return append(append(append(b, '"'), v.String()...), '"'), nil
		}
	case scalar.Date:
		if t.Kind == KindDate {
			return append(append(append(b, '"'), v...), '"'), nil
		}
	case scalar.UUID:
		if t.Kind == KindUUID {
			return append(append(append(b, '"'), v...), '"'), nil
		}
	case scalar.Long:
		if t.Kind == KindLong {
			return strconv.AppendInt(b, int64(v), 10), nil
		}
	case scalar.JSON:
		if t.Kind == KindJSON {
			return append(b, v...), nil
		}
	}
	return nil, fmt.Errorf("a %T is no %s", v, t.Name)
}

// appendString writes a JSON string without escaping HTML: plain ASCII, which most strings are, byte by byte.
func appendString(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%q is no UTF-8", s)
	}
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(b, '"'), s...), '"'), nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...), nil
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

// EncodeRecord writes a Record as a JSON object, fields in the given order, nulls left out.
func (m *Model) EncodeRecord(fields []*Field, r Record) (json.RawMessage, error) {
	return m.appendRecord(nil, fields, r)
}

func (m *Model) appendRecord(b []byte, fields []*Field, r Record) ([]byte, error) {
	b = append(b, '{')
	first := true
	for _, f := range fields {
		v, ok := r[f.Name]
		if !ok || v == nil {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(append(b, '"'), f.Name...), '"', ':')
		var err error
		if b, err = m.appendValue(b, f.Type, v); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return append(b, '}'), nil
}
