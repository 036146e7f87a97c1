// Package server is the HTTP side: endpoints, transports, limits and the playground around an executable schema. It knows nothing of what
// the schema is about.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// Config says what a Server serves.
type Config struct {
	// Graph returns the executable schema, of which clients see s.
	Graph func(s *ast.Schema) graphql.ExecutableSchema
	// API, Command and Query are the SDL of both halves, the write half and the read half.
	API, Command, Query string
	// Writes and Reads say which halves this process serves; at least one.
	Writes, Reads bool
	// Ready reports what does not work by part; an empty map is ready. It is called for /readyz, which shows the names of the parts and not the errors.
	Ready func(ctx context.Context) map[string]error
	// Origins are the origins that pages may call from besides the server's own, "https://shop.example"; AnyOrigin alone is every one, without credentials.
	Origins []string

	// ActorHeader is the request header that says who sends a command, "" for none. What stands in front of the server sets it, and takes it from clients' requests.
	ActorHeader string
	// Example is what the playground shows at first.
	Example string
	Logger  *slog.Logger
	Limits  Limits
}

// Server serves the API. It is safe for concurrent use.
type Server struct {
	cfg     Config
	handler http.Handler
	streams context.Context // ends when streaming requests have to
	end     context.CancelFunc
	gate    *gate
	health  health
}

// New returns a server. It fails if an SDL text is wrong.
func New(cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Limits = cfg.Limits.withDefaults()
	s := &Server{cfg: cfg, gate: newGate(cfg.Limits.Streams)}
	s.streams, s.end = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	if err := s.endpoints(mux); err != nil {
		s.end()
		return nil, err
	}
	if err := playground(mux, cfg); err != nil {
		s.end()
		return nil, err
	}
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }) // browsers ask for it
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/playground", http.StatusFound) })
	s.handler = s.outermost(mux)
	return s, nil
}

// Handler returns the handler of all endpoints.
func (s *Server) Handler() http.Handler { return s.handler }

// endpoints mounts /command, /query and /graphql, as far as this process serves them.
func (s *Server) endpoints(mux *http.ServeMux) error {
	both := s.cfg.API
	switch {
	case !s.cfg.Reads:
		both = s.cfg.Command
	case !s.cfg.Writes:
		both = s.cfg.Query
	}
	for _, e := range []struct {
		path, sdl string
		served    bool
		role      string
	}{
		{"/command", s.cfg.Command, s.cfg.Writes, "command"},
		{"/query", s.cfg.Query, s.cfg.Reads, "query"},
		{"/graphql", both, true, ""},
	} {
		if !e.served {
			mux.Handle(e.path, s.cors(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				refuse(w, http.StatusNotFound, "NOT_SERVED", fmt.Sprintf("this process does not have the role %s: send the request to one that has it", e.role))
			})))
			continue
		}
		visible, err := gqlparser.LoadSchema(&ast.Source{Name: e.path, Input: e.sdl})
		if err != nil {
			return fmt.Errorf("the SDL for %s: %w", e.path, err)
		}
		delete(visible.Directives, "defer") // gqlgen 0.17.98 loses data under it
		mux.Handle(e.path, s.cors(s.endpoint(e.path, visible)))
	}
	return nil
}
