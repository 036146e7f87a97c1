package redis

import (
	"context"

	goredis "github.com/redis/go-redis/v9"
)

// pipe runs scripts.
type pipe struct {
	client goredis.UniversalClient
}

func newPipe(c goredis.UniversalClient) *pipe { return &pipe{client: c} }

func (p *pipe) run(<-chan struct{}) {}

func (p *pipe) do(ctx context.Context, s *goredis.Script, names []string, args []any) (any, error) {
	return s.Run(ctx, p.client, names, args...).Result()
}
