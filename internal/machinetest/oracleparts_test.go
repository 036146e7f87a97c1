package machinetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// elements returns a list as an argument changes it: by one element or key, or by several.
func (o *oracle) elements(a *schema.Arg, was []any, v any) ([]any, verdict) {
	key := o.model.Object(a.List.Type.Name).Key().Name
	out := slices.Clone(was)
	several, ok := v.([]any)
	if !ok {
		several = []any{v}
	}
	for _, one := range several {
		k, _ := one.(string)
		record, _ := one.(schema.Record)
		if record != nil {
			k, _ = record[key].(string)
		}
		i := slices.IndexFunc(out, func(e any) bool { return k != "" && e.(schema.Record)[key] == k })
		switch a.Element {
		case schema.AppendElement:
			if i >= 0 {
				return nil, verdict{code: command.InvalidInput, reason: command.ElementExists}
			}
			out = append(out, record)
		case schema.RemoveElement, schema.UpdateElement:
			if i < 0 {
				return nil, verdict{code: command.InvalidInput, reason: command.NoSuchElement}
			}
			if a.Element == schema.RemoveElement {
				out = slices.Concat(out[:i], out[i+1:])
				continue
			}
			changed := maps.Clone(out[i].(schema.Record))
			for _, f := range o.model.Object(a.List.Type.Name).Fields {
				to, given := record[f.Name]
				if given && to == nil && f.Type.NonNull {
					return nil, no(command.InvalidInput)
				}
				if given && to == nil {
					delete(changed, f.Name)
				} else if given {
					changed[f.Name] = to
				}
			}
			out[i] = changed
		}
	}
	if out == nil {
		out = []any{}
	}
	return out, verdict{}
}

// name gives the keys that elements lack. false: two elements have one key.
func (o *oracle) name(e *schema.Entity, t *thing) bool {
	for _, f := range e.Fields {
		object := o.model.Object(f.Type.Name)
		elements, is := t.fields[f.Name].([]any)
		if object == nil || object.Key() == nil || !is {
			continue
		}
		key, taken := object.Key().Name, map[any]bool{}
		for _, one := range elements {
			k := one.(schema.Record)[key]
			if k != nil && k != "" && taken[k] {
				return false
			}
			taken[k] = true
		}
		named, n := make([]any, len(elements)), 0
		for i, one := range elements {
			r := maps.Clone(one.(schema.Record))
			for r[key] == nil || r[key] == "" {
				n++
				if k := fmt.Sprintf("%d-%d", t.version, n); !taken[k] {
					r[key] = k
				}
			}
			named[i] = r
		}
		t.fields[f.Name] = named
	}
	return true
}

// values returns the unique values of an entity: none of one that is deleted.
func (o *oracle) values(e *schema.Entity, t thing) []value {
	var out []value
	for _, u := range e.Uniques {
		var texts []string
		for _, f := range u.Fields {
			v := t.fields[f.Name]
			if v == nil {
				break
			}
			text, is := plain(v).(string)
			if !is {
				raw, _ := json.Marshal(plain(v))
				text = string(raw)
			}
			texts = append(texts, text)
		}
		if t.deleted || len(texts) < len(u.Fields) {
			continue
		}
		if u.IgnoreCase { // enough for the texts that a walk draws
			texts[0] = strings.ReplaceAll(strings.ToLower(texts[0]), "ß", "ss")
		}
		text := texts[0]
		if len(texts) > 1 {
			raw, _ := json.Marshal(texts)
			text = string(raw)
		}
		out = append(out, value{u.Name, text})
	}
	return out
}

// plain is a record's value as JSON has it: numbers are int64 if they are whole.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
		return v
	case scalar.Long:
		return int64(v)
	case scalar.Decimal:
		return v.String()
	case scalar.DateTime:
		return v.String()
	case scalar.Date:
		return string(v)
	case scalar.UUID:
		return string(v)
	case scalar.JSON:
		return decoded(json.RawMessage(v))
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case schema.Record:
		out := map[string]any{}
		for name, one := range v {
			if one != nil {
				out[name] = plain(one)
			}
		}
		return out
	}
	return v
}

// decoded reads JSON as plain has it.
func decoded(raw json.RawMessage) any {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		panic(fmt.Sprintf("%s: %v", raw, err)) // of the log, which checks JSON
	}
	return whole(out)
}

func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return plain(f)
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = whole(v[name])
		}
	}
	return v
}

// describe tells a command from others under its id. An explicit null is something else than nothing.
func describe(m *schema.Model, c command.Command) string {
	raw, err := command.InputJSON(m, c)
	if err != nil {
		panic(err) // its input was coerced
	}
	return c.Name + " " + c.ID + " " + string(raw)
}
