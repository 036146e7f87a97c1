package redis

import (
	"context"
	"fmt"
	"testing"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/internal/versus"
)

// BenchmarkAppendInACluster compares, in a Cluster of three masters on this machine: an append, the same script with the same arguments sent by bare go-redis, and
// an append that claims a value, which is reserved before and confirmed behind.
func BenchmarkAppendInACluster(b *testing.B) {
	url := testredis.Cluster(b)
	l, err := Open(b.Context(), url, Options{Prefix: testredis.NewPrefix()})
	if err != nil {
		b.Fatal(err)
	}
	bare := testredis.ClusterClient(b, url)
	b.Cleanup(func() {
		_ = bare.Close()
		_ = l.Close()
	})
	ctx := context.Background()
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			step := func(way string, i int) eventlog.Append {
				return logtest.BenchStep(fmt.Sprintf("%s%d-%d-", way, callers, b.N), int64(i))
			}
			versus.Run(b, versus.Rounds{Callers: callers, Calls: 2000},
				versus.Way{Name: "ours", Do: func(i int) error { _, err := l.Append(ctx, step("log", i)); return err }},
				versus.Way{Name: "claim", Do: func(i int) error {
					a := step("claim", i)
					a.Claim = []eventlog.Claim{{Field: "Order.x", Value: a.CommandID, Owner: a.Primary}}
					_, err := l.Append(ctx, a)
					return err
				}},
				versus.Way{Name: "script", Do: func(i int) error {
					a := step("script", i)
					names, args, err := appendCall(l.keys, l.id, "nonce", l.window.Milliseconds(), &a, nil)
					if err != nil {
						return err
					}
					return appendScript.EvalSha(ctx, bare, names, args...).Err()
				}})
		})
	}
}
