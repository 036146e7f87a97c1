package query

import (
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// pusher turns conditions on the groups of a view into conditions on the entities of one of its sources.
type pusher struct {
	view   *schema.View
	source int
}

// push returns a condition that holds of every entity that belongs to a group of which f holds; nil for none. exact says that it holds of no others that belong to a group.
func (p pusher) push(f documents.Filter) (out documents.Filter, exact bool) {
	switch f := f.(type) {
	case nil:
		return nil, false
	case documents.And:
		all := documents.And{}
		exact = true
		for _, part := range f {
			o, same := p.push(part)
			if o != nil {
				all = append(all, o)
			}
			exact = exact && same
		}
		if len(all) == 0 {
			return nil, false
		}
		return all, exact
	case documents.Or:
		some := documents.Or{}
		exact = true
		for _, part := range f {
			o, same := p.push(part)
			if o == nil {
				return nil, false
			}
			some = append(some, o)
			exact = exact && same
		}
		return some, exact
	case documents.Not:
		o, same := p.push(f.F)
		if !same {
			return nil, false
		}
		return documents.Not{F: o}, true
	}
	return p.condition(f)
}

// condition is push of a condition on one field.
func (p pusher) condition(f documents.Filter) (out documents.Filter, exact bool) {
	field := documents.FieldOf(f)
	if field == documents.FieldID {
		return p.ids(f), false
	}
	i := slices.IndexFunc(p.view.Groups, func(g *schema.ViewField) bool { return g.Field.Name == field })
	if i < 0 {
		return nil, false
	}
	path := p.view.Groups[i].Paths[p.source]
	switch {
	case path.Element:
		return nil, false // an entity may be in many groups
	case p.view.Groups[i].Bucket != "":
		return p.within(f, p.view.Groups[i].Bucket, path), false
	}
	out = p.at(path, f)
	return out, out != nil
}

// at returns the condition as one on what stands at a path, nil if that can't be asked there.
func (p pusher) at(path *schema.ViewPath, f documents.Filter) documents.Filter {
	_, null := f.(documents.IsNull)
	last := len(path.Fields) - 1
	switch {
	case path.Fields[0] == p.view.Sources[p.source].Entity.Fields[0]:
		return documents.Renamed(f, documents.FieldID)
	case null && last > 0:
		return nil // the value object may be null too
	}
	f = documents.Renamed(f, path.Fields[last].Name)
	for _, in := range slices.Backward(path.Fields[:last]) {
		f = documents.Inside{Field: in.Name, F: f}
	}
	return f
}

// within returns when a time must be for its span to be as f says; nil if that is not known.
func (p pusher) within(f documents.Filter, b schema.Bucket, path *schema.ViewPath) documents.Filter {
	kind := path.Fields[len(path.Fields)-1].Type.Kind
	side := func(op documents.Op, v any) documents.Filter {
		return p.at(path, documents.Compare{Field: " ", Op: op, Value: timeAs(kind, v)})
	}
	span := func(v any, from, to bool) documents.Filter {
		all := documents.And{}
		if from {
			all = append(all, side(documents.Ge, v))
		}
		if end := aggregate.End(b, v); to && end != nil {
			all = append(all, side(documents.Lt, end))
		}
		if len(all) == 0 {
			return nil
		}
		return all
	}
	switch f := f.(type) {
	case documents.Compare:
		return span(f.Value, f.Op != documents.Lt && f.Op != documents.Le, f.Op != documents.Gt && f.Op != documents.Ge)
	case documents.In:
		if len(f.Values) > maxSpans {
			least, most := slices.MinFunc(f.Values, scalar.Compare), slices.MaxFunc(f.Values, scalar.Compare)
			all := documents.And{side(documents.Ge, least)}
			if to := span(most, false, true); to != nil {
				all = append(all, to)
			}
			return all
		}
		out := documents.Or{}
		for _, v := range f.Values {
			out = append(out, span(v, true, true))
		}
		return out
	}
	return nil
}

// maxSpans is how many spans are asked for one by one: each takes two of the values that a statement has, of which SQLite takes 32,766. Of more, all that is from the first to the last is.
const maxSpans = 16

// timeAs returns a Date or DateTime as a value of that kind: a day is its first instant, in UTC.
func timeAs(kind schema.Kind, v any) any {
	day, ok := v.(scalar.Date)
	if !ok || kind != schema.KindDateTime {
		return v
	}
	t, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return v // decoded values are valid
	}
	return scalar.NewDateTime(t)
}

// ids returns which entities can be in the groups that a condition on ids names; nil if the ids don't tell. Of each group by itself: together they may be of groups that were not named.
func (p pusher) ids(f documents.Filter) documents.Filter {
	var ids []any
	switch f := f.(type) {
	case documents.Compare:
		if f.Op == documents.Eq {
			ids = []any{f.Value}
		}
	case documents.In:
		ids = f.Values
	}
	if ids == nil {
		return nil
	}
	values := make([][]any, len(p.view.Groups)) // by group, of each id
	for _, id := range ids {
		if of, possible := aggregate.Values(p.view, id.(string)); possible {
			for i := range of {
				values[i] = append(values[i], of[i])
			}
		}
	}
	all := documents.And{}
	for i, g := range p.view.Groups {
		if slices.Contains(values[i], nil) {
			continue
		}
		if o, _ := p.condition(documents.In{Field: g.Field.Name, Values: values[i]}); o != nil {
			all = append(all, o)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
