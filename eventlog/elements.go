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

// ApplyElements returns the list as changes of its elements (insert, update or remove) leave it, one after the other, and where each element is from that it then has:
// the index of one that it had, or -1-i for the value of change i. A list that is null or nil is empty. What they do not change stays byte for byte. It looks at each
// element once, however many changes there are.
func ApplyElements(list json.RawMessage, changes []Change) (out json.RawMessage, from []int, err error) {
	if len(list) == 0 || string(list) == "null" {
		list = json.RawMessage("[]")
	}
	out = list
	for start := 0; start < len(changes); {
		end := start + 1
		for end < len(changes) && changes[end].By == changes[start].By {
			end++
		}
		var is []int
		if out, is, err = applyElements(out, changes[start:end]); err != nil {
			return nil, nil, err
		}
		for i, f := range is {
			switch {
			case f < 0:
				is[i] = f - start
			case start > 0:
				is[i] = from[f]
			}
		}
		start, from = end, is
	}
	return out, from, nil
}

// applyElements is ApplyElements for changes that have the same By.
func applyElements(list json.RawMessage, changes []Change) (json.RawMessage, []int, error) {
	at := make(map[string]int, len(changes)) // where the element of a key is that a change names, -1 for nowhere
	size := len(list)
	for _, c := range changes {
		if c.Op != "insert" {
			at[c.Key] = -1
		}
		size += len(c.Value) + 1
	}
	var all []json.RawMessage // nil for what was removed
	var from []int
	add := func(raw json.RawMessage, key string, is int) {
		if i, named := at[key]; named && i < 0 {
			at[key] = len(all)
		}
		all, from = append(all, raw), append(from, is)
	}
	err := rawjson.Elements(list, func(one json.RawMessage) error {
		if key, err := ElementKey(one, changes[0].By); err == nil {
			add(one, key, len(all))
		} else {
			all, from = append(all, one), append(from, len(all)) // it is of an older model: no change names it
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for i, c := range changes {
		if c.Op == "insert" {
			add(c.Value, c.Key, -1-i)
			continue
		}
		n := at[c.Key]
		if n < 0 {
			return nil, nil, fmt.Errorf("%w: %q", ErrNoElement, c.Key)
		}
		if all[n], from[n] = c.Value, -1-i; c.Op == "remove" {
			all[n], at[c.Key] = nil, -1
		}
	}
	out, stay := joinElements(all, from, size)
	return out, stay, nil
}

// joinElements writes a list of elements, those that are nil left out.
func joinElements(all []json.RawMessage, from []int, size int) (json.RawMessage, []int) {
	out, stay := append(make(json.RawMessage, 0, size), '['), from[:0]
	for i, raw := range all {
		if raw == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out, stay = append(out, raw...), append(stay, from[i])
	}
	return append(out, ']'), stay
}
