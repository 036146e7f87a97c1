package aggregate

import (
	"cmp"
	"slices"

	"github.com/daybook-cqrs/daybook/schema"
)

// Groups computes a view with aggregates from scratch: what it says of the entities that are added. It holds no entities, but every group, and of each the different values that it
// counts. It is not safe for concurrent use.
type Groups struct {
	view   *schema.View
	groups map[string]*group
}

// group is one group so far.
type group struct {
	of        []any
	state     State
	extremes  map[string]any             // by field, of MIN and MAX
	different map[string]map[string]bool // by field, of COUNT_DISTINCT: the values, as Sortable has them
}

// Group is one group of a view as its document has it.
type Group struct {
	ID     string
	Fields schema.Record
}

// NewGroups returns the groups of no entities: none.
func NewGroups(v *schema.View) *Groups {
	return &Groups{view: v, groups: map[string]*group{}}
}

// Add adds an entity that is there, of the view's source-th source. fields has at least Needs of it, and no `id`.
func (gs *Groups) Add(source int, id string, fields schema.Record) error {
	for _, p := range Parts(gs.view, source, id, fields) {
		g := gs.groups[p.Group]
		if g == nil {
			g = &group{of: p.Of, extremes: map[string]any{}, different: map[string]map[string]bool{}}
			gs.groups[p.Group] = g
		}
		if err := g.add(gs.view, p); err != nil {
			return err
		}
	}
	return nil
}

func (g *group) add(v *schema.View, p Part) (err error) {
	comes := []Change{{Part: p}}
	if g.state, err = g.state.With(v, comes); err != nil {
		return err
	}
	for _, t := range comes[0].Tallies(v) {
		name := t.Field.Field.Name
		if t.Field.Aggregate != schema.CountDistinct {
			g.extremes[name], _ = Extreme(v, t.Field, g.extremes[name], comes)
			continue
		}
		if g.different[name] == nil {
			g.different[name] = map[string]bool{}
		}
		g.different[name][Sortable(t.Value)] = true
	}
	return nil
}

// All returns the groups that there are, by id.
func (gs *Groups) All() []Group {
	out := make([]Group, 0, len(gs.groups))
	for id, g := range gs.groups {
		from := g.extremes
		for name, values := range g.different {
			from[name] = int64(len(values))
		}
		out = append(out, Group{id, g.state.Fields(gs.view, g.of, from)})
	}
	slices.SortFunc(out, func(a, b Group) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Needs returns the names of the fields, without `id`, that a view has to know of an entity of its source-th source.
func Needs(v *schema.View, source int) []string {
	s := v.Sources[source]
	out := []string{}
	if s.In != nil {
		out = append(out, s.Entity.State.Name)
	}
	if s.Each != nil {
		out = append(out, s.Each.Name)
	}
	for _, f := range slices.Concat(v.Groups, v.Values) {
		p := f.Paths[source]
		if p != nil && !p.Element && len(p.Fields) > 0 && p.Fields[0] != s.Entity.Fields[0] {
			out = append(out, p.Fields[0].Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
