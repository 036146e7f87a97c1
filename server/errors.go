package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// coded is an error whose text and code are for clients. What it wraps is not.
type coded interface {
	error
	GraphQLCode() string
}

// extended is an error that clients see more of.
type extended interface {
	error
	GraphQLExtensions() map[string]any
}

// present turns errors into what clients see. Internal text never gets out: clients get an id, and the log has the rest under it.
func (s *Server) present(path string) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var c coded
		var g *gqlerror.Error
		switch {
		case errors.As(err, &c):
			return s.coded(ctx, err, c)
		case errors.As(err, &g) && g.Err == nil: // gqlparser's or gqlgen's own
			if explained := misdirected(path, g.Message); explained != "" {
				return withCode(&gqlerror.Error{Message: explained, Locations: g.Locations}, "WRONG_ENDPOINT")
			}
			if _, ok := g.Extensions["code"]; !ok {
				return withCode(g, "INTERNAL") // what gqlgen says of values that resolvers gave: "must not be null"
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

// coded presents c, which is err or inside of it; gqlgen has put that on its path. Why it happened is for the log.
func (s *Server) coded(ctx context.Context, err error, c coded) *gqlerror.Error {
	out := graphql.DefaultErrorPresenter(ctx, err)
	out.Message = c.Error()
	var more extended
	if errors.As(err, &more) {
		added := more.GraphQLExtensions()
		if out.Extensions == nil {
			out.Extensions = make(map[string]any, len(added)+1)
		}
		maps.Copy(out.Extensions, added)
	}
	if cause := errors.Unwrap(c); cause != nil {
		s.cfg.Logger.WarnContext(ctx, "a request failed", "code", c.GraphQLCode(), "error", c.Error(), "cause", cause)
	}
	return withCode(out, c.GraphQLCode())
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

// aboutCommands matches gqlparser's complaint about a query that only the write half has.
var aboutCommands = regexp.MustCompile(`^Cannot query field "(scheduledCommands|rejectedCommands|failedReactions)" on type "Query"`)

// misdirected explains gqlparser's complaint about an operation that the endpoint's half of the schema does not have.
func misdirected(path, message string) string {
	switch {
	case path == "/query" && strings.HasPrefix(message, "Schema does not support operation type \"mutation\""):
		return "/query answers queries and subscriptions only: send mutations to /command or /graphql"
	case path == "/query" && aboutCommands.MatchString(message):
		return strings.TrimSuffix(message, ".") + ": /query answers about entities: send queries about commands to /command or /graphql"
	case path == "/command" && strings.HasPrefix(message, "Schema does not support operation type \"subscription\""):
		return "/command takes mutations and queries about commands: send subscriptions to /query or /graphql"
	case path == "/command" && strings.HasPrefix(message, "Cannot query field") && strings.Contains(message, `on type "Query"`):
		return strings.TrimSuffix(message, ".") + ": /command takes mutations and queries about commands: send other queries to /query or /graphql"
	}
	return ""
}
