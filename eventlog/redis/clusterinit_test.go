package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// making returns a log in the shared Cluster that nobody has made yet.
func making(t *testing.T, prefix string) *Log {
	t.Helper()
	c := testredis.ClusterClient(t, testredis.Cluster(t))
	t.Cleanup(func() { c.Close() })
	return &Log{keys: keys{prefix: prefix, cluster: true}, client: c, closed: make(chan struct{})}
}

func openIn(t *testing.T, prefix string) (*Log, error) {
	t.Helper()
	l, err := Open(t.Context(), testredis.Cluster(t), Options{Partitions: logtest.Partitions, Prefix: prefix})
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	return l, err
}

// Whoever makes a log may end at any step: the next one goes on, and only then there is a log.
func TestMakingEndsAnywhere(t *testing.T) {
	for step := range logtest.Partitions + 1 {
		prefix := testredis.NewPrefix()
		l, passed := making(t, prefix), 0
		l.crash = func(string) error {
			if passed++; passed > step {
				return errCrash
			}
			return nil
		}
		if err := l.prepare(t.Context(), Options{Partitions: logtest.Partitions}); !errors.Is(err, errCrash) {
			t.Fatalf("step %d: %v", step, err)
		}
		if state := l.client.HGet(t.Context(), l.keys.settings(), "state").Val(); state != "making" {
			t.Fatalf("step %d: the log is %q", step, state)
		}
		next, err := openIn(t, prefix)
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		for p := range logtest.Partitions {
			if _, err := next.Tail(t.Context(), p); err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
		}
	}
}

func TestManyMakeOneLog(t *testing.T) {
	for range 5 {
		prefix := testredis.NewPrefix()
		ids := make([]string, 12)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				if l, err := openIn(t, prefix); err != nil {
					t.Error(err)
				} else {
					ids[i] = l.id
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("several logs: %v", ids)
			}
		}
	}
}

// What is missing of a log that was ready is not made anew.
func TestLostPartsInACluster(t *testing.T) {
	prefix := testredis.NewPrefix()
	l, err := openIn(t, prefix)
	if err != nil {
		t.Fatal(err)
	}
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	home := l.PartitionOf(ref)
	away := (home + 1) % logtest.Partitions
	value := eventlog.Claim{Field: "Order.x", Owner: ref}
	for value.Value = "v"; l.keys.claimPartition(value) != away; {
		value.Value += "v"
	}
	if err := l.client.Del(t.Context(), l.keys.meta(away)).Err(); err != nil {
		t.Fatal(err)
	}
	again, err := openIn(t, prefix)
	if err != nil {
		t.Fatal(err)
	}
	step := logtest.Step(ref, 0, "c1", nil)
	step.Claim = []eventlog.Claim{value}
	_, appended := again.Append(t.Context(), step)
	_, tail := again.Tail(t.Context(), away)
	for what, err := range map[string]error{"claim": appended, "tail": tail} {
		if err == nil || !strings.Contains(err.Error(), "lost") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := again.Append(t.Context(), logtest.Step(ref, 0, "c2", nil)); err != nil {
		t.Errorf("a partition that is there: %v", err)
	}
	if err := l.client.Del(t.Context(), l.keys.settings()).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := openIn(t, prefix); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("without settings: %v", err)
	}
	if err := l.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("ping: %v", err)
	}
}

// A log is not opened where its receipts and claims would be looked for elsewhere, as after a restore into another kind of Redis.
func TestLogsOfAnotherKind(t *testing.T) {
	url := testredis.URL(t)
	single, prefix := testredis.Client(t, url), testredis.Prefix(t)
	defer single.Close()
	cluster := making(t, prefix)
	for _, c := range []struct {
		client goredis.UniversalClient
		format string
		open   func() (*Log, error)
		want   string
	}{
		{single, clusterFormat, func() (*Log, error) { return Open(t.Context(), url, Options{Prefix: prefix}) }, "was made in a Redis Cluster"},
		{cluster.client, format, func() (*Log, error) { return openIn(t, prefix) }, "not made in a Redis Cluster"},
	} {
		if err := c.client.HSet(t.Context(), cluster.keys.settings(), "id", "x", "format", c.format, "partitions", 4).Err(); err != nil {
			t.Fatal(err)
		}
		if l, err := c.open(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, %v", l, err)
		}
	}
}

// Every master counts for what receipts may name, and a connection that shows less is believed at once.
func TestDurabilityInACluster(t *testing.T) {
	servers, url := testredis.StartCluster(t, 3, testredis.AppendOnly())
	l, err := Open(t.Context(), url, Options{Prefix: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if d := l.Durability(); d != durableFsync {
		t.Fatalf("all masters sync: %q", d)
	}
	c := testredis.Client(t, servers[2].URL)
	defer c.Close()
	set := func(to string) {
		t.Helper()
		if err := c.ConfigSet(t.Context(), "appendfsync", to).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("everysec")
	l.durability.check(t.Context(), l.client)
	if d := l.Durability(); d != durableMemory {
		t.Fatalf("one master does not: %q", d)
	}
	set("always")
	l.durability.check(t.Context(), l.client)
	if d := l.Durability(); d != durableFsync {
		t.Fatalf("it does again: %q", d)
	}
	set("everysec")
	if err := l.durability.onConnect(context.Background(), c.Conn()); err != nil || l.Durability() != durableMemory {
		t.Fatalf("a new connection: %q, %v", l.Durability(), err)
	}
	one := testredis.Client(t, servers[0].URL)
	defer one.Close()
	if err := l.durability.onConnect(context.Background(), one.Conn()); err != nil || l.Durability() != durableMemory {
		t.Fatalf("one to a master that syncs: %q, %v", l.Durability(), err)
	}
}
