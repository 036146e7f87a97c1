package server

import (
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/resolve"
)

const (
	positionHeader    = "Daybook-Position" // of an answer
	maxPositionHeader = 4000               // bytes; one that is longer, of a log of very many partitions, is among the answer's extensions only
)

// positioned puts the position of an answer among its extensions. A subscription's messages have none: what they tell of happens at many.
func positioned(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	r := next(ctx)
	op := graphql.GetOperationContext(ctx)
	if r == nil || op.Operation == nil || op.Operation.Operation == ast.Subscription {
		return r
	}
	p := resolve.AnswerPosition(ctx)
	if p == "" {
		return r
	}
	if r.Extensions == nil {
		r.Extensions = map[string]any{}
	}
	r.Extensions[resolve.PositionExtension] = p
	if c, ok := ctx.Value(callKey{}).(*call); ok && !c.stream {
		c.position = p
	}
	return r
}

// atLeastParam returns the position among the parameters of a WebSocket's connection. What is wrong with it is for clients.
func atLeastParam(params map[string]json.RawMessage) (text, wrong string) {
	raw, given := params[resolve.AtLeastName]
	if !given || string(raw) == "null" {
		return "", ""
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", resolve.AtLeastName + " is no text"
	}
	text, err := resolve.ParseAtLeast(text)
	if err != nil {
		return "", resolve.AtLeastName + ": not a position"
	}
	return text, ""
}

// initialised has what runs on a WebSocket know what its connection was opened with, in the place of what the header said. It was checked before.
func initialised(ctx context.Context, params transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	if text, ok := params[resolve.AtLeastName].(string); ok {
		info := resolve.RequestFrom(ctx)
		info.AtLeast = text
		ctx = resolve.WithRequest(ctx, info)
	}
	return ctx, nil, nil
}
