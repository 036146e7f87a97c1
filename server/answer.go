package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
)

// answering is a transport that sends an answer as it was made. gqlgen's own look at each of its bytes once more, and copy them twice.
type answering struct{ graphql.Transport }

// Do implements graphql.Transport.
func (t answering) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	a := &answer{ResponseWriter: w, GraphExecutor: exec}
	t.Transport.Do(a, r, a)
}

// answer is the executor and the response of one request: what the transport writes after the answer was sent is dropped.
type answer struct {
	http.ResponseWriter
	graphql.GraphExecutor
	sent bool
}

// DispatchOperation implements graphql.GraphExecutor.
func (a *answer) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	next, ctx := a.GraphExecutor.DispatchOperation(ctx, op)
	return func(ctx context.Context) *graphql.Response {
		r := next(ctx)
		text := asMade(r)
		if text == nil {
			return r
		}
		_, _ = a.ResponseWriter.Write(text) // the client is gone, or the answer too large, which the response knows
		a.sent = true
		return &graphql.Response{}
	}, ctx
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.sent {
		return len(b), nil
	}
	return a.ResponseWriter.Write(b)
}

// asMade returns what encoding/json would write for a response, nil if that takes more than to copy it: with errors, or with what has to be escaped for answers to be safe inside of HTML.
func asMade(r *graphql.Response) []byte {
	if r == nil || len(r.Data) == 0 || len(r.Errors) > 0 || r.Label != "" || r.Path != nil || r.HasNext != nil || escaped(r.Data) {
		return nil
	}
	var extensions []byte
	if len(r.Extensions) > 0 {
		var err error
		if extensions, err = json.Marshal(r.Extensions); err != nil {
			return nil
		}
	}
	const data, behind, end = `{"data":`, `,"extensions":`, `}`
	out := make([]byte, 0, len(data)+len(r.Data)+len(behind)+len(extensions)+len(end))
	out = append(append(out, data...), r.Data...)
	if extensions != nil {
		out = append(append(out, behind...), extensions...)
	}
	return append(out, end...)
}

// escaped reports whether encoding/json would escape something in a text.
func escaped(b []byte) bool {
	return bytes.IndexByte(b, '<') >= 0 || bytes.IndexByte(b, '>') >= 0 || bytes.IndexByte(b, '&') >= 0 || bytes.Contains(b, []byte("\u2028")) || bytes.Contains(b, []byte("\u2029"))
}
