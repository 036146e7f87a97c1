package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/daybook-cqrs/daybook/resolve"
)

// endpoint returns the handler of one GraphQL endpoint. Each has a query cache of its own: a hit skips validation against its schema.
func (s *Server) endpoint(path string, visible *ast.Schema) http.Handler {
	l := s.cfg.Limits
	h := handler.New(s.cfg.Graph(visible))
	h.AddTransport(transport.Options{})
	h.AddTransport(transport.Websocket{
		KeepAlivePingInterval: l.KeepAlive, PingPongInterval: l.KeepAlive, InitTimeout: initTimeout, PayloadReadLimit: &l.Body,
		Implementation: sockets{s}, InitFunc: initialised,
	})
	h.AddTransport(transport.SSE{KeepAlivePingInterval: l.KeepAlive}) // before POST, which would take its requests
	h.AddTransport(answering{transport.GET{}})
	h.AddTransport(answering{transport.POST{}})
	h.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	h.SetParserTokenLimit(l.Tokens)
	h.Use(extension.Introspection{})
	h.Use(fitting{l.Timeout})
	h.Use(limiter{l})
	h.AroundFields(resolve.Written)
	h.AroundResponses(positioned)
	h.AroundResponses(s.affordable)
	h.SetErrorPresenter(s.present(path))
	h.SetRecoverFunc(s.recovered)
	return s.guarded(h)
}

// guarded checks what concerns HTTP rather than GraphQL, and bounds the request.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, wrong := s.requestInfo(r)
		if wrong != "" {
			refuse(w, http.StatusBadRequest, "INVALID_INPUT", wrong)
			return
		}
		if info != (resolve.RequestInfo{}) {
			r = r.WithContext(resolve.WithRequest(r.Context(), info))
		}
		socket := wantsSocket(r)
		events := !socket && wantsEvents(r)
		switch {
		case (socket || events) && !s.originAllowed(r):
			refuse(w, http.StatusForbidden, "FORBIDDEN_ORIGIN", "pages of this origin may not subscribe here: name it with --origins or DAYBOOK_ORIGINS")
			return
		case socket && !upgradable(w, r), !socket && !acceptable(w, r, events):
			return
		case r.Method == http.MethodPost && !s.checkedBody(w, r), r.Method == http.MethodGet && !socket && !checkedQuery(w, r):
			return
		}
		if socket || events {
			s.streamed(w, r, next, events)
		} else {
			s.answered(w, r, next)
		}
	})
}

// requestInfo reads the headers that commands know of, and says what is wrong with them.
func (s *Server) requestInfo(r *http.Request) (info resolve.RequestInfo, wrong string) {
	if info.IdempotencyKey = r.Header.Get("Idempotency-Key"); len(info.IdempotencyKey) > 200 {
		return info, "Idempotency-Key is longer than 200 bytes"
	}
	var err error
	if info.AtLeast, err = resolve.ParseAtLeast(strings.Join(r.Header.Values(resolve.AtLeastName), ",")); err != nil {
		return info, resolve.AtLeastName + ": " + err.Error()
	}
	if s.cfg.ActorHeader == "" {
		return info, ""
	}
	info.Actor = r.Header.Get(s.cfg.ActorHeader)
	if len(info.Actor) > 200 || !utf8.ValidString(info.Actor) || strings.ContainsFunc(info.Actor, unicode.IsControl) {
		return info, s.cfg.ActorHeader + " is longer than 200 bytes, or no text"
	}
	return info, ""
}

// answered serves a request that is no stream.
func (s *Server) answered(w http.ResponseWriter, r *http.Request, next http.Handler) {
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Limits.Timeout)
	defer cancel()
	c := &call{method: r.Method}
	b := &budget{ResponseWriter: w, call: c, left: s.cfg.Limits.Response}
	next.ServeHTTP(b, r.WithContext(withCall(ctx, c)))
	if b.cut {
		s.cfg.Logger.Warn("a response was cut off: it is larger than the limit", "path", r.URL.Path, "limit", s.cfg.Limits.Response)
		panic(http.ErrAbortHandler)
	}
}

// streamed serves a WebSocket or a stream of events until either side ends it.
func (s *Server) streamed(w http.ResponseWriter, r *http.Request, next http.Handler, events bool) {
	if !s.gate.enter() {
		refuse(w, http.StatusServiceUnavailable, "TOO_MUCH", fmt.Sprintf("this process has %d streams open, or is stopping: try again, or another process", s.cfg.Limits.Streams))
		return
	}
	defer s.gate.leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	st := &stream{ResponseWriter: w, stall: s.cfg.Limits.Stall}
	stop := context.AfterFunc(s.streams, func() {
		if events { // a WebSocket is closed with a code of its own
			st.abort()
		}
		cancel()
	})
	defer stop()
	defer st.end()
	next.ServeHTTP(st, r.WithContext(withCall(ctx, &call{method: r.Method, stream: true})))
	if st.end() {
		panic(http.ErrAbortHandler) // the client sees that something is missing, and comes back
	}
}

// affordable puts an error in the place of data that is larger than the limit, before it is copied.
func (s *Server) affordable(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	r := next(ctx)
	limit := s.cfg.Limits.Response
	if r == nil || int64(len(r.Data)) <= limit {
		return r
	}
	text := "the answer has %d bytes, more than %d: ask for less"
	if op := graphql.GetOperationContext(ctx); op.Operation != nil && op.Operation.Operation == ast.Mutation {
		text = "the commands are done, but the answer has %d bytes, more than %d: ask for less"
	}
	return &graphql.Response{Errors: gqlerror.List{tooMuch(text, len(r.Data), limit)}}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone if this fails
}

// refuse answers with one GraphQL error.
func refuse(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"errors": []any{map[string]any{"message": message, "extensions": map[string]string{"code": code}}}})
}
