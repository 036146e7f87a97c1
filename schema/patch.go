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

// decodePatch reads what the encoder wrote of a record of an input for @update.
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
