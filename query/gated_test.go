package query_test

import (
	"context"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
)

// gated is a feed that gives nothing until it is open.
type gated struct {
	feed.Feed
	open  chan struct{}
	tails chan struct{} // gets one when somebody has asked for the tail, if there is room
}

func (g *gated) Tail(ctx context.Context) (feed.Cursor, error) {
	defer func() {
		select {
		case g.tails <- struct{}{}:
		default:
		}
	}()
	return g.Feed.Tail(ctx)
}

func (g *gated) Read(ctx context.Context, after feed.Cursor, limit int, wait time.Duration) ([]feed.Entry, error) {
	select {
	case <-g.open:
		return g.Feed.Read(ctx, after, limit, wait)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
