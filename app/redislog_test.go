package app

import (
	"log/slog"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

func TestGoRedisWritesToOurLog(t *testing.T) {
	var out strings.Builder
	was := redisLines.to.Load()
	redisLines.to.Store(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer redisLines.to.Store(was)
	client := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer client.Close()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Fatal("somebody is there")
	}
	if !strings.Contains(out.String(), "level=DEBUG") || !strings.Contains(out.String(), "go-redis") {
		t.Errorf("%q", out.String())
	}
}
