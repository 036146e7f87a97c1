package eventlog

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/daybook-cqrs/daybook/internal/rawjson"
)

// ElementKey returns the key of a list's element: the text in its field of that name.
func ElementKey(element json.RawMessage, field string) (string, error) {
	key, found := "", false
	err := rawjson.Members(element, func(name string, value json.RawMessage) (err error) {
		if name == field {
			found = true
			key, err = text(value)
		}
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("the element has no field %s", field)
	}
	return key, err
}

// ErrNoElement means that a change is of an element that the list does not have.
var ErrNoElement = errors.New("the list has no such element")

// ApplyElement returns the list as a change of one element (insert, update or remove) leaves it, and the index of that element. A list that is null or nil is
// empty. What it does not change stays byte for byte.
func (c Change) ApplyElement(list json.RawMessage) (out json.RawMessage, index int, err error) {
	if len(list) == 0 || string(list) == "null" {
		list = json.RawMessage("[]")
	}
	out = append(make(json.RawMessage, 0, len(list)+len(c.Value)+1), '[')
	add := func(raw json.RawMessage) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, raw...)
	}
	index = -1
	n := 0
	err = rawjson.Elements(list, func(one json.RawMessage) error {
		key, kerr := ElementKey(one, c.By)
		switch {
		case index >= 0 || c.Op == "insert" || kerr != nil || key != c.Key: // an element without a key is of an older model: no change names it
			add(one)
		case c.Op == "update":
			add(c.Value)
			index = n
		default:
			index = n
		}
		n++
		return nil
	})
	switch {
	case err != nil:
		return nil, 0, err
	case c.Op == "insert":
		add(c.Value)
		index = n
	case index < 0:
		return nil, 0, fmt.Errorf("%w: %q", ErrNoElement, c.Key)
	}
	return append(out, ']'), index, nil
}
