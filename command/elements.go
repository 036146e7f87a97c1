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
	object := m.Object(arg.List.Type.Name)
	was, _ := fields[arg.List.Name].([]any)
	list := slices.Clone(was)
	values, many := v.([]any)
	if !many {
		values = []any{v}
	}
	var err error
	for i, one := range values {
		path := arg.Name
		if many {
			path = fmt.Sprintf("%s[%d]", arg.Name, i)
		}
		if list, err = changeElement(list, object, arg, one, path); err != nil {
			return err
		}
	}
	if list == nil {
		list = []any{}
	}
	fields[arg.List.Name] = list
	return nil
}

func changeElement(list []any, object *schema.Object, arg *schema.Arg, v any, path string) ([]any, error) {
	key := object.Key().Name
	id, _ := v.(string)
	record, _ := v.(schema.Record)
	if arg.Element != schema.RemoveElement {
		id, _ = record[key].(string)
		path += "." + key
	}
	at := slices.IndexFunc(list, func(e any) bool { return id != "" && keyOf(e, key) == id })
	if arg.Element == schema.AppendElement {
		if at >= 0 {
			r := invalid(path, fmt.Sprintf("%s has an element %q already", arg.List.Name, id))
			r.Reason = ElementExists
			return nil, r
		}
		return append(list, record), nil
	}
	if at < 0 {
		r := invalid(path, fmt.Sprintf("%s has no element %q", arg.List.Name, id))
		r.Reason = NoSuchElement
		return nil, r
	}
	if arg.Element == schema.RemoveElement {
		return slices.Delete(list, at, at+1), nil
	}
	changed := maps.Clone(list[at].(schema.Record))
	for name, value := range record {
		if f := object.Field(name); value == nil && f != nil && f.Type.NonNull {
			return nil, invalid(strings.TrimSuffix(path, key)+name, fmt.Sprintf("%s.%s can't be null: leave it out", object.Name, name))
		}
		set(changed, name, value)
	}
	list[at] = changed
	return list, nil
}

func keyOf(element any, key string) string {
	r, _ := element.(schema.Record)
	s, _ := r[key].(string)
	return s
}

// nameElements gives a key to the elements of the entity's lists that lack one: the version that they came with and a number, which no other element ever has. It
// refuses lists with a key twice. Lists are copied before they are changed.
func nameElements(m *schema.Model, e *schema.Entity, fields schema.Record, version int64) error {
	for _, f := range e.Fields {
		key := m.Keyed(f)
		list, ok := fields[f.Name].([]any)
		if key == nil || !ok {
			continue
		}
		named, err := nameIn(list, key.Name, version)
		if err != nil {
			return invalid(f.Name, fmt.Sprintf("%s of the %s: %v", f.Name, e.Name, err))
		}
		fields[f.Name] = named
	}
	return nil
}

func nameIn(list []any, key string, version int64) ([]any, error) {
	seen := make(map[string]bool, len(list))
	unnamed := 0
	for _, e := range list {
		k := keyOf(e, key)
		if k == "" {
			unnamed++
		} else if seen[k] {
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
