package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/daybook-cqrs/daybook/scalar"
)

// Limits of what a client may send in one value.
const (
	MaxStringBytes = 1 << 20
	MaxListLength  = 10_000
	MaxIDBytes     = 200
)

// InputError is a value that is not of the type it should be.
type InputError struct {
	Path string // "lines[2].price"
	What string
}

func (e *InputError) Error() string { return e.Path + ": " + e.What }

// InputPath returns the path of what is at fault.
func (e *InputError) InputPath() string { return e.Path }

// Coerce turns a value as a GraphQL request has it (maps, lists, strings, numbers of any Go type, scalars) into what a Record holds for type t.
// path names the value in errors, which are *InputError. In records made from objects, absent and null fields are absent; but in those of @update a null field, which clears, is there as nil.
func (m *Model) Coerce(t Type, v any, path string) (any, error) {
	if v == nil || isNilPointer(v) {
		if t.NonNull {
			return nil, &InputError{path, "can't be null"}
		}
		return nil, nil
	}
	if t.List {
		return m.coerceList(t, v, path)
	}
	if t.Kind == KindObject {
		return m.coerceObject(t, v, path)
	}
	out, err := coerceScalar(t, v)
	if err != nil {
		return nil, &InputError{path, err.Error()}
	}
	if t.Kind == KindEnum {
		if e := m.Enum(t.Name); e == nil || !e.has(out.(string)) {
			return nil, &InputError{path, fmt.Sprintf("%s has no value %q", t.Name, out)}
		}
	}
	return out, nil
}

func isNilPointer(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

func (e *Enum) has(name string) bool {
	for _, v := range e.Values {
		if v.Name == name {
			return true
		}
	}
	return false
}

// coerceList reads a list; a single value is a list of one (GraphQL, October 2021, section 3.11).
func (m *Model) coerceList(t Type, v any, path string) (any, error) {
	elem := t
	elem.List, elem.NonNull = false, t.ElemNonNull
	r := reflect.ValueOf(v)
	if _, text := v.(scalar.JSON); r.Kind() != reflect.Slice || text {
		one, err := m.Coerce(elem, v, path)
		return []any{one}, err
	}
	if r.Len() > MaxListLength {
		return nil, &InputError{path, fmt.Sprintf("a list has at most %d elements", MaxListLength)}
	}
	out := make([]any, r.Len())
	for i := range out {
		var err error
		if out[i], err = m.Coerce(elem, r.Index(i).Interface(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m *Model) coerceObject(t Type, v any, path string) (any, error) {
	values, ok := v.(map[string]any)
	if !ok {
		return nil, &InputError{path, "is no object"}
	}
	out := make(Record, len(values))
	known, patch := 0, m.isPatch(t)
	for _, f := range m.inputFieldsOf(t.Name) {
		raw, given := values[f.Name]
		if given {
			known++
		}
		val, err := m.Coerce(f.Type, raw, path+"."+f.Name)
		if err != nil {
			return nil, err
		}
		if val != nil || given && patch {
			out[f.Name] = val
		}
	}
	if known < len(values) {
		return nil, &InputError{path, "has a field that " + t.Name + " does not have"}
	}
	return out, nil
}

// inputFieldsOf returns the fields of an input; a value object's own, in which refs are ids, where there is no such input.
func (m *Model) inputFieldsOf(name string) []*Field {
	if o := m.Input(name); o != nil {
		return o.Fields
	}
	return m.objectFields(name)
}

func coerceScalar(t Type, v any) (any, error) {
	switch t.Kind {
	case KindString, KindEnum:
		return coerceText(v, MaxStringBytes)
	case KindID, KindEntity:
		return coerceID(v)
	case KindInt:
		return coerceInt(v)
	case KindFloat:
		return coerceFloat(v)
	case KindBoolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("is no Boolean")
	case KindDecimal:
		var d scalar.Decimal
		err := d.UnmarshalGQL(v)
		return d, err
	case KindDateTime:
		var d scalar.DateTime
		err := d.UnmarshalGQL(v)
		return d, err
	case KindDate:
		var d scalar.Date
		err := d.UnmarshalGQL(v)
		return d, err
	case KindLong:
		var d scalar.Long
		err := d.UnmarshalGQL(v)
		return d, err
	case KindUUID:
		var d scalar.UUID
		err := d.UnmarshalGQL(v)
		return d, err
	case KindJSON:
		var d scalar.JSON
		err := d.UnmarshalGQL(v)
		return d, err
	}
	return nil, fmt.Errorf("a %s can't be given", t.Name)
}

func coerceText(v any, limit int) (any, error) {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.String || isNumber(v) {
		return nil, fmt.Errorf("is no String")
	}
	s := r.String()
	switch {
	case len(s) > limit:
		return nil, fmt.Errorf("is longer than %d bytes", limit)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return nil, fmt.Errorf("is no UTF-8 text without NUL")
	}
	return s, nil
}

func isNumber(v any) bool { _, ok := v.(json.Number); return ok }

// LegalID reports whether a text can be an id: 1 to MaxIDBytes bytes without control characters.
func LegalID(text string) bool {
	return text != "" && len(text) <= MaxIDBytes && !strings.ContainsFunc(text, unicode.IsControl)
}

func coerceID(v any) (any, error) {
	if n, ok := wholeNumber(v); ok { // GraphQL allows integers as IDs
		return fmt.Sprint(n), nil
	}
	s, err := coerceText(v, MaxIDBytes)
	if err != nil {
		return nil, fmt.Errorf("is no ID of 1 to %d bytes", MaxIDBytes)
	}
	if !LegalID(s.(string)) {
		return nil, fmt.Errorf("is no ID: it is empty or has control characters")
	}
	return s, nil
}

func wholeNumber(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	}
	return 0, false
}

func coerceInt(v any) (any, error) {
	n, ok := wholeNumber(v)
	if !ok || n < math.MinInt32 || n > math.MaxInt32 {
		return nil, fmt.Errorf("is no Int of 32 bits")
	}
	return int(n), nil
}

func coerceFloat(v any) (any, error) {
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case json.Number:
		var err error
		if f, err = v.Float64(); err != nil {
			return nil, fmt.Errorf("is no Float")
		}
	default:
		n, ok := wholeNumber(v)
		if !ok {
			return nil, fmt.Errorf("is no Float")
		}
		f = float64(n)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("is no finite Float")
	}
	return f, nil
}
