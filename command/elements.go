package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// The reasons of rejections about elements of lists.
const (
	NoSuchElement = "NO_SUCH_ELEMENT" // the list has no element with the key
	ElementExists = "ELEMENT_EXISTS"  // the list has an element with the key
)

// changeElements changes a list of the entity as an argument with @append, @remove or @update says. v is one element or key, or a list of them.
func changeElements(m *schema.Model, fields schema.Record, arg *schema.Arg, v any) error {
	was, _ := fields[arg.List.Name].([]any)
	l := newElementList(was, m.Object(arg.List.Type.Name))
	values, many := v.([]any)
	if !many {
		values = []any{v}
	}
	for i, one := range values {
		path := arg.Name
		if many {
			path = fmt.Sprintf("%s[%d]", arg.Name, i)
		}
		if err := l.change(arg, one, path); err != nil {
			return err
		}
	}
	list := l.list()
	if len(list) > max(schema.MaxListLength, len(was)) {
		return invalid(arg.Name, fmt.Sprintf("%s would have more than %d elements", arg.List.Name, schema.MaxListLength))
	}
	fields[arg.List.Name] = list
	return nil
}

// elementList is a list whose elements are found by their keys.
type elementList struct {
	object *schema.Object
	key    string
	all    []any          // removed{} for what was removed
	at     map[string]int // where the elements with a key are
}

type removed struct{}

func newElementList(was []any, object *schema.Object) *elementList {
	l := &elementList{object: object, key: object.Key().Name, all: slices.Clone(was), at: make(map[string]int, len(was))}
	for i, e := range was {
		k := keyOf(e, l.key)
		if _, twice := l.at[k]; k != "" && !twice {
			l.at[k] = i
		}
	}
	return l
}

func (l *elementList) list() []any {
	out := slices.DeleteFunc(l.all, func(e any) bool { return e == any(removed{}) })
	if out == nil {
		return []any{}
	}
	return out
}

func (l *elementList) change(arg *schema.Arg, v any, path string) error {
	id, _ := v.(string)
	record, _ := v.(schema.Record)
	if arg.Element != schema.RemoveElement {
		id, _ = record[l.key].(string)
		path += "." + l.key
	}
	at, there := l.at[id]
	switch {
	case arg.Element == schema.AppendElement && there:
		r := invalid(path, fmt.Sprintf("%s has an element %q already", arg.List.Name, id))
		r.Reason = ElementExists
		return r
	case arg.Element == schema.AppendElement:
		if id != "" {
			l.at[id] = len(l.all)
		}
		l.all = append(l.all, record)
		return nil
	case !there:
		r := invalid(path, fmt.Sprintf("%s has no element %q", arg.List.Name, id))
		r.Reason = NoSuchElement
		return r
	case arg.Element == schema.RemoveElement:
		l.all[at] = removed{}
		delete(l.at, id)
		return nil
	}
	return l.update(at, record, strings.TrimSuffix(path, l.key))
}

// update sets the fields of an element that a patch has; path is that of the patch, with the point behind it.
func (l *elementList) update(at int, patch schema.Record, path string) error {
	changed := maps.Clone(l.all[at].(schema.Record))
	for name, value := range patch {
		if f := l.object.Field(name); value == nil && f != nil && f.Type.NonNull {
			return invalid(path+name, fmt.Sprintf("%s.%s can't be null: leave it out", l.object.Name, name))
		}
		set(changed, name, value)
	}
	l.all[at] = changed
	return nil
}

func keyOf(element any, key string) string {
	r, _ := element.(schema.Record)
	s, _ := r[key].(string)
	return s
}

// nameElements gives a key to the elements of the entity's lists that lack one: the version that they came with and a number, which no other element ever has. It
// refuses lists with a key twice, but for what an older model allowed. Lists are copied before they are changed. only names the fields that can have changed, nil for all.
func nameElements(m *schema.Model, e *schema.Entity, before *Snapshot, fields schema.Record, only map[string]bool) error {
	for _, f := range e.Fields {
		key := m.Keyed(f)
		list, ok := fields[f.Name].([]any)
		if key == nil || !ok || only != nil && !only[f.Name] {
			continue
		}
		was, _ := before.Fields[f.Name].([]any)
		named, err := nameIn(list, was, key.Name, before.Version+1)
		if err != nil {
			return invalid(f.Name, fmt.Sprintf("%s of the %s: %v", f.Name, e.Name, err))
		}
		fields[f.Name] = named
	}
	return nil
}

// twice reports whether two elements have the key.
func twice(list []any, key, k string) bool {
	n := 0
	for _, e := range list {
		if keyOf(e, key) == k {
			n++
		}
	}
	return n > 1
}

func nameIn(list, was []any, key string, version int64) ([]any, error) {
	seen := make(map[string]bool, len(list))
	unnamed := 0
	for _, e := range list {
		k := keyOf(e, key)
		if k == "" {
			unnamed++
		} else if seen[k] && !twice(was, key, k) {
			return nil, fmt.Errorf("two elements have the key %q", k)
		}
		seen[k] = true
	}
	if unnamed == 0 {
		return list, nil
	}
	out, n := slices.Clone(list), 0
	for i, e := range out {
		r, ok := e.(schema.Record)
		if !ok || keyOf(e, key) != "" {
			continue
		}
		name := ""
		for name == "" || seen[name] { // ends: there are more numbers than elements
			n++
			name = fmt.Sprintf("%d-%d", version, n)
		}
		seen[name] = true
		r = maps.Clone(r)
		r[key] = name
		out[i] = r
	}
	return out, nil
}
