package consolidator

import (
	"errors"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// sameList returns the first of the changes, and those behind it that like it change elements of the same list.
func sameList(changes []eventlog.Change) []eventlog.Change {
	n := 1
	for n < len(changes) && ofElement(changes[0]) && ofElement(changes[n]) && changes[n].Path == changes[0].Path {
		n++
	}
	return changes[:n]
}

func ofElement(ch eventlog.Change) bool {
	return ch.Op == "insert" || ch.Op == "update" || ch.Op == "remove"
}

// elements changes elements of the i-th stored field, a list. Only those are decoded; the list of the state before is not changed.
func (s *state) elements(m *schema.Model, f *schema.Field, i int, changes []eventlog.Change) error {
	if !f.Type.List {
		return errors.New("an element changes of what is no list")
	}
	raw, from, err := eventlog.ApplyElements(s.raws[i], changes)
	if err != nil {
		return err
	}
	was, _ := s.fields[f.Name].([]any)
	one, list := f.Type, make([]any, len(from))
	one.List = false
	for k, is := range from {
		if is >= 0 {
			list[k] = was[is]
		} else if list[k], err = m.DecodeValue(one, changes[-1-is].Value); err != nil {
			return err
		}
	}
	s.fields[f.Name], s.raws[i] = list, raw
	return nil
}
