package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/eventlog/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

func clusterClient(t testing.TB, url string) *goredis.ClusterClient {
	t.Helper()
	c := testredis.ClusterClient(t, url)
	t.Cleanup(func() { c.Close() })
	return c
}

func newPrefix(*testing.T) string { return testredis.NewPrefix() }

func TestLogInACluster(t *testing.T) {
	url := testredis.Cluster(t)
	contract(t, url, clusterClient(t, url), newPrefix, true)
}

func TestPlacementIsKeptInACluster(t *testing.T) {
	url, prefix := testredis.Cluster(t), testredis.NewPrefix()
	logtest.RunPlacement(t, func(p eventlog.Placement) (eventlog.Log, error) {
		return redis.Open(t.Context(), url, redis.Options{Partitions: logtest.Partitions, Prefix: prefix, Placement: p})
	})
}

// What belongs together by its placement changes in one append, whatever its ids hash to.
func TestAppendsOfWhatLiesTogether(t *testing.T) {
	l, err := redis.Open(t.Context(), testredis.Cluster(t), redis.Options{Prefix: testredis.NewPrefix(), Placement: eventlog.Placement{"Customer": "Customer", "Order": "Customer"}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 20 {
		customer := eventlog.Ref{Entity: "Customer", ID: fmt.Sprint("c", i)}
		a := logtest.Step(customer, 0, customer.ID, nil)
		for n := range 3 {
			order := eventlog.Ref{Entity: "Order", ID: fmt.Sprintf("%s/%d", customer.ID, n)}
			more := logtest.Step(order, 0, "", nil)
			a.Conditions, a.Events = append(a.Conditions, more.Conditions...), append(a.Events, more.Events...)
			a.Claim = append(a.Claim, eventlog.Claim{Field: "Order.number", Value: fmt.Sprint(i, "-", n), Owner: order})
		}
		if _, err := l.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	stranger := logtest.Step(eventlog.Ref{Entity: "Customer", ID: "other"}, 0, "stranger", nil)
	stranger.Claim = []eventlog.Claim{{Field: "Order.number", Value: "7-1", Owner: stranger.Primary}}
	var claimed *eventlog.ClaimedError
	if _, err := l.Append(t.Context(), stranger); !errors.As(err, &claimed) || claimed.Owner != (eventlog.Ref{Entity: "Order", ID: "c7/1"}) {
		t.Fatal(err)
	}
}

// One address leads to the whole Cluster, by a URL and by go-redis' options.
func TestOpenAClusterByOneAddress(t *testing.T) {
	addr, _, _ := strings.Cut(strings.TrimPrefix(testredis.Cluster(t), "redis://"), "?")
	for what, open := range map[string]func(o redis.Options) (*redis.Log, error){
		"url": func(o redis.Options) (*redis.Log, error) { return redis.Open(t.Context(), "redis://"+addr, o) },
		"options": func(o redis.Options) (*redis.Log, error) {
			return redis.OpenUniversal(t.Context(), goredis.UniversalOptions{Addrs: []string{addr}}, o)
		},
		"a replica's reads": func(o redis.Options) (*redis.Log, error) {
			return redis.OpenUniversal(t.Context(), goredis.UniversalOptions{Addrs: []string{addr, addr}, RouteRandomly: true}, o)
		},
	} {
		l, err := open(redis.Options{Prefix: testredis.NewPrefix()})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if l.Spans() {
			t.Errorf("%s: it says that it spans partitions", what)
		}
		for i := range 20 {
			ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint(i)}
			if _, err := l.Append(t.Context(), logtest.Step(ref, 0, ref.ID, nil)); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		if err := errors.Join(l.Ping(t.Context()), l.Close()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestClustersThatCannotKeepALog(t *testing.T) {
	servers, url := testredis.StartCluster(t, 2)
	c := client(t, servers[1].URL)
	if err := c.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := redis.Open(t.Context(), url, redis.Options{}); err == nil || !strings.Contains(err.Error(), "noeviction") || !strings.Contains(err.Error(), servers[1].Addr) {
		t.Errorf("one master would throw keys away: %v", err)
	}
	if err := c.ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := redis.Open(t.Context(), "redis://"+servers[0].Addr+"/3", redis.Options{}); err == nil || !strings.Contains(err.Error(), "database 0 only") {
		t.Errorf("another database: %v", err)
	}
	open(t, url, "x").Close()
}

// A key that holds something else is found before anything is written, whichever key it is.
func TestKeysOfAnotherTypeInACluster(t *testing.T) {
	url := testredis.Cluster(t)
	c := clusterClient(t, url)
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	for _, what := range []string{"log", "meta", "head:Order:o1", "cmd:c1", "uniq:Order.x:v", "timers:timeout", "timers:command:data"} {
		prefix := testredis.NewPrefix()
		l := open(t, url, prefix)
		a := logtest.Step(ref, 0, "c1", nil)
		a.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: ref}}
		a.Release = []eventlog.Claim{{Field: "Order.x", Value: "w", Owner: ref}}
		a.Timers = []eventlog.Timer{{TimerKey: eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: ref, Name: "t"}, After: time.Hour}}
		a.Cancel = []eventlog.TimerKey{{Kind: eventlog.CommandTimer, Ref: ref, Name: "t"}}
		for p := range logtest.Partitions { // whichever partition keeps it
			if err := errors.Join(c.Del(t.Context(), key(prefix, p, what)).Err(), c.SAdd(t.Context(), key(prefix, p, what), "garbage").Err()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Append(t.Context(), a); err == nil || !strings.Contains(err.Error(), "holds something else") {
			t.Errorf("%s is a set: %v", what, err)
		}
		for p := range logtest.Partitions {
			if n := c.XLen(t.Context(), key(prefix, p, "log")).Val(); n != 0 {
				t.Errorf("%s is a set: the refused append wrote an event", what)
			}
		}
	}
}

// One master of three is killed in the middle of appends: the others' partitions go on, and so do its own once it is back, with everything that was acknowledged.
func TestAMasterIsKilled(t *testing.T) {
	servers, url := testredis.StartCluster(t, 3, testredis.AppendOnly(), testredis.Args("--cluster-require-full-coverage", "no"))
	l := open(t, url, "x")
	acknowledged := map[eventlog.Ref]int64{}
	step := func(i, version int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint(i)}
		a := logtest.Step(ref, int64(version), fmt.Sprint(i, "-", version), nil)
		if version == 0 {
			a.Claim = []eventlog.Claim{{Field: "Order.x", Value: ref.ID, Owner: ref}}
		}
		_, err := l.Append(ctx, a)
		if err == nil {
			acknowledged[ref] = int64(version + 1)
		}
		return err
	}
	const entities = 24
	for i := range entities {
		if err := step(i, 0); err != nil {
			t.Fatal(err)
		}
	}
	servers[2].Kill()
	failed := 0
	for i := range entities {
		if step(i, 1) != nil {
			failed++
		}
	}
	if failed == 0 || failed == entities {
		t.Fatalf("%d of %d appends failed with one of three masters away", failed, entities)
	}
	if err := l.Ping(t.Context()); err == nil {
		t.Error("the log says that it is reached")
	}
	servers[2].Restart()
	poll(t, "the master that was away", func() bool {
		for i := range entities {
			ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint(i)}
			if acknowledged[ref] < 2 && step(i, 1) != nil {
				return false
			}
		}
		return l.Ping(t.Context()) == nil
	})
	logtest.CheckAcknowledged(t.Context(), t, l, acknowledged)
}

// The scripts are forgotten on every master: the log sends them again.
func TestForgottenScriptsInACluster(t *testing.T) {
	_, url := testredis.StartCluster(t, 1)
	l, c := open(t, url, "x"), clusterClient(t, url)
	for i := range 3 {
		if err := c.ForEachMaster(t.Context(), func(ctx context.Context, m *goredis.Client) error { return m.ScriptFlush(ctx).Err() }); err != nil {
			t.Fatal(err)
		}
		ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint(i)}
		a := logtest.Step(ref, 0, ref.ID, nil)
		a.Claim = []eventlog.Claim{{Field: "Order.x", Value: ref.ID, Owner: ref}}
		if _, err := l.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}
