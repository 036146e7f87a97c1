package resolve

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

var errNoQueries = &publicError{"NOT_SERVED", "this process answers no queries: send them to one with the query role"}

// query resolves a field of Query.
func (rt *Runtime) query(ctx context.Context, f field) (any, error) {
	switch f.Name {
	case "daybook":
		return rt.Version, nil
	case "stateMachine":
		return rt.stateMachine(f), nil
	case "scheduledCommands", "rejectedCommands", "failedReactions":
		return rt.commandQuery(ctx, f)
	}
	if rt.Queries == nil {
		return nil, errNoQueries
	}
	ctx, err := rt.await(ctx, f, position.Position{})
	if err != nil {
		return nil, err
	}
	if f.asOf, err = rt.asOf(f); err != nil {
		return nil, err
	}
	switch f.Name {
	case "node":
		return rt.anyNode(ctx, f)
	case "causationOf":
		return rt.causes(ctx, f)
	case history:
		return rt.historyOf(ctx, f)
	}
	for _, e := range rt.Model.Readables() {
		switch f.Name {
		case e.Singular:
			id, err := rt.neededID(f, "id")
			if err != nil {
				return nil, err
			}
			return rt.get(ctx, e, id, f)
		case e.Plural:
			return rt.page(ctx, e, f)
		}
	}
	return nil, errors.New("the model has no query " + f.Name)
}

// commandQuery resolves a query about commands, which the log answers.
func (rt *Runtime) commandQuery(ctx context.Context, f field) (any, error) {
	if rt.Commands == nil {
		return nil, errNoCommands
	}
	switch f.Name {
	case "scheduledCommands":
		return rt.scheduled(ctx, f)
	case "rejectedCommands":
		return rt.rejected(ctx, f)
	}
	return rt.failedReactions(ctx, f)
}

var dateTimeType = schema.Type{Kind: schema.KindDateTime, Name: "DateTime"}

// asOf reads the argument of that name, nil for none.
func (rt *Runtime) asOf(f field) (*time.Time, error) {
	v := f.args["asOf"]
	if v == nil {
		return nil, nil //nolint:nilnil // now
	}
	at, err := rt.Model.Coerce(dateTimeType, v, "asOf")
	if err != nil {
		return nil, badInput(err.Error())
	}
	t := at.(scalar.DateTime).Time()
	return &t, nil
}

// anyNode resolves Query.node: an entity by its nodeId, "Order:o1".
func (rt *Runtime) anyNode(ctx context.Context, f field) (any, error) {
	text, err := rt.neededID(f, "id")
	if err != nil {
		return nil, err
	}
	name, id, ok := strings.Cut(text, ":")
	e := rt.Model.Readable(name)
	if !ok || e == nil {
		return nil, badInput("id: not a nodeId such as " + rt.Model.Entities[0].Name + ":1")
	}
	return rt.get(ctx, e, id, f)
}

func (rt *Runtime) get(ctx context.Context, e *schema.Entity, id string, f field) (any, error) {
	s, err := rt.entityShape(ctx, e, f)
	if err != nil {
		return nil, err
	}
	n, err := rt.Queries.GetAsOf(ctx, f.asOf, e, id, s.selection)
	if err != nil {
		return nil, err
	}
	return rt.reader(ctx).nodeObject(n, s), nil
}

func (rt *Runtime) page(ctx context.Context, e *schema.Entity, f field) (any, error) {
	args, conn, err := rt.list(ctx, e, f)
	if err != nil {
		return nil, err
	}
	p, err := rt.Queries.ListAsOf(ctx, f.asOf, e, args, conn.Connection)
	if err != nil {
		return nil, err
	}
	return connectionObject(rt.reader(ctx), e.Name, p, conn), nil
}

// fromDocuments resolves a field of a payload's entity that only documents can give: a list, or what the archive knows. It waits until they have what the command did.
func (s *headSource) fromDocuments(ctx context.Context, name string) (any, error) {
	rt, shape, f := s.heads.rt, newShape(), current(ctx)
	if rt.Queries == nil {
		return nil, errNoQueries
	}
	ctx, err := rt.await(ctx, field{}, s.heads.after)
	if err != nil {
		return nil, err
	}
	if added, err := rt.addRead(ctx, shape, s.entity, f); !added || err != nil {
		return nil, err
	}
	n, err := rt.Queries.Get(ctx, s.entity, s.snapshot.Ref.ID, shape.selection)
	if err != nil {
		return nil, err
	}
	if n == nil { // a dry run's, or deleted
		if l := shape.lists[alias(ctx)]; l != nil {
			return connectionObject(s.heads.reader(), l.Inverse.Entity, &query.Page{}, l.connection), nil
		}
		if h := shape.histories[alias(ctx)]; h != nil {
			entries, err := rt.Queries.History(ctx, s.entity, s.snapshot.Ref.ID, *h)
			if err != nil {
				return nil, err
			}
			return s.heads.reader().entries(ctx, entries)
		}
		return nil, nil //nolint:nilnil // nothing there
	}
	return (&nodeSource{s.heads.reader(), n, shape}).value(ctx, name)
}
