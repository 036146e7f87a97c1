package query

import (
	"maps"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Orders builds sort keys from the API's `orderBy`, whose fields are called as UpperSnake makes them. One through refs has the path as its field, customer.name,
// or customer._createdAt. The error is for clients.
func (e *Engine) Orders(entity *schema.Entity, orderBy any) ([]documents.Order, error) {
	if orderBy == nil {
		return nil, nil
	}
	items, err := objects(orderBy, "orderBy")
	if err != nil {
		return nil, err
	}
	if len(items) > 8 {
		return nil, invalid("orderBy has more than 8 keys")
	}
	var out []documents.Order
	for _, item := range items {
		o, err := e.order(entity, item, "orderBy")
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(other documents.Order) bool { return other.Field == o.Field }) {
			return nil, invalid("orderBy names %s twice", o.Field)
		}
		out = append(out, o)
	}
	if refs := refsOf(out); len(refs) > MaxThrough {
		return nil, invalid("orderBy goes through %d refs, more than %d", len(refs), MaxThrough)
	}
	return out, nil
}

// order reads one key: the field and the direction, or what it is beyond a ref.
func (e *Engine) order(entity *schema.Entity, item map[string]any, path string) (documents.Order, error) {
	if strings.Count(path, ".") > MaxThrough {
		return documents.Order{}, invalid("%s is deeper than %d levels", path, MaxThrough)
	}
	var field any
	var ref *schema.Field
	parts := 0
	for _, name := range slices.Sorted(maps.Keys(item)) {
		switch v := item[name]; {
		case v == nil || name == "direction":
			continue
		case name == "field":
			field = v
		default:
			if ref = (names{entity: entity}).ref(name); ref == nil {
				return documents.Order{}, invalid("%s: %s has no ref %q to sort through", path, entity.Name, name)
			}
		}
		parts++
	}
	switch {
	case parts != 1:
		return documents.Order{}, invalid("%s: each key has a field, or one ref to sort through, not %d of them", path, parts)
	case ref == nil:
		name, _ := field.(string)
		stored, ok := sortField(entity, name)
		if !ok {
			return documents.Order{}, invalid("%s: %s has no field %q to sort by", path, entity.Name, name)
		}
		return documents.Order{Field: stored, Desc: item["direction"] == "DESC"}, nil
	case item["direction"] == "DESC":
		return documents.Order{}, invalid("%s: the direction stands beside the field: %s: {field: …, direction: DESC}", path, ref.Name)
	}
	beyond, ok := item[ref.Name].(map[string]any)
	if !ok {
		return documents.Order{}, invalid("%s.%s is no object", path, ref.Name)
	}
	o, err := e.order(e.cfg.Model.Entity(ref.Ref.Entity), beyond, path+"."+ref.Name)
	o.Field = ref.Name + "." + o.Field
	return o, err
}

// refsOf returns the refs that orders go through, each by its path and once.
func refsOf(orders []documents.Order) []string {
	var out []string
	for _, o := range orders {
		for i, r := range o.Field {
			if r == '.' && !slices.Contains(out, o.Field[:i]) {
				out = append(out, o.Field[:i])
			}
		}
	}
	return out
}

// keysOf returns what documents of a moment are sorted by: the copies, where there are some that are the same, in place of what is beyond a ref.
func (m moment) keysOf(e *schema.Entity, orders []documents.Order) []documents.Order {
	out := slices.Clone(orders)
	for i := range out {
		out[i].Field = m.keyOf(e, out[i].Field)
	}
	return out
}

func (m moment) keyOf(e *schema.Entity, path string) string {
	name, rest, ok := strings.Cut(path, ".")
	if !ok {
		return path
	}
	target := m.model.Entity(e.Field(name).Ref.Entity)
	rest = m.keyOf(target, rest)
	if c := copyOf(e, name, rest); c != nil && m.copies && !ends(target) {
		return c.Name
	}
	return name + "." + rest
}

func sortField(e *schema.Entity, name string) (string, bool) {
	for _, api := range []string{"version", "createdAt", "updatedAt", "id"} {
		if schema.UpperSnake(api) == name {
			return StoredName(e, api)
		}
	}
	for _, f := range e.Fields {
		api := f.Name
		if f.Ref != nil {
			api += "Id"
		}
		if schema.UpperSnake(api) == name {
			return StoredName(e, api)
		}
	}
	return "", false
}
