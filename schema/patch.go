package schema

import (
	"encoding/json"

	"github.com/daybook-cqrs/daybook/internal/rawjson"
)

// isPatch reports whether t is an input for @update, in whose records a nil is a null that clears.
func (m *Model) isPatch(t Type) bool {
	o := m.Input(t.Name)
	return o != nil && o.Patch
}

// patch writes a record of an input for @update: nulls too.
func (e encoder) patch(b []byte, fields []*Field, r Record) ([]byte, error) {
	b = append(b, '{')
	first := true
	for _, f := range fields {
		v, given := r[f.Name]
		if !given {
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

// decodePatch reads what patch wrote.
func (m *Model) decodePatch(fields []*Field, raw json.RawMessage) (Record, error) {
	r, err := m.DecodeRecord(fields, raw)
	if err != nil {
		return nil, err
	}
	return r, rawjson.Members(raw, func(name string, value json.RawMessage) error {
		if string(value) == "null" && findField(fields, name) != nil {
			r[name] = nil
		}
		return nil
	})
}
