package consolidator

import (
	"errors"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// element changes one element of the i-th stored field, a list. Only that element is decoded; the list of the state before is copied, not changed.
func (s *state) element(m *schema.Model, f *schema.Field, i int, ch eventlog.Change) error {
	if !f.Type.List {
		return errors.New("an element changes of what is no list")
	}
	raw, at, err := ch.ApplyElement(s.raws[i])
	if err != nil {
		return err
	}
	was, _ := s.fields[f.Name].([]any)
	list := slices.Clone(was)
	if list == nil {
		list = []any{}
	}
	if ch.Op == "remove" {
		list = slices.Delete(list, at, at+1)
	} else {
		one := f.Type
		one.List = false
		value, err := m.DecodeValue(one, ch.Value)
		if err != nil {
			return err
		}
		if ch.Op == "insert" {
			list = append(list, nil)
		}
		list[at] = value
	}
	s.fields[f.Name], s.raws[i] = list, raw
	return nil
}
