package query

import (
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// inside builds what is asked of a value object: isNull, and its fields.
func (b *filterBuilder) inside(field string, t schema.Type, where map[string]any, path string, depth int) (documents.Filter, error) {
	var out documents.And
	rest := maps.Clone(where)
	delete(rest, "isNull")
	if v := where["isNull"]; v != nil {
		f, err := null(field, v, path+".isNull")
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(rest) > 0 {
		f, err := b.all(names{object: b.model.Object(t.Name)}, rest, path, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, documents.Inside{Field: field, F: f})
	}
	return single(out), nil
}

// beyond builds what is asked of the entity that a ref leads to. Where nothing is asked, it need not be there.
func (b *filterBuilder) beyond(ref *schema.Field, where map[string]any, path string, depth int) (documents.Filter, error) {
	if b.through++; b.through > MaxThrough {
		return nil, invalid("%s: a filter looks through %d refs at most: put what is asked of one entity together, as customer: {or: [ ]}", path, MaxThrough)
	}
	f, err := b.all(names{entity: b.model.Entity(ref.Ref.Entity)}, where, path, depth+1)
	if and, ok := f.(documents.And); err != nil || ok && len(and) == 0 {
		return nil, err
	}
	return documents.Through{Field: ref.Name, Entity: ref.Ref.Entity, F: f}, nil
}

// elements builds what is asked of a list: some, every, none, size and isNull.
func (b *filterBuilder) elements(field string, t schema.Type, where map[string]any, path string, depth int) (documents.Filter, error) {
	var out documents.And
	for _, name := range slices.Sorted(maps.Keys(where)) {
		v, at := where[name], path+"."+name
		if v == nil {
			continue
		}
		if err := b.counts(); err != nil {
			return nil, err
		}
		var f documents.Filter
		var err error
		switch name {
		case "isNull":
			f, err = null(field, v, at)
		case "size":
			f, err = b.size(field, v, at)
		default:
			f, err = b.quantified(name, field, t, v, at, depth)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return single(out), nil
}

func (b *filterBuilder) quantified(name, field string, t schema.Type, v any, path string, depth int) (documents.Filter, error) {
	where, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("%s is no filter", path)
	}
	t.List = false
	if t.Kind != schema.KindObject {
		leaves, err := b.conditions(documents.Element, t, where, path)
		if err != nil {
			return nil, err
		}
		return ofScalars(name, field, leaves), nil
	}
	f, err := b.all(names{object: b.model.Object(t.Name)}, where, path, depth+1)
	if err != nil {
		return nil, err
	}
	switch name {
	case "every":
		return documents.Not{F: documents.Some{Field: field, F: documents.Not{F: f}}}, nil
	case "none":
		return documents.Not{F: documents.Some{Field: field, F: f}}, nil
	}
	return documents.Some{Field: field, F: f}, nil
}

// ofScalars asks for each of the conditions by itself where every element is to meet them: that of one element not all hold, no engine is asked.
func ofScalars(name, field string, leaves documents.And) documents.Filter {
	some := func(f documents.Filter) documents.Filter { return documents.Some{Field: field, F: f, Scalars: true} }
	switch name {
	case "every":
		var out documents.And
		for _, f := range leaves {
			if n, ok := f.(documents.Not); ok {
				out = append(out, documents.Not{F: some(n.F)})
			} else {
				out = append(out, documents.Not{F: some(documents.Not{F: f})})
			}
		}
		return out
	case "none":
		return documents.Not{F: some(leaves)}
	}
	return some(leaves)
}

// size builds conditions on the number of elements.
func (b *filterBuilder) size(field string, v any, path string) (documents.Filter, error) {
	where, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("%s is no filter", path)
	}
	leaves, err := b.conditions(documents.Element, schema.Type{Kind: schema.KindInt, Name: "Int"}, where, path)
	if err != nil {
		return nil, err
	}
	out := make(documents.And, len(leaves))
	for i, f := range leaves {
		out[i] = sized(field, f)
	}
	return single(out), nil
}

// sized makes a condition on an Int one on the size of a list.
func sized(field string, f documents.Filter) documents.Filter {
	switch f := f.(type) {
	case documents.Not:
		return documents.Not{F: sized(field, f.F)}
	case documents.Compare:
		n, _ := f.Value.(int)
		return documents.Size{Field: field, Op: f.Op, N: n}
	case documents.In:
		var out documents.Or
		for _, v := range f.Values {
			n, _ := v.(int)
			out = append(out, documents.Size{Field: field, Op: documents.Eq, N: n})
		}
		return out
	}
	return documents.IsNull{Field: field}
}
