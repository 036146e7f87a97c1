package resolve

import "context"

// RequestInfo is what resolvers know of the HTTP request.
type RequestInfo struct {
	IdempotencyKey string // the header of that name, "" for none; at most 200 bytes
	AtLeast        string // a position, as text, that everything which is read has to include; "" for none
	Actor          string // who sends it, as far as what stands in front of the server says, "" for nobody known; 200 bytes of UTF-8 at most, no control characters
}

type requestKey struct{}

// WithRequest returns a context that carries info.
func WithRequest(ctx context.Context, info RequestInfo) context.Context {
	return context.WithValue(ctx, requestKey{}, info)
}

// RequestFrom returns what WithRequest put into the context.
func RequestFrom(ctx context.Context) RequestInfo {
	info, _ := ctx.Value(requestKey{}).(RequestInfo)
	return info
}
