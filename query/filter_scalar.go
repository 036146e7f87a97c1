package query

import (
	"maps"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// conditions builds what is asked of a scalar, all of which has to hold.
func (b *filterBuilder) conditions(field string, t schema.Type, where map[string]any, path string) (documents.And, error) {
	fold, _ := where["ignoreCase"].(bool)
	var out documents.And
	for _, op := range slices.Sorted(maps.Keys(where)) {
		if op == "ignoreCase" {
			continue
		}
		if err := b.counts(); err != nil {
			return nil, err
		}
		fs, err := b.condition(field, t, op, where[op], path+"."+op, fold)
		if err != nil {
			return nil, err
		}
		out = append(out, fs...)
	}
	return out, nil
}

var comparisons = map[string]documents.Op{"eq": documents.Eq, "lt": documents.Lt, "lte": documents.Le, "gt": documents.Gt, "gte": documents.Ge}

var textOps = map[string]documents.TextOp{
	"eq": documents.Equals, "contains": documents.Contains, "startsWith": documents.StartsWith, "endsWith": documents.EndsWith, "matches": documents.Matches,
}

// condition builds one condition, of one part or two. eq and ne take null: is null, is not. ne and notIn hold for null fields, as "not equal" does; all others do not.
func (b *filterBuilder) condition(field string, t schema.Type, op string, v any, path string, fold bool) (documents.And, error) {
	switch op {
	case "isNull":
		f, err := null(field, v, path)
		return documents.And{f}, err
	case "ne", "notIn":
		positive := map[string]string{"ne": "eq", "notIn": "in"}[op]
		f, err := b.condition(field, t, positive, v, path, fold)
		return documents.And{documents.Not{F: single(f)}}, err
	case "in":
		f, err := b.in(field, t, v, path, fold)
		return documents.And{f}, err
	case "between":
		return b.between(field, t, v, path, fold)
	}
	if v == nil && op == "eq" {
		return documents.And{documents.IsNull{Field: field}}, nil
	}
	textOp, textual := textOps[op]
	compare, comparing := comparisons[op]
	if textual && (fold || !comparing) {
		f, err := textCondition(field, textOp, v, path, fold)
		return documents.And{f}, err
	}
	if !comparing {
		return nil, invalid("%s: there is no such condition", path)
	}
	if fold {
		return nil, invalid("%s: ignoreCase does not go with an order", path)
	}
	t.NonNull = true
	value, err := b.model.Coerce(t, v, path)
	if err != nil {
		return nil, invalid("%v", err)
	}
	return documents.And{documents.Compare{Field: field, Op: compare, Value: value}}, nil
}

func null(field string, v any, path string) (documents.Filter, error) {
	is, ok := v.(bool)
	if !ok {
		return nil, invalid("%s is true or false", path)
	}
	if is {
		return documents.IsNull{Field: field}, nil
	}
	return documents.Not{F: documents.IsNull{Field: field}}, nil
}

func textCondition(field string, op documents.TextOp, v any, path string, fold bool) (documents.Filter, error) {
	text, ok := v.(string)
	switch {
	case !ok:
		return nil, invalid("%s is no text", path)
	case len(text) > documents.MaxText:
		return nil, invalid("%s has %d bytes, more than %d", path, len(text), documents.MaxText)
	case op == documents.Matches && strings.Count(text, "*") > MaxRuns:
		return nil, invalid("%s has more than %d *", path, MaxRuns)
	}
	return documents.Text{Field: field, Op: op, Value: text, IgnoreCase: fold}, nil
}

// values reads a list of values.
func (b *filterBuilder) values(t schema.Type, v any, path string) ([]any, error) {
	t.List, t.NonNull, t.ElemNonNull = true, true, true
	list, err := b.model.Coerce(t, v, path)
	if err != nil {
		return nil, invalid("%v", err)
	}
	values, _ := list.([]any)
	if len(values) > MaxIn {
		return nil, invalid("%s has more than %d values", path, MaxIn)
	}
	return values, nil
}

func (b *filterBuilder) in(field string, t schema.Type, v any, path string, fold bool) (documents.Filter, error) {
	values, err := b.values(t, v, path)
	if err != nil || !fold {
		return documents.In{Field: field, Values: values}, err
	}
	var out documents.Or
	for _, v := range values {
		f, err := textCondition(field, documents.Equals, v, path, true)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (b *filterBuilder) between(field string, t schema.Type, v any, path string, fold bool) (documents.And, error) {
	values, err := b.values(t, v, path)
	switch {
	case err != nil:
		return nil, err
	case len(values) != 2:
		return nil, invalid("%s takes two values, the least and the greatest, not %d", path, len(values))
	case fold:
		return nil, invalid("%s: ignoreCase does not go with an order", path)
	}
	return documents.And{documents.Compare{Field: field, Op: documents.Ge, Value: values[0]}, documents.Compare{Field: field, Op: documents.Le, Value: values[1]}}, nil
}
