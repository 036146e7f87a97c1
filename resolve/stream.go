package resolve

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Stream resolves a field of Subscription. The channel is closed when ctx ends, or after an object whose fields give the error that ended it.
func Stream(ctx context.Context, rt *Runtime) (<-chan *Object, error) {
	if rt.Queries == nil {
		return nil, errNoQueries
	}
	f := current(ctx)
	w, err := rt.watch(f)
	if err != nil {
		return nil, err
	}
	nodes := map[string]*shape{}
	w.Node = &query.Selection{}
	for _, sub := range f.selected(ctx, w.Entity.Name+"Change") {
		if sub.Name != w.Entity.Singular {
			continue
		}
		s, err := rt.entityShape(ctx, w.Entity, sub)
		if err != nil {
			return nil, err
		}
		nodes[sub.Alias] = s
		merge(w.Node, s.selection)
	}
	changes, err := rt.Queries.Watch(ctx, w)
	if err != nil {
		return nil, err
	}
	out := make(chan *Object)
	go func() {
		defer close(out)
		for c := range changes {
			select {
			case out <- &Object{w.Entity.Name + "Change", &changeSource{&reader{rt, newBudget()}, w.Entity, c, nodes}}:
			case <-ctx.Done():
				return // Watch ends by ctx too
			}
		}
	}()
	return out, nil
}

// watch reads the arguments of a subscription.
func (rt *Runtime) watch(f field) (query.Watch, error) {
	w := query.Watch{}
	w.Token, _ = f.args["token"].(string)
	w.Snapshot, _ = f.args["snapshot"].(bool)
	for _, e := range rt.Model.Entities {
		switch f.Name {
		case e.Singular + "Changed":
			w.Entity = e
			var err error
			w.ID, err = rt.neededID(f)
			return w, err
		case e.Plural + "Changed":
			w.Entity = e
			where, _ := f.args["where"].(map[string]any)
			var err error
			w.Filter, err = rt.Queries.Filter(e, where)
			return w, err
		}
	}
	return w, errors.New("the model has no subscription " + f.Name)
}

// changeSource is one message of a subscription.
type changeSource struct {
	rd     *reader
	entity *schema.Entity
	change query.Change
	nodes  map[string]*shape
}

func (s *changeSource) value(ctx context.Context, name string) (any, error) {
	c := s.change
	if c.Err != nil {
		return nil, c.Err
	}
	switch name {
	case "type":
		return c.Type, nil
	case "id":
		return orNull(c.ID), nil
	case "token":
		return c.Token, nil
	case "event":
		return s.event(), nil
	}
	return s.rd.nodeObject(c.Node, s.nodes[graphql.GetFieldContext(ctx).Field.Alias]), nil
}

func (s *changeSource) event() any {
	e := s.change.Event
	if e == nil {
		return nil
	}
	return &Object{"EventInfo", plain{
		"entity": s.entity.Name, "id": s.change.ID, "name": e.Name, "from": orNull(e.From), "to": orNull(e.To),
		"version": int(e.Version), "at": scalar.NewDateTime(e.At), "commandId": orNull(e.CommandID),
	}}
}
