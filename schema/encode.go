package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/daybook-cqrs/daybook/scalar"
)

// EncodeValue writes the log's canonical JSON of a value of type t: object keys in declaration order, no insignificant space. nil is null.
// It refuses what Coerce would, since rules make values too, in an error that begins with the path inside the value: what could not be decoded again, or not be shown
// to a client, is never written.
func (m *Model) EncodeValue(t Type, v any) (json.RawMessage, error) {
	return encoder{m, true}.value(nil, t, v)
}

// EncodeStored is EncodeValue for what was decoded from the log or from documents. It takes what an older model allowed: enum values that are no
// more, fields that were not required yet.
func (m *Model) EncodeStored(t Type, v any) (json.RawMessage, error) {
	return encoder{m, false}.value(nil, t, v)
}

// EncodeRecord writes a Record as a JSON object, fields in the given order, nulls left out, each value as EncodeValue does.
func (m *Model) EncodeRecord(fields []*Field, r Record) (json.RawMessage, error) {
	return encoder{m, true}.record(nil, fields, r, recordForm{})
}

// encoder appends JSON to a buffer.
type encoder struct {
	*Model
	strict bool // whether a value has to fit today's model
}

func (e encoder) value(b []byte, t Type, v any) ([]byte, error) {
	if isNull(v) {
		return append(b, "null"...), nil
	}
	if !t.List {
		return e.one(b, t, v)
	}
	items, ok := v.([]any)
	if !ok {
		return nil, &valueError{"", fmt.Sprintf("a %T is no list", v)}
	}
	if e.strict && len(items) > MaxListLength {
		return nil, &valueError{"", fmt.Sprintf("a list has at most %d elements", MaxListLength)}
	}
	elem := t
	elem.List = false
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		err := error(nil)
		if e.strict && t.ElemNonNull && isNull(item) {
			err = errNull
		} else {
			b, err = e.value(b, elem, item)
		}
		if err != nil {
			return nil, under("["+strconv.Itoa(i)+"]", err)
		}
	}
	return append(b, ']'), nil
}

// isNull: the JSON value null is what an absent value is.
func isNull(v any) bool { return v == nil || v == scalar.JSON("null") }

func (e encoder) one(b []byte, t Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		switch t.Kind {
		case KindString, KindID, KindEnum, KindEntity:
			if err := e.text(t, v); err != nil {
				return nil, err
			}
			return appendString(b, v)
		}
	case int:
		if t.Kind == KindInt {
			if e.strict && (v < math.MinInt32 || v > math.MaxInt32) {
				return nil, &valueError{"", strconv.Itoa(v) + " is no Int of 32 bits"}
			}
			return strconv.AppendInt(b, int64(v), 10), nil
		}
	case float64:
		if t.Kind == KindFloat {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, &valueError{"", "is no finite Float"}
			}
			return strconv.AppendFloat(b, v, 'g', -1, 64), nil
		}
	case bool:
		if t.Kind == KindBoolean {
			return strconv.AppendBool(b, v), nil
		}
	case Record:
		if t.Kind == KindObject {
			return e.record(b, e.objectFields(t.Name), v, recordForm{whole: e.strict && !e.isPatch(t), nulls: e.isPatch(t)})
		}
	default:
		return appendScalar(b, t, v)
	}
	return nil, mismatch(t, v)
}

// recordForm says how an object is written.
type recordForm struct {
	whole bool // no required field may lack
	nulls bool // a field that is there and null is written
}

// record writes an object.
func (e encoder) record(b []byte, fields []*Field, r Record, form recordForm) ([]byte, error) {
	b = append(b, '{')
	first := true
	for _, f := range fields {
		v, given := r[f.Name]
		if isNull(v) && (!given || !form.nulls) {
			if form.whole && f.Type.NonNull {
				return nil, under(f.Name, errNull)
			}
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(append(b, '"'), f.Name...), '"', ':')
		var err error
		if b, err = e.value(b, f.Type, v); err != nil {
			return nil, under(f.Name, err)
		}
	}
	return append(b, '}'), nil
}
