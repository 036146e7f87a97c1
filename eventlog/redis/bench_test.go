package redis

import (
	"context"
	"fmt"
	"os"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// BenchmarkAppend compares, with the same server and the same callers: an append through the log, the same script with the same arguments sent
// by bare go-redis, and one bare XADD of an entry of the same size. DAYBOOK_BENCH_REDIS_ARGS=fsync runs it with appendfsync always.
func BenchmarkAppend(b *testing.B) {
	var opts []testredis.Option
	if os.Getenv("DAYBOOK_BENCH_REDIS_ARGS") == "fsync" {
		opts = append(opts, testredis.AppendOnly())
	}
	s := testredis.Start(b, opts...)
	l, err := Open(context.Background(), s.URL, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	bare := testredis.Client(b, s.URL)
	defer bare.Close()
	round := 0
	for _, callers := range []int{1, 64} {
		for _, way := range []struct {
			name string
			do   func(a eventlog.Append) error
		}{
			{"log", func(a eventlog.Append) error { _, err := l.Append(context.Background(), a); return err }},
			{"script", func(a eventlog.Append) error { return bareScript(l, bare, a) }},
			{"xadd", func(a eventlog.Append) error { return bareXAdd(bare, a) }},
		} {
			b.Run(fmt.Sprintf("%s/callers=%d", way.name, callers), func(b *testing.B) {
				round++
				prefix := fmt.Sprintf("b%d-", round)
				logtest.BenchmarkCallers(b, callers, func(n int64) error { return way.do(logtest.BenchStep(prefix, n)) })
			})
		}
	}
}

// bareScript is what somebody would write who has append.lua and go-redis, and nothing else.
func bareScript(l *Log, c *goredis.Client, a eventlog.Append) error {
	names, args, err := appendCall(l.keys, l.id, "nonce", l.window.Milliseconds(), &a)
	if err != nil {
		return err
	}
	return appendScript.EvalSha(context.Background(), c, names, args...).Err()
}

func bareXAdd(c *goredis.Client, a eventlog.Append) error {
	return c.XAdd(context.Background(), &goredis.XAddArgs{Stream: "bare", Values: []any{
		"x", "0 1 0 2026-11-24T12:00:00.000000000Z", "p", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "h", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"m", a.Primary.String(), "c", []byte(a.Events[0].Changes), "i", []byte(a.Input)}}).Err()
}
