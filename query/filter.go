package query

import (
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Limits of one filter.
const (
	MaxConditions  = 1000
	MaxFilterDepth = 16
	MaxIn          = 1000 // values of one in or notIn
)

// Filter builds a filter from the API's `where`: and, or, not, and per field a map of conditions, which all have to hold. nil is no filter. The error
// is for clients.
func (e *Engine) Filter(entity *schema.Entity, where map[string]any) (documents.Filter, error) {
	if len(where) == 0 {
		return nil, nil //nolint:nilnil // no filter
	}
	b := filterBuilder{model: e.cfg.Model, entity: entity}
	return b.all(where, "where", 0)
}

type filterBuilder struct {
	model  *schema.Model
	entity *schema.Entity
	count  int
}

func (b *filterBuilder) all(where map[string]any, path string, depth int) (documents.Filter, error) {
	if depth > MaxFilterDepth {
		return nil, invalid("%s is deeper than %d levels", path, MaxFilterDepth)
	}
	var out documents.And
	for _, name := range slices.Sorted(maps.Keys(where)) { // sorted: the same where is the same filter
		f, err := b.one(name, where[name], path+"."+name, depth)
		if err != nil {
			return nil, err
		}
		if f != nil {
			out = append(out, f)
		}
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

func (b *filterBuilder) one(name string, v any, path string, depth int) (documents.Filter, error) {
	if v == nil { // an explicit null is as if it were not there
		return nil, nil //nolint:nilnil // no condition
	}
	switch name {
	case "and", "or":
		return b.list(name, v, path, depth)
	case "not":
		where, ok := v.(map[string]any)
		if !ok {
			return nil, invalid("%s is no filter", path)
		}
		f, err := b.all(where, path, depth+1)
		return documents.Not{F: f}, err
	}
	stored, ok := StoredName(b.entity, name)
	conditions, isMap := v.(map[string]any)
	if !ok || !isMap {
		return nil, invalid("%s can't be filtered by", path)
	}
	var out documents.And
	for _, op := range slices.Sorted(maps.Keys(conditions)) {
		f, err := b.condition(stored, op, conditions[op], path+"."+op)
		if err != nil {
			return nil, err
		}
		if b.count++; b.count > MaxConditions {
			return nil, invalid("the filter has more than %d conditions", MaxConditions)
		}
		out = append(out, f)
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

func (b *filterBuilder) list(name string, v any, path string, depth int) (documents.Filter, error) {
	items, err := objects(v, path)
	if err != nil {
		return nil, err
	}
	var out []documents.Filter
	for _, where := range items {
		if b.count++; b.count > MaxConditions {
			return nil, invalid("the filter has more than %d conditions", MaxConditions)
		}
		f, err := b.all(where, path, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if name == "or" {
		return documents.Or(out), nil
	}
	return documents.And(out), nil
}

// objects reads a list of objects; a single one is a list of one.
func objects(v any, path string) ([]map[string]any, error) {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}, nil
	case []map[string]any:
		return v, nil
	case []any:
		out := make([]map[string]any, len(v))
		for i, e := range v {
			m, ok := e.(map[string]any)
			if !ok {
				return nil, invalid("%s has an element that is no object", path)
			}
			out[i] = m
		}
		return out, nil
	}
	return nil, invalid("%s is no list", path)
}

// condition builds one comparison. eq and ne take null: is null, is not. ne and notIn hold for null fields, as "not equal" does; all others do not.
func (b *filterBuilder) condition(field, op string, v any, path string) (documents.Filter, error) {
	t := typeOf(b.entity, field)
	switch op {
	case "isNull":
		is, ok := v.(bool)
		if !ok {
			return nil, invalid("%s is true or false", path)
		}
		if is {
			return documents.IsNull{Field: field}, nil
		}
		return documents.Not{F: documents.IsNull{Field: field}}, nil
	case "in", "notIn":
		return b.in(field, op, t, v, path)
	case "contains", "startsWith":
		t = schema.Type{Kind: schema.KindString, Name: "String"}
	}
	if v == nil && op == "eq" {
		return documents.IsNull{Field: field}, nil
	}
	if v == nil && op == "ne" {
		return documents.Not{F: documents.IsNull{Field: field}}, nil
	}
	t.NonNull = true
	value, err := b.model.Coerce(t, v, path)
	if err != nil {
		return nil, invalid("%v", err)
	}
	switch op {
	case "eq":
		return documents.Compare{Field: field, Op: documents.Eq, Value: value}, nil
	case "ne":
		return documents.Not{F: documents.Compare{Field: field, Op: documents.Eq, Value: value}}, nil
	case "lt":
		return documents.Compare{Field: field, Op: documents.Lt, Value: value}, nil
	case "lte":
		return documents.Compare{Field: field, Op: documents.Le, Value: value}, nil
	case "gt":
		return documents.Compare{Field: field, Op: documents.Gt, Value: value}, nil
	case "gte":
		return documents.Compare{Field: field, Op: documents.Ge, Value: value}, nil
	case "contains":
		return documents.Contains{Field: field, Text: value.(string)}, nil
	case "startsWith":
		return documents.StartsWith{Field: field, Text: value.(string)}, nil
	}
	return nil, invalid("%s: there is no such condition", path)
}

func (b *filterBuilder) in(field, op string, t schema.Type, v any, path string) (documents.Filter, error) {
	t.List, t.NonNull, t.ElemNonNull = true, true, true
	list, err := b.model.Coerce(t, v, path)
	if err != nil {
		return nil, invalid("%v", err)
	}
	values := list.([]any)
	if len(values) > MaxIn {
		return nil, invalid("%s has more than %d values", path, MaxIn)
	}
	f := documents.In{Field: field, Values: values}
	if op == "notIn" {
		return documents.Not{F: f}, nil
	}
	return f, nil
}

// Orders builds sort keys from the API's `orderBy`, whose fields are called as UpperSnake makes them.
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
		name, _ := item["field"].(string)
		stored, ok := sortField(entity, name)
		if !ok {
			return nil, invalid("orderBy: %s has no field %q to sort by", entity.Name, name)
		}
		if slices.ContainsFunc(out, func(o documents.Order) bool { return o.Field == stored }) {
			return nil, invalid("orderBy names %s twice", name)
		}
		out = append(out, documents.Order{Field: stored, Desc: item["direction"] == "DESC"})
	}
	return out, nil
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
