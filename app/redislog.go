package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"
)

// redisLog is where go-redis's own lines go: it has one logger for the whole process, which writes to stderr by itself. What fails is also an error, which
// our log has once; these are for who looks closer.
type redisLog struct{ to atomic.Pointer[slog.Logger] }

var redisLines = &redisLog{}

func init() { goredis.SetLogger(redisLines) }

// Printf implements go-redis's logger.
func (l *redisLog) Printf(ctx context.Context, format string, v ...any) {
	if to := l.to.Load(); to != nil && to.Enabled(ctx, slog.LevelDebug) {
		to.DebugContext(ctx, fmt.Sprintf(format, v...), "by", "go-redis")
	}
}
