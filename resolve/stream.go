package resolve

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
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
	if ctx, err = rt.await(ctx, f, position.Position{}); err != nil {
		return nil, err
	}
	selected := f.selected(ctx, w.Entity.Name+"Change")
	st := &stream{w.Entity, map[string]*shape{}, graphql.GetFieldContext(ctx), teller(selected)}
	w.Node = &query.Selection{}
	for _, sub := range selected {
		if sub.Name != w.Entity.Singular {
			continue
		}
		s, err := rt.entityShape(ctx, w.Entity, sub)
		if err != nil {
			return nil, err
		}
		st.nodes[sub.Alias] = s
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
			case out <- &Object{w.Entity.Name + "Change", &changeSource{st, &reader{Runtime: rt, left: newBudget()}, c}}:
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
	for _, e := range rt.Model.Readables() {
		switch f.Name {
		case e.Singular + "Changed":
			w.Entity = e
			var err error
			w.ID, err = rt.neededID(f, "id")
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

// teller returns the response key of the field that tells the error which ends a subscription: one that can't be null, so that the message is null as a whole.
func teller(selected []field) string {
	key := ""
	for _, f := range selected {
		switch {
		case f.Name == "type" || f.Name == "token":
			return f.Alias
		case key == "" && f.Name != "__typename":
			key = f.Alias
		}
	}
	return key
}

// stream is what the messages of a subscription have in common.
type stream struct {
	entity *schema.Entity
	nodes  map[string]*shape
	field  *graphql.FieldContext // the subscription itself
	teller string
}

// changeSource is one message of a subscription.
type changeSource struct {
	*stream
	rd     *reader
	change query.Change
}

func (s *changeSource) value(ctx context.Context, name string) (any, error) {
	c, at := s.change, graphql.GetFieldContext(ctx)
	at.Parent = s.field // gqlgen leaves the subscription out of the paths of errors
	if c.Err != nil {
		if at.Field.Alias == s.teller {
			return nil, c.Err
		}
		return nil, nil //nolint:nilnil // one field tells
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
	return s.rd.nodeObject(c.Node, s.nodes[at.Field.Alias]), nil
}

func (s *changeSource) event() any {
	e := s.change.Event
	if e == nil {
		return nil
	}
	ref := command.Ref{Entity: s.entity.Name, ID: s.change.ID}
	return event{ref, e.Version, e.Name, e.From, e.To, e.At, e.CommandID, e.Actor, e.CorrelationID, e.CausationID}.object()
}
