package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// coded is an error whose text and code are for clients.
type coded interface {
	error
	GraphQLCode() string
}

// present turns errors into what clients see. Internal text never gets out: clients get an id, and the log has the rest under it.
func (s *Server) present(path string) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var c coded
		var g *gqlerror.Error
		raw := err
		if errors.As(err, &g) && g.Err != nil {
			raw = g.Err // what a resolver or an argument gave; gqlgen puts it on its path
		}
		switch {
		case errors.As(err, &c):
			out := graphql.DefaultErrorPresenter(ctx, err)
			out.Message = raw.Error()
			return withCode(out, c.GraphQLCode())
		case g != nil && g.Err == nil: // gqlparser's or gqlgen's own
			if explained := misdirected(path, g.Message); explained != "" {
				return withCode(&gqlerror.Error{Message: explained, Locations: g.Locations}, "WRONG_ENDPOINT")
			}
			return g
		case errors.Is(err, context.DeadlineExceeded):
			return withCode(graphql.DefaultErrorPresenter(ctx, errors.New("the request took too long")), "TIMEOUT")
		case errors.Is(err, context.Canceled):
			return withCode(graphql.DefaultErrorPresenter(ctx, errors.New("the request was cancelled")), "CANCELED")
		}
		return s.internal(ctx, err)
	}
}

func (s *Server) internal(ctx context.Context, err error) *gqlerror.Error {
	id := uuid.NewString()
	s.cfg.Logger.ErrorContext(ctx, "a request failed", "id", id, "error", err)
	return withCode(graphql.DefaultErrorPresenter(ctx, fmt.Errorf("internal error %s", id)), "INTERNAL")
}

func (s *Server) recovered(ctx context.Context, p any) error {
	s.cfg.Logger.ErrorContext(ctx, "a resolver panicked", "panic", p, "stack", string(debug.Stack()))
	return errors.New("a resolver panicked")
}

func withCode(g *gqlerror.Error, code string) *gqlerror.Error {
	if g.Extensions == nil {
		g.Extensions = map[string]any{}
	}
	g.Extensions["code"] = code
	return g
}

// misdirected explains gqlparser's complaint about an operation that the endpoint's half of the schema does not have.
func misdirected(path, message string) string {
	switch {
	case path == "/query" && strings.HasPrefix(message, "Schema does not support operation type \"mutation\""):
		return "/query answers queries and subscriptions only: send mutations to /command or /graphql"
	case path == "/command" && strings.HasPrefix(message, "Schema does not support operation type \"subscription\""):
		return "/command takes mutations only: send subscriptions to /query or /graphql"
	case path == "/command" && strings.HasPrefix(message, "Cannot query field") && strings.Contains(message, `on type "Query"`):
		return message + ": /command takes mutations only, send queries to /query or /graphql"
	}
	return ""
}

// logged logs requests at debug level.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		next.ServeHTTP(w, r)
		s.cfg.Logger.Debug("request", "method", r.Method, "path", r.URL.Path, "took", time.Since(begun))
	})
}
