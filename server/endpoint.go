package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/resolve"
)

// endpoint returns the handler of one GraphQL endpoint. Each has a query cache of its own: a hit skips validation against its schema.
func (s *Server) endpoint(path string, visible *ast.Schema) http.Handler {
	h := handler.New(s.cfg.Graph(visible))
	h.AddTransport(transport.Options{})
	h.AddTransport(transport.Websocket{
		KeepAlivePingInterval: 15 * time.Second,
		InitTimeout:           10 * time.Second,
		// Origins are checked before: see originAllowed.
		Implementation: transport.CoderWebsocketImplementation{AcceptOptions: websocket.AcceptOptions{InsecureSkipVerify: true}},
	})
	h.AddTransport(transport.SSE{KeepAlivePingInterval: 15 * time.Second}) // before POST, which would take its requests
	h.AddTransport(transport.GET{})
	h.AddTransport(transport.POST{})
	h.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	h.SetParserTokenLimit(s.cfg.Limits.Tokens)
	h.Use(extension.Introspection{})
	h.Use(limiter{s.cfg.Limits})
	h.SetErrorPresenter(s.present(path))
	h.SetRecoverFunc(s.recovered)
	return s.guarded(h)
}

// guarded checks what concerns HTTP rather than GraphQL, and bounds the request.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.cors(w, r) {
			return
		}
		ctx := r.Context()
		var cancel context.CancelFunc
		if streaming(r) {
			if !s.originAllowed(r) {
				refuse(w, http.StatusForbidden, "FORBIDDEN_ORIGIN", "this origin may not subscribe here")
				return
			}
			var cause context.CancelFunc
			ctx, cause = context.WithCancel(ctx)
			stop := context.AfterFunc(s.streams, cause)
			cancel = func() { stop(); cause() }
			w = &deadlines{ResponseWriter: w}
		} else {
			if !acceptable(w, r) {
				return
			}
			ctx, cancel = context.WithTimeout(ctx, s.cfg.Limits.Timeout)
		}
		defer cancel()
		key := r.Header.Get("Idempotency-Key")
		if len(key) > 200 {
			refuse(w, http.StatusBadRequest, "INVALID_INPUT", "Idempotency-Key is longer than 200 bytes")
			return
		}
		if key != "" {
			ctx = resolve.WithRequest(ctx, resolve.RequestInfo{IdempotencyKey: key})
		}
		if r.ContentLength > s.cfg.Limits.Body {
			refuse(w, http.StatusRequestEntityTooLarge, "TOO_MUCH", fmt.Sprintf("a request has at most %d bytes", s.cfg.Limits.Body))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, s.cfg.Limits.Body)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// streaming reports whether a request asks for a WebSocket or for server-sent events.
func streaming(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// acceptable refuses methods and content types that are none of GraphQL over HTTP. What a form can send is among them: another site's page could send it
// with this site's cookies, without asking.
func acceptable(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodOptions, http.MethodHead:
		return true
	case http.MethodPost:
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err == nil && (media == "application/json" || strings.HasPrefix(media, "application/graphql-response+json")) {
			return true
		}
		refuse(w, http.StatusUnsupportedMediaType, "INVALID_INPUT", "send the request as Content-Type: application/json")
		return false
	}
	w.Header().Set("Allow", "GET, POST, OPTIONS")
	refuse(w, http.StatusMethodNotAllowed, "INVALID_INPUT", "use POST, or GET for queries")
	return false
}

// cors answers preflights and lets the configured origins in. It reports whether the request goes on.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	w.Header().Add("Vary", "Origin")
	if slices.Contains(s.cfg.Origins, origin) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, Idempotency-Key")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return false
		}
	}
	return true
}

// originAllowed decides about WebSockets, which browsers open across origins without asking.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.cfg.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// deadlines gives every write to a streaming client a deadline, so that one that stops reading is dropped.
type deadlines struct{ http.ResponseWriter }

const writeDeadline = 15 * time.Second

// Write writes within the deadline.
func (d *deadlines) Write(b []byte) (int, error) {
	_ = http.NewResponseController(d.ResponseWriter).SetWriteDeadline(time.Now().Add(writeDeadline)) // where the server knows deadlines
	return d.ResponseWriter.Write(b)
}

// Flush passes on.
func (d *deadlines) Flush() { _ = http.NewResponseController(d.ResponseWriter).Flush() }

// Hijack returns a connection whose writes have the deadline.
func (d *deadlines) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(d.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Time{}) // the server's own deadlines were for the request
	return &deadlineConn{conn}, rw, nil
}

type deadlineConn struct{ net.Conn }

// Write writes within the deadline.
func (c *deadlineConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
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
