package eventlog

import (
	"encoding/json"
	"fmt"

	"github.com/daybook-cqrs/daybook/internal/rawjson"
)

// Change is one element of Event.Changes. Op set carries a top-level field's new value (null clears it);
// insert (at the end), update and remove change one element of a list field, the one that has Key in its field By. Changes say all that folding them takes.
type Change struct {
	Op    string          `json:"op"` // "set", "insert", "update", "remove"
	Path  string          `json:"path"`
	By    string          `json:"by,omitempty"`
	Key   string          `json:"key,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
}

// DecodeChanges reads Event.Changes. Values are parts of raw, not copies of them. Nothing at all is no changes.
func DecodeChanges(raw json.RawMessage) ([]Change, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var out []Change
	err := rawjson.Elements(raw, func(one json.RawMessage) error {
		var c Change
		err := rawjson.Members(one, func(name string, value json.RawMessage) (err error) {
			switch name {
			case "op":
				c.Op, err = text(value)
			case "path":
				c.Path, err = text(value)
			case "by":
				c.By, err = text(value)
			case "key":
				c.Key, err = text(value)
			case "value":
				c.Value = value
			}
			return err
		})
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the changes are no list of changes: %w", err)
	}
	return out, nil
}

// text reads a JSON string; one without escapes costs one copy.
func text(raw json.RawMessage) (string, error) {
	if n := len(raw); n >= 2 && raw[0] == '"' && raw[n-1] == '"' {
		plain := true
		for _, c := range raw[1 : n-1] {
			plain = plain && c != '\\'
		}
		if plain {
			return string(raw[1 : n-1]), nil
		}
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}
