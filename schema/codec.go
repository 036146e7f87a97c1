package schema

import "encoding/json"

// DecodeValue reads the log's JSON of a value of type t. It returns an error for JSON of another shape. null is nil.
func (m *Model) DecodeValue(t Type, raw json.RawMessage) (any, error) { panic("TODO schema helper") }

// EncodeValue writes the log's canonical JSON of a value of type t: object keys in declaration order, no insignificant space. nil is null.
func (m *Model) EncodeValue(t Type, v any) (json.RawMessage, error) { panic("TODO schema helper") }

// DecodeRecord reads a JSON object with the values of the given fields. Unknown keys are ignored (an older process in a rolling deploy reads what a newer one wrote).
func (m *Model) DecodeRecord(fields []*Field, raw json.RawMessage) (Record, error) {
	panic("TODO schema helper")
}

// EncodeRecord writes a Record as a JSON object, fields in the given order, nulls left out.
func (m *Model) EncodeRecord(fields []*Field, r Record) (json.RawMessage, error) {
	panic("TODO schema helper")
}
