// Package aggregate computes what documents of views with aggregates say: which groups an entity is in and what it gives to each, and sums that can be added to and taken from exactly.
// It is pure, and knows no store.
package aggregate

import (
	"slices"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Part is what one entity, or one element of a list in it, gives to one group.
type Part struct {
	Group  string // the id of the group's document
	Of     []any  // the group's values, by schema.View.Groups; nil is null
	Values []any  // by schema.View.Values: nil gives nothing; what counts without a path gives true
	key    string // equal for equal parts, and only for those
}

// Change is a part that comes, or goes.
type Change struct {
	Part
	Goes bool
}

// Parts returns what an entity gives to a view, of which it is the source-th source. fields is nil for an entity that is not there, and holds no `id`.
func Parts(v *schema.View, source int, id string, fields schema.Record) []Part {
	s := v.Sources[source]
	if fields == nil || !counts(s, fields) {
		return nil
	}
	if s.Each == nil {
		if p, ok := part(v, source, scope{id, fields, nil}); ok {
			return []Part{p}
		}
		return nil
	}
	list, _ := fields[s.Each.Name].([]any)
	parts := make([]Part, 0, len(list))
	for _, item := range list {
		element, ok := item.(schema.Record)
		if !ok {
			continue // null
		}
		if p, ok := part(v, source, scope{id, fields, element}); ok {
			parts = append(parts, p)
		}
	}
	return parts
}

// counts reports whether the entity is in a state in which it counts.
func counts(s *schema.ViewSource, fields schema.Record) bool {
	if s.In == nil {
		return true
	}
	state, _ := fields[s.Entity.State.Name].(string)
	return slices.Contains(s.In, state)
}

// scope is where paths begin.
type scope struct {
	id      string
	fields  schema.Record
	element schema.Record
}

// part returns what is in the scope, and whether it belongs to a group at all.
func part(v *schema.View, source int, in scope) (Part, bool) {
	p := Part{Of: make([]any, len(v.Groups)), Values: make([]any, len(v.Values))}
	for i, g := range v.Groups {
		value := in.at(v.Sources[source], g.Paths[source])
		if value != nil {
			value = Bucket(g.Bucket, value)
		} else if g.Field.Type.NonNull {
			return Part{}, false
		}
		p.Of[i] = value
	}
	for i, f := range v.Values {
		if path := f.Paths[source]; path != nil {
			p.Values[i] = in.at(v.Sources[source], path)
		}
	}
	p.Group = ID(p.Of)
	p.key = p.makeKey()
	return p, true
}

// at follows a path. The empty one leads to true: the entity, or the element, is there.
func (in scope) at(s *schema.ViewSource, path *schema.ViewPath) any {
	if len(path.Fields) == 0 {
		return true
	}
	at := in.fields
	if path.Element {
		at = in.element
	} else if path.Fields[0] == s.Entity.Fields[0] {
		return in.id
	}
	for _, f := range path.Fields[:len(path.Fields)-1] {
		at, _ = at[f.Name].(schema.Record) // a nil one has no fields
	}
	return at[path.Fields[len(path.Fields)-1].Name]
}

// makeKey spells all values, each with its length before it.
func (p *Part) makeKey() string {
	b := appendText(nil, p.Group)
	for _, v := range slices.Concat(p.Of, p.Values) {
		if v == nil {
			b = append(b, '-')
			continue
		}
		b = appendText(b, plain(v))
	}
	return string(b)
}

// Diff returns how to come from the parts before to those after: none for parts that stay, in whatever order.
func Diff(before, after []Part) []Change {
	var out []Change
	stay := make(map[string]int, len(after))
	for i := range after {
		stay[after[i].key]++
	}
	for i := range before {
		if stay[before[i].key] > 0 {
			stay[before[i].key]--
		} else {
			out = append(out, Change{before[i], true})
		}
	}
	for i := range after { // what was not found before is new
		if stay[after[i].key] > 0 {
			stay[after[i].key]--
			out = append(out, Change{after[i], false})
		}
	}
	return out
}

// Bucket returns the span of time that a time is in: its begin, in UTC. Without a bucket it is the value itself.
func Bucket(b schema.Bucket, v any) any {
	if b == "" {
		return v
	}
	day, isDay := v.(scalar.Date)
	t, isTime := v.(scalar.DateTime)
	switch {
	case isTime && b == schema.Hour:
		return hourOf(t)
	case isTime:
		return begin(b, t.Time())
	case isDay && b != schema.Hour:
		return beginOfDay(b, day)
	}
	return v // no model has that
}
