package server

import (
	"context"
	"encoding/base64"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const eventStream = "text/event-stream"

// wantsSocket reports whether a request asks for a WebSocket. Another protocol to upgrade to is forgotten, as HTTP allows.
func wantsSocket(r *http.Request) bool {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return true
	}
	r.Header.Del("Upgrade")
	return false
}

// wantsEvents reports whether a request asks for server-sent events. Clients that name them besides JSON, as urql does with every query, want JSON: then
// Accept is left without them.
func wantsEvents(r *http.Request) bool {
	events, asJSON := false, false
	var rest []string
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		switch media = strings.TrimSpace(media); media {
		case eventStream:
			events = true
			continue
		case "application/json", "application/graphql-response+json", "application/graphql+json":
			asJSON = true
		}
		if media != "" {
			rest = append(rest, strings.TrimSpace(part))
		}
	}
	switch {
	case events && !asJSON:
		r.Header.Set("Accept", eventStream)
		return true
	case len(rest) > 0:
		r.Header.Set("Accept", strings.Join(rest, ", "))
	}
	return false
}

// acceptable refuses methods and content types that are none of GraphQL over HTTP. What a form can send is among them: another site's page could send it
// with this site's cookies, without asking.
func acceptable(w http.ResponseWriter, r *http.Request, events bool) bool {
	switch {
	case r.Method == http.MethodPost:
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err == nil && media == "application/json" {
			return true
		}
		refuse(w, http.StatusUnsupportedMediaType, "INVALID_INPUT", "send the request as Content-Type: application/json")
	case events:
		w.Header().Set("Allow", "POST")
		refuse(w, http.StatusMethodNotAllowed, "INVALID_INPUT", "server-sent events answer POST only: use graphql-sse rather than EventSource, or a WebSocket")
	case r.Method == http.MethodGet || r.Method == http.MethodOptions:
		return true
	default:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		refuse(w, http.StatusMethodNotAllowed, "INVALID_INPUT", "use POST, or GET for queries")
	}
	return false
}

// upgradable refuses what coder/websocket would, of which gqlgen writes to the standard logger.
func upgradable(w http.ResponseWriter, r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	switch {
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		refuse(w, http.StatusUpgradeRequired, "INVALID_INPUT", "WebSockets are of version 13 here")
	case r.Method != http.MethodGet || !strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Connection"), ",")), "upgrade") ||
		err != nil || len(key) != 16 || r.ProtoMajor != 1 || r.ProtoMinor < 1:
		refuse(w, http.StatusBadRequest, "INVALID_INPUT", "this is no WebSocket handshake")
	default:
		return true
	}
	return false
}

// call is what extensions know of the HTTP request that an operation came with.
type call struct {
	method string
	stream bool
	status int // the status to answer with instead of gqlgen's, 0 for that

	position string // of the answer; "" for none
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// fitting refuses operations that the way they came by does not fit.
type fitting struct{ timeout time.Duration }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.OperationInterceptor
} = fitting{}

// ExtensionName implements graphql.HandlerExtension.
func (fitting) ExtensionName() string { return "Fitting" }

// Validate implements graphql.HandlerExtension.
func (fitting) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (fitting) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	c, _ := ctx.Value(callKey{}).(*call)
	switch kind := op.Operation.Operation; {
	case c == nil || c.stream:
		return nil
	case kind == ast.Subscription:
		c.status = http.StatusNotAcceptable
		return withCode(gqlerror.Errorf("a subscription is a stream: use a WebSocket, or send Accept: text/event-stream"), "INVALID_INPUT")
	case kind == ast.Mutation && c.method == http.MethodGet:
		c.status = http.StatusMethodNotAllowed
		return withCode(gqlerror.Errorf("GET requests only allow query operations: send mutations by POST"), "INVALID_INPUT")
	}
	return nil
}

// InterceptOperation implements graphql.OperationInterceptor: a query or mutation over a stream has the time that any other has.
func (f fitting) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil || !c.stream || graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		return next(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, f.timeout)
	responses := next(bounded)
	return func(ctx context.Context) *graphql.Response {
		r := responses(ctx)
		if r == nil {
			cancel()
		}
		return r
	}
}
