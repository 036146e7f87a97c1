package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/schema"
	"github.com/daybook-cqrs/daybook/server"
)

// refusing is a store that has an error for every list.
type refusing struct {
	documents.Store
	err error
}

func (refusing) Checkpoints(context.Context) (map[int]documents.Checkpoint, error) { return nil, nil }

func (refusing) Secret(context.Context) ([]byte, error) { return documents.NewSecret(), nil }

func (r refusing) List(context.Context, documents.Query) ([]documents.Document, error) {
	return nil, r.err
}

// serve serves queries of the model over a store.
func serve(t *testing.T, documents documents.Store) *store {
	t.Helper()
	m, err := schema.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	e := query.New(query.Config{Model: m, Store: documents, Feed: feed.NewMemory(1, 10)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	rt := &resolve.Runtime{Model: m, Queries: e}
	s, err := server.New(server.Config{
		Graph: func(s *ast.Schema) graphql.ExecutableSchema { return definition.Graph(rt, s) },
		API:   definition.API, Command: definition.Command, Query: definition.Query, Reads: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Close(); cancel(); <-done })
	return &store{t: t, addr: strings.TrimPrefix(h.URL, "http://")}
}

// TestTheErrorOfASubscriptionIsToldOnce, whatever is selected, at a path that begins with the subscription.
func TestTheErrorOfASubscriptionIsToldOnce(t *testing.T) {
	s := serve(t, refusing{err: &query.Error{Code: "TOO_MUCH", Message: "that is too much"}})
	for selection, path := range map[string]string{
		"type id order { id } event { name } token":       "[live type]",
		"id order { id total } t: token type":             "[live t]",
		"id event { name } order { id customer { name }}": "[live id]",
		"__typename o: order { id }":                      "[live o]",
	} {
		read := s.stream("subscription { live: ordersChanged(snapshot: true) { " + selection + " } }")
		a := read()
		a.want("errors.0.message", "that is too much", "errors.0.extensions.code", "TOO_MUCH", "errors.0.path", path)
		if n := strings.Count(a.raw, "TOO_MUCH"); n != 1 {
			t.Errorf("%d errors: %s", n, a.raw)
		}
		if strings.Contains(selection, "type ") || strings.Contains(selection, "token") {
			a.want("data.live", "<nil>")
		}
	}
}
