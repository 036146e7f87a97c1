package handwritten

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
)

// Database reads orders.
type Database interface {
	// Get returns an order, nil if there is none.
	Get(ctx context.Context, id string) (*Order, error)
	// List returns the first n orders by id.
	List(ctx context.Context, n int) ([]*Order, error)
}

// Log appends a mutation's arguments and returns where it put them.
type Log func(ctx context.Context, id string, input []byte) (position string, err error)

// New returns the server's only endpoint.
func New(db Database, log Log) http.Handler {
	h := handler.New(NewExecutableSchema(Config{Resolvers: &resolver{db, log}}))
	h.AddTransport(transport.POST{})
	h.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	return h
}

type resolver struct {
	db  Database
	log Log
}

func (r *resolver) Query() QueryResolver       { return query{r} }
func (r *resolver) Mutation() MutationResolver { return mutation{r} }

type query struct{ *resolver }

func (q query) Order(ctx context.Context, id string) (*Order, error) { return q.db.Get(ctx, id) }

func (q query) Orders(ctx context.Context, first *int) (*OrderConnection, error) {
	orders, err := q.db.List(ctx, *first+1)
	if err != nil {
		return nil, err
	}
	out := &OrderConnection{PageInfo: &PageInfo{HasNextPage: len(orders) > *first}}
	for _, o := range orders[:min(*first, len(orders))] {
		out.Edges = append(out.Edges, &OrderEdge{base64.RawURLEncoding.EncodeToString([]byte(o.ID)), o})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.EndCursor = &out.Edges[n-1].Cursor
	}
	return out, nil
}

type mutation struct{ *resolver }

func (m mutation) CreateOrder(ctx context.Context, id *string, customer string, lines []*OrderLineInput, note *string) (*OrderPayload, error) {
	if id == nil {
		s := uuid.NewString()
		id = &s
	}
	return m.append(ctx, map[string]any{"id": id, "customer": customer, "lines": lines, "note": note},
		&Order{ID: *id, Status: "CREATED", CustomerID: customer, Note: note, Version: 1, Sum: money("79.09"), CreatedAt: time.Now().UTC().Format(time.RFC3339Nano)})
}

func (m mutation) NoteOrder(ctx context.Context, id string, note *string) (*OrderPayload, error) {
	return m.append(ctx, map[string]any{"id": id, "note": note}, &Order{ID: id, Status: "CREATED", Note: note, Version: 2})
}

func (m mutation) append(ctx context.Context, input map[string]any, o *Order) (*OrderPayload, error) {
	b, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	position, err := m.log(ctx, o.ID, b)
	if err != nil {
		return nil, err
	}
	return &OrderPayload{o, &Receipt{position}}, nil
}
