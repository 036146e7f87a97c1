package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/internal/versus"
)

// openBeside opens a log, and a bare client of the same server.
func openBeside(b *testing.B, o Options) (*Log, *goredis.Client) {
	b.Helper()
	s := testredis.Start(b)
	l, err := Open(b.Context(), s.URL, o)
	if err != nil {
		b.Fatal(err)
	}
	bare := testredis.Client(b, s.URL)
	b.Cleanup(func() {
		_ = bare.Close()
		_ = l.Close()
	})
	return l, bare
}

// BenchmarkAppend compares, with the same server and the same callers: an append through the log, the same script with the same arguments sent
// by bare go-redis, and one bare XADD of an entry of the same size.
func BenchmarkAppend(b *testing.B) {
	l, bare := openBeside(b, Options{})
	ctx := context.Background()
	for _, callers := range []int{1, 64} {
		step := func(way string, i int) eventlog.Append {
			return logtest.BenchStep(fmt.Sprintf("%s%d-%d-", way, callers, b.N), int64(i))
		}
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			run := fmt.Sprint(b.N, callers)
			versus.Run(b, versus.Rounds{Callers: callers, Calls: 2000},
				versus.Way{Name: "ours", Do: func(i int) error { _, err := l.Append(ctx, step("log"+run, i)); return err }},
				versus.Way{Name: "script", Do: func(i int) error { return bareScript(ctx, l, bare, step("script"+run, i)) }},
				versus.Way{Name: "xadd", Do: func(i int) error { return bareXAdd(ctx, bare, step("xadd"+run, i)) }})
		})
	}
}

// bareScript is what somebody would write who has append.lua and go-redis, and nothing else.
func bareScript(ctx context.Context, l *Log, c *goredis.Client, a eventlog.Append) error {
	names, args, err := appendCall(l.keys, l.id, "nonce", l.window.Milliseconds(), &a, nil)
	if err != nil {
		return err
	}
	return appendScript.EvalSha(ctx, c, names, args...).Err()
}

func bareXAdd(ctx context.Context, c *goredis.Client, a eventlog.Append) error {
	return c.XAdd(ctx, &goredis.XAddArgs{Stream: "bare", Values: []any{
		"x", "0 1 0 2026-11-24T12:00:00.000000000Z", "p", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "h", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"m", a.Primary.String(), "c", []byte(a.Events[0].Changes), "i", []byte(a.Input)}}).Err()
}

// BenchmarkRead compares reading the log through Read, which checks every entry's hash and place in the chain, with a bare XRANGE.
func BenchmarkRead(b *testing.B) {
	l, bare := openBeside(b, Options{Partitions: 1})
	ctx := context.Background()
	const events = 500
	for i := range events {
		if _, err := l.Append(ctx, logtest.BenchStep("r", int64(i))); err != nil {
			b.Fatal(err)
		}
	}
	versus.Run(b, versus.Rounds{Calls: 20},
		versus.Way{Name: "ours", Do: func(int) error {
			got, err := l.Read(ctx, 0, 0, "", events, 0)
			if err == nil && len(got) != events {
				err = fmt.Errorf("%d events", len(got))
			}
			return err
		}},
		versus.Way{Name: "xrange", Do: func(int) error {
			got, err := bare.XRangeN(ctx, l.keys.log(0), "-", "+", events).Result()
			for _, m := range got {
				var changes []eventlog.Change // what a consumer does with it in any case
				if err := json.Unmarshal([]byte(m.Values["c"].(string)), &changes); err != nil {
					return err
				}
			}
			return err
		}})
}
