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

// moveSlot moves a slot and what is in it from one master to another, as a reshard does.
func moveSlot(t *testing.T, from, to *testredis.Server, slot int, midway func()) {
	t.Helper()
	src, dst := client(t, from.URL), client(t, to.URL)
	do := func(c *goredis.Client, args ...any) any {
		t.Helper()
		v, err := c.Do(t.Context(), args...).Result()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return v
	}
	fromID, toID := do(src, "CLUSTER", "MYID"), do(dst, "CLUSTER", "MYID")
	do(dst, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
	do(src, "CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
	host, port, _ := strings.Cut(to.Addr, ":")
	names, err := src.ClusterGetKeysInSlot(t.Context(), slot, 10_000).Result()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if i == len(names)/2 {
			midway()
		}
		do(src, "MIGRATE", host, port, name, 0, 5000)
	}
	do(dst, "CLUSTER", "SETSLOT", slot, "NODE", toID)
	do(src, "CLUSTER", "SETSLOT", slot, "NODE", toID)
}

// A partition's slot is moved to another master: while it is, the partition's commands say that they are to be tried again, and then they go on, with everything that was there.
func TestASlotMoves(t *testing.T) {
	servers, url := testredis.StartCluster(t, 2)
	l := open(t, url, "x")
	versions := map[eventlog.Ref]int64{}
	step := func(i int) error {
		ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint("o", i)}
		a := logtest.Step(ref, versions[ref], fmt.Sprint(i, "-", versions[ref]), nil)
		a.Claim = []eventlog.Claim{{Field: "Order.x", Value: ref.ID, Owner: ref}}
		_, err := l.Append(t.Context(), a)
		if err == nil {
			versions[ref]++
		}
		return err
	}
	all := func() {
		t.Helper()
		for i := range 20 {
			if err := step(i); err != nil {
				t.Fatal(err)
			}
		}
	}
	all()
	for p := range logtest.Partitions {
		c := client(t, servers[0].URL)
		slot := int(c.ClusterKeySlot(t.Context(), key("x", p, "log")).Val())
		from, to := servers[0], servers[1]
		if slot >= 16384/2 {
			from, to = to, from
		}
		waiting := make(chan error, 1)
		tail, err := l.Tail(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			events, err := l.Read(t.Context(), p, tail.Place.Seq, tail.Hash, 1, 20*time.Second)
			if err == nil && len(events) != 1 {
				err = fmt.Errorf("%d events", len(events))
			}
			waiting <- err
		}()
		moveSlot(t, from, to, slot, func() {
			for i, tried := 0, 0; i < 20 && tried < 2; i++ {
				if l.PartitionOf(eventlog.Ref{Entity: "Order", ID: fmt.Sprint("o", i)}) != p {
					continue
				}
				tried++
				if err := step(i); err != nil && !strings.Contains(err.Error(), "being moved") {
					t.Fatalf("while the slot moves: %v", err)
				}
			}
		})
		all()
		if err := <-waiting; err != nil && !strings.Contains(err.Error(), "being moved") {
			t.Fatalf("a read that waited: %v", err)
		}
	}
	all()
	logtest.CheckAcknowledged(t.Context(), t, l, versions)
}

// A replica takes over for a master, when it is told to: the log goes on there.
func TestAReplicaTakesOver(t *testing.T) {
	servers, url := testredis.StartCluster(t, 3)
	replica := testredis.StartReplica(t, servers[0])
	l := open(t, url, "x")
	acknowledged := map[eventlog.Ref]int64{}
	all := func(version int64) {
		t.Helper()
		for i := range 24 {
			ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint(i)}
			a := logtest.Step(ref, version, fmt.Sprint(i, "-", version), nil)
			a.Claim = []eventlog.Claim{{Field: "Order.x", Value: fmt.Sprint(i, "-", version), Owner: ref}}
			if version > 0 {
				a.Release = []eventlog.Claim{{Field: "Order.x", Value: fmt.Sprint(i, "-", version-1), Owner: ref}}
			}
			if _, err := l.Append(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			acknowledged[ref] = version + 1
		}
	}
	all(0)
	c := client(t, replica.URL)
	poll(t, "a replica that can take over", func() bool { return c.Do(t.Context(), "CLUSTER", "FAILOVER").Err() == nil })
	poll(t, "the replica", func() bool { return strings.Contains(c.Info(t.Context(), "replication").Val(), "role:master") })
	all(1)
	all(2)
	logtest.CheckAcknowledged(t.Context(), t, l, acknowledged)
}
