package resolve

import (
	"context"
	"sync/atomic"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// reader is what the objects of one read have in common.
type reader struct {
	*Runtime
	left       *budget
	unwritable atomic.Bool // its lists are gqlgen's to write
}

func (rt *Runtime) reader(ctx context.Context) *reader {
	return &reader{Runtime: rt, left: budgetOf(ctx)}
}

// nodeSource is an entity as the documents have it.
type nodeSource struct {
	rd    *reader
	node  *query.Node
	shape *shape
}

// nodeObject returns the GraphQL object of a node, nil for none.
func (rd *reader) nodeObject(n *query.Node, s *shape) any {
	if n == nil {
		return nil
	}
	return &Object{n.Entity.Name, &nodeSource{rd, n, s}}
}

func (s *nodeSource) value(ctx context.Context, name string) (any, error) {
	n := s.node
	if v, ok := system(n.Entity, name, n.ID, n.Version, n.CreatedAt, n.UpdatedAt); ok {
		return v, nil
	}
	if f := n.Entity.Field(name); f != nil {
		return recordValue(ctx, s, f, n.Fields[name])
	}
	if ref := refOfID(n.Entity.Fields, name); ref != nil {
		return n.Fields[ref.Name], nil
	}
	if name == possibleCommands && n.Past() { // what the model says of the state then: rules know the log of today only
		return possibleObjects(ctx, s.rd.left, command.PossibleIn(n.Entity, n.ID, stateOf(n)))
	}
	if name == possibleCommands {
		return s.rd.possible(ctx, s.rd.left, n.Entity, n.ID, stateOf(n))
	}
	if l := s.shape.lists[alias(ctx)]; l != nil {
		return connectionObject(s.rd, l.Inverse.Entity, n.List(l.ListSelection), l.connection), nil
	}
	if h := s.shape.histories[alias(ctx)]; h != nil {
		return s.rd.entries(ctx, n.History(h))
	}
	if b := s.shape.blames[alias(ctx)]; b != nil {
		return s.rd.entry(n.ChangedBy(b)), nil
	}
	return nil, nil //nolint:nilnil // nothing there
}

// stateOf returns the state of a node that was read with it, "" for an entity without states.
func stateOf(n *query.Node) string {
	if n.Entity.State == nil {
		return ""
	}
	state, _ := n.Fields[n.Entity.State.Name].(string)
	return state
}

func (s *nodeSource) model() *schema.Model { return s.rd.Model }
func (s *nodeSource) budget() *budget      { return s.rd.left }

func (s *nodeSource) refObject(ctx context.Context, _ *schema.Field, id string) any {
	r := s.shape.refs[alias(ctx)]
	if r == nil {
		return nil
	}
	return s.rd.nodeObject(s.node.Ref(r.RefSelection, id), r.node)
}

func (s *nodeSource) inside(ctx context.Context) referrer {
	if inner := s.shape.objects[alias(ctx)]; inner != nil {
		return &nodeSource{s.rd, s.node, inner}
	}
	return s
}

// connectionObject returns the object of a list.
func connectionObject(rd *reader, entity string, p *query.Page, c *connectionShape) *Object {
	return &Object{entity + "Connection", &connectionSource{rd, entity, p, c}}
}

type connectionSource struct {
	rd     *reader
	entity string
	page   *query.Page
	shape  *connectionShape
}

func (s *connectionSource) value(ctx context.Context, name string) (any, error) {
	switch name {
	case "totalCount":
		return int(s.page.TotalCount), nil
	case "totalCountIsExact":
		return !s.page.Uncounted, nil
	case "pageInfo":
		return s.pageInfo(), nil
	}
	edges := make([]*Object, len(s.page.Nodes))
	key := alias(ctx)
	for i := range edges {
		edges[i] = &Object{s.entity + "Edge", &edgeSource{s, key, i}}
	}
	return edges, nil
}

func (s *connectionSource) pageInfo() *Object {
	info := plain{"hasNextPage": s.page.HasNext, "hasPreviousPage": s.page.HasPrevious}
	if c := s.page.Cursors; len(c) > 0 {
		info["startCursor"], info["endCursor"] = c[0], c[len(c)-1]
	}
	return &Object{"PageInfo", info}
}

type edgeSource struct {
	*connectionSource
	edges string // response key of the edges field
	row   int
}

func (s *edgeSource) value(ctx context.Context, name string) (any, error) {
	if name == "cursor" {
		return s.page.Cursors[s.row], nil
	}
	return s.rd.nodeObject(s.page.Nodes[s.row], s.shape.nodes[s.edges+"/"+alias(ctx)]), nil
}
