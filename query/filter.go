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
	MaxRuns        = 10   // * in one matches: an engine may go back to each
	MaxThrough     = 16   // filters on what refs lead to, and refs that one list is sorted through
)

// Filter builds a filter from the API's `where`: and, or, not, per field a map of conditions, and per ref a filter on what it leads to, which all have to hold.
// nil is no filter. The error is for clients.
func (e *Engine) Filter(entity *schema.Entity, where map[string]any) (documents.Filter, error) {
	if len(where) == 0 {
		return nil, nil //nolint:nilnil // no filter
	}
	b := filterBuilder{model: e.cfg.Model}
	f, err := b.all(names{entity: entity}, where, "where", 0)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckFilterThrough(e.cfg.Model, entity, f); err != nil {
		return nil, invalid("where: %v", err)
	}
	return f, nil
}

// names are the fields of an entity or of a value object, as the API calls them.
type names struct {
	entity *schema.Entity
	object *schema.Object
}

// lookup returns what documents call a field, and its type: a ref's is that of its id.
func (n names) lookup(name string) (stored string, t schema.Type, ok bool) {
	if n.entity != nil {
		if stored, ok := systemName(name); ok {
			return stored, typeOf(n.entity, stored), true
		}
	}
	for _, f := range n.fields() {
		if f.Ref != nil && f.Name+"Id" == name {
			return f.Name, schema.Type{Kind: schema.KindID, Name: "ID"}, true
		}
		if f.Ref == nil && f.Name == name {
			return f.Name, f.Type, true
		}
	}
	return "", t, false
}

func (n names) fields() []*schema.Field {
	if n.entity != nil {
		return n.entity.Fields
	}
	return n.object.Fields
}

// ref returns the ref of that name, nil if there is none.
func (n names) ref(name string) *schema.Field {
	for _, f := range n.fields() {
		if f.Ref != nil && f.Name == name {
			return f
		}
	}
	return nil
}

type filterBuilder struct {
	model   *schema.Model
	count   int
	through int
}

func (b *filterBuilder) all(in names, where map[string]any, path string, depth int) (documents.Filter, error) {
	if depth > MaxFilterDepth {
		return nil, invalid("%s is deeper than %d levels", path, MaxFilterDepth)
	}
	var out documents.And
	for _, name := range slices.Sorted(maps.Keys(where)) { // sorted: the same where is the same filter
		f, err := b.one(in, name, where[name], path+"."+name, depth)
		if err != nil {
			return nil, err
		}
		if f != nil {
			out = append(out, f)
		}
	}
	return single(out), nil
}

// single is an And without need of it.
func single(fs documents.And) documents.Filter {
	if len(fs) == 1 {
		return fs[0]
	}
	return fs
}

func (b *filterBuilder) one(in names, name string, v any, path string, depth int) (documents.Filter, error) {
	if v == nil { // an explicit null is as if it were not there
		return nil, nil //nolint:nilnil // no condition
	}
	switch name {
	case "and", "or":
		return b.list(in, name, v, path, depth)
	case "not":
		where, ok := v.(map[string]any)
		if !ok {
			return nil, invalid("%s is no filter", path)
		}
		f, err := b.all(in, where, path, depth+1)
		return documents.Not{F: f}, err
	}
	conditions, isMap := v.(map[string]any)
	if ref := in.ref(name); ref != nil && isMap {
		return b.beyond(ref, conditions, path, depth)
	}
	stored, t, ok := in.lookup(name)
	if !ok || !isMap {
		return nil, invalid("%s can't be filtered by", path)
	}
	switch {
	case t.List:
		return b.elements(stored, t, conditions, path, depth)
	case t.Kind == schema.KindObject:
		return b.inside(stored, t, conditions, path, depth)
	}
	out, err := b.conditions(stored, t, conditions, path)
	return single(out), err
}

func (b *filterBuilder) list(in names, name string, v any, path string, depth int) (documents.Filter, error) {
	items, err := objects(v, path)
	if err != nil {
		return nil, err
	}
	var out []documents.Filter
	for _, where := range items {
		if err := b.counts(); err != nil {
			return nil, err
		}
		f, err := b.all(in, where, path, depth+1)
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

func (b *filterBuilder) counts() error {
	if b.count++; b.count > MaxConditions {
		return invalid("the filter has more than %d conditions", MaxConditions)
	}
	return nil
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
