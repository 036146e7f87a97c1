package resolve

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// shape is what a client selected on an entity or value object, as query understands it, and how to find the results again: by response key.
type shape struct {
	selection *query.Selection
	refs      map[string]*refShape
	objects   map[string]*shape
	lists     map[string]*listShape
	histories map[string]*query.HistorySelection
	blames    map[string]*query.BlameSelection
}

type refShape struct {
	*query.RefSelection
	node *shape
}

type listShape struct {
	*query.ListSelection
	connection *connectionShape
}

// connectionShape is what a client selected on a connection. Each `edges { node }` has its own shape, all of them are loaded together.
type connectionShape struct {
	query.Connection
	nodes map[string]*shape // by the response keys of edges and node
}

func newShape() *shape {
	return &shape{
		selection: &query.Selection{}, refs: map[string]*refShape{}, objects: map[string]*shape{}, lists: map[string]*listShape{},
		histories: map[string]*query.HistorySelection{}, blames: map[string]*query.BlameSelection{},
	}
}

// entityShape reads what is selected on an entity.
func (rt *Runtime) entityShape(ctx context.Context, e *schema.Entity, f field) (*shape, error) {
	s := newShape()
	for _, sub := range f.selected(ctx, e.Name, "Node") {
		if added, err := rt.addRead(ctx, s, e, sub); added || err != nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		if f.asOf != nil && query.PastUnknown(e, sub.Name) {
			return nil, query.ErrPastUnknown(e)
		}
		if sub.Name == possibleCommands && e.State != nil {
			s.selection.Fields = append(s.selection.Fields, e.State.Name)
		}
		if err := rt.addField(ctx, s, e.Fields, sub); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// addRead adds what is no field of the model and has to be read: lists and histories. It reports whether the selected field is one of those.
func (rt *Runtime) addRead(ctx context.Context, s *shape, e *schema.Entity, sub field) (bool, error) {
	switch i := inverse(e, sub.Name); {
	case i != nil:
		return true, rt.addList(ctx, s, i, sub)
	case sub.Name == history:
		return true, s.addHistory(sub)
	case sub.Name == changedBy:
		return true, s.addBlame(e, sub)
	}
	return false, nil
}

func inverse(e *schema.Entity, name string) *schema.Inverse {
	i := slices.IndexFunc(e.Inverses, func(i *schema.Inverse) bool { return i.Name == name })
	if i < 0 {
		return nil
	}
	return e.Inverses[i]
}

// addField adds a selected field of an entity or of a value object.
func (rt *Runtime) addField(ctx context.Context, s *shape, fields []*schema.Field, sub field) error {
	i := slices.IndexFunc(fields, func(f *schema.Field) bool { return f.Name == sub.Name })
	if i < 0 {
		if ref := refOfID(fields, sub.Name); ref != nil {
			s.selection.Fields = append(s.selection.Fields, ref.Name)
		}
		return nil // what every entity has is always read
	}
	f := fields[i]
	switch {
	case f.Ref != nil:
		node, err := rt.entityShape(ctx, rt.Model.Entity(f.Ref.Entity), sub)
		if err != nil {
			return err
		}
		r := &query.RefSelection{Field: f, Node: node.selection}
		s.refs[sub.Alias] = &refShape{r, node}
		s.selection.Refs = append(s.selection.Refs, r)
	case f.Type.Kind == schema.KindObject:
		inner := newShape()
		object := rt.Model.Object(f.Type.Name)
		for _, of := range sub.selected(ctx, object.Name) {
			if err := rt.addField(ctx, inner, object.Fields, of); err != nil {
				return err
			}
		}
		s.objects[sub.Alias] = inner
		s.selection.Objects = append(s.selection.Objects, &query.ObjectSelection{Field: f, Value: inner.selection})
	default:
		s.selection.Fields = append(s.selection.Fields, f.Name)
	}
	return nil
}

func (rt *Runtime) addList(ctx context.Context, s *shape, i *schema.Inverse, sub field) error {
	args, conn, err := rt.list(ctx, rt.Model.Readable(i.Entity), sub)
	if err != nil {
		return err
	}
	l := &query.ListSelection{Inverse: i, Args: args, Connection: conn.Connection}
	s.lists[sub.Alias] = &listShape{l, conn}
	s.selection.Lists = append(s.selection.Lists, l)
	return nil
}

// list reads the arguments of a list and what is selected on its connection.
func (rt *Runtime) list(ctx context.Context, e *schema.Entity, f field) (args query.ListArgs, conn *connectionShape, err error) {
	where, _ := f.args["where"].(map[string]any)
	if args.Filter, err = rt.Queries.Filter(e, where); err != nil {
		return args, nil, err
	}
	if args.Orders, err = rt.Queries.Orders(e, f.args["orderBy"]); err != nil {
		return args, nil, err
	}
	if args.First, err = intArg(f, "first"); err != nil {
		return args, nil, err
	}
	if args.Last, err = intArg(f, "last"); err != nil {
		return args, nil, err
	}
	if err = budgetOf(ctx).lookup(query.Lookups(rt.Model, e, args, f.asOf != nil)); err != nil {
		return args, nil, err
	}
	args.After, _ = f.args["after"].(string)
	args.Before, _ = f.args["before"].(string)
	conn, err = rt.connectionShape(ctx, e, f)
	return args, conn, err
}

func intArg(f field, name string) (*int, error) {
	v, ok := f.args[name]
	if !ok || v == nil {
		return nil, nil //nolint:nilnil // not given
	}
	n, err := graphql.UnmarshalInt(v)
	if err != nil {
		return nil, badInput(name + " is no Int")
	}
	return &n, nil
}

func (rt *Runtime) connectionShape(ctx context.Context, e *schema.Entity, f field) (*connectionShape, error) {
	c := &connectionShape{Connection: query.Connection{Ends: true}, nodes: map[string]*shape{}}
	all := &query.Selection{}
	for _, sub := range f.selected(ctx, e.Name+"Connection") {
		switch sub.Name {
		case "totalCount", "totalCountIsExact":
			c.TotalCount = true
		case "pageInfo":
			c.Node = all
		case "edges":
			c.Node = all
			for _, n := range sub.selected(ctx, e.Name+"Edge") {
				if n.Name != "node" {
					c.Ends = c.Ends && n.Name != "cursor"
					continue
				}
				s, err := rt.entityShape(ctx, e, n)
				if err != nil {
					return nil, err
				}
				c.nodes[sub.Alias+"/"+n.Alias] = s
				merge(all, s.selection)
			}
		}
	}
	return c, nil
}

// merge adds what one selection asks for to another.
func merge(into, s *query.Selection) {
	into.Fields = append(into.Fields, s.Fields...)
	into.Refs = append(into.Refs, s.Refs...)
	into.Objects = append(into.Objects, s.Objects...)
	into.Lists = append(into.Lists, s.Lists...)
	into.Histories = append(into.Histories, s.Histories...)
	into.Blames = append(into.Blames, s.Blames...)
}
