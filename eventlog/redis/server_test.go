package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/eventlog/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

func TestDurability(t *testing.T) {
	if d := open(t, testredis.Start(t, testredis.AppendOnly()).URL, "x").Durability(); d != "fsync" {
		t.Errorf("appendfsync always: %q", d)
	}
	if d := open(t, testredis.Start(t, testredis.Args("--appendonly", "yes", "--appendfsync", "everysec")).URL, "x").Durability(); d != "memory" {
		t.Errorf("appendfsync everysec: %q", d)
	}
	if d := open(t, testredis.Start(t, testredis.Args("--rename-command", "CONFIG", "")).URL, "x").Durability(); d != "memory" {
		t.Errorf("CONFIG forbidden: %q", d)
	}
	if d := open(t, testredis.Start(t, testredis.AppendOnly(), testredis.Args("--no-appendfsync-on-rewrite", "yes")).URL, "x").Durability(); d != "memory" {
		t.Errorf("no fsync while it saves: %q", d)
	}
}

// A server that was configured otherwise, or took over for another, is asked on the first connection to it.
func TestDurabilityIsAskedAgain(t *testing.T) {
	s := testredis.Start(t, testredis.AppendOnly())
	l, c := open(t, s.URL, "x"), client(t, s.URL)
	if err := c.ConfigSet(t.Context(), "appendfsync", "everysec").Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), logtest.Step(eventlog.Ref{Entity: "Order", ID: "o1"}, 0, "c1", nil)); err != nil {
		t.Fatal(err)
	}
	if d := l.Durability(); d != "memory" {
		t.Errorf("after a reconnection: %q", d)
	}
}

func TestServersThatCannotKeepALog(t *testing.T) {
	master := testredis.Start(t)
	host, port, _ := strings.Cut(master.Addr, ":")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}, "noeviction"},
		{[]string{"--maxmemory-policy", "volatile-ttl"}, "noeviction"},
		{[]string{"--cluster-enabled", "yes"}, "lacks a master"},
		{[]string{"--replicaof", host, port}, "replica"},
	} {
		s := testredis.Start(t, testredis.Args(c.args...))
		l, err := redis.Open(t.Context(), s.URL, redis.Options{})
		if err == nil {
			l.Close()
			t.Errorf("%v: opened", c.args)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %q does not say %q", c.args, err, c.want)
		}
	}
}

func TestPassword(t *testing.T) {
	s := testredis.Start(t)
	if err := client(t, s.URL).ConfigSet(t.Context(), "requirepass", "secret").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := redis.Open(t.Context(), s.URL, redis.Options{}); err == nil || !strings.Contains(err.Error(), "wants a password") {
		t.Errorf("no password: %v", err)
	}
	if _, err := redis.Open(t.Context(), "redis://:wrong@"+s.Addr, redis.Options{}); err == nil || !strings.Contains(err.Error(), "password in the URL is wrong") {
		t.Errorf("wrong password: %v", err)
	}
	open(t, "redis://:secret@"+s.Addr, "x")
}

// Out of memory in the middle of a large append: all or nothing.
func TestOutOfMemory(t *testing.T) {
	s := testredis.Start(t, testredis.Args("--maxmemory", "4mb"))
	l := open(t, s.URL, "x")
	fill := strings.Repeat("x", 20_000)
	acknowledged := map[eventlog.Ref]int64{}
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		a, b := eventlog.Ref{Entity: "Order", ID: fmt.Sprintf("a%d", i)}, eventlog.Ref{Entity: "Order", ID: fmt.Sprintf("b%d", i)}
		step, more := logtest.Step(a, 0, fmt.Sprintf("c%d", i), nil), logtest.Step(b, 0, "", nil)
		step.Input = []byte(`"` + fill + `"`)
		step.Conditions = append(step.Conditions, more.Conditions...)
		step.Events = append(step.Events, more.Events...)
		if _, full = l.Append(t.Context(), step); full == nil {
			acknowledged[a], acknowledged[b] = 1, 1
		}
	}
	if full == nil || !strings.Contains(full.Error(), "out of memory") || len(acknowledged) == 0 {
		t.Fatalf("after %d appends: %v", len(acknowledged), full)
	}
	total := 0
	for p := range logtest.Partitions {
		total += len(logtest.ReadAll(t.Context(), t, l, p))
	}
	if total != len(acknowledged) {
		t.Fatalf("%d events, %d acknowledged", total, len(acknowledged))
	}
	logtest.CheckAcknowledged(t.Context(), t, l, acknowledged)
	if err := client(t, s.URL).ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), logtest.Step(eventlog.Ref{Entity: "Order", ID: "after"}, 0, "after", nil)); err != nil {
		t.Fatalf("with memory again: %v", err)
	}
}

func TestReadOnlyAndDiskErrors(t *testing.T) {
	s := testredis.Start(t)
	l, c := open(t, s.URL, "x"), client(t, s.URL)
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	set := func(name, value string) {
		t.Helper()
		if err := c.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what, want string) {
		t.Helper()
		if _, err := l.Append(t.Context(), logtest.Step(ref, 0, "c1", nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	set("min-replicas-to-write", "1")
	refused("no replicas", "min-replicas-to-write")
	set("min-replicas-to-write", "0")
	if err := c.ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	refused("a replica", "read-only replica")
	if err := c.ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	failSave(t, c, set)
	refused("a disk that can't be written", "can't save to its disk")
	set("stop-writes-on-bgsave-error", "no")
	if _, err := l.Append(t.Context(), logtest.Step(ref, 0, "c1", nil)); err != nil {
		t.Fatalf("after all of it: %v", err)
	}
	if n := len(logtest.ReadAll(t.Context(), t, l, l.PartitionOf(ref))); n != 1 {
		t.Fatalf("%d events", n)
	}
}

// failSave makes a background save fail: a folder has the name of the file.
func failSave(t *testing.T, c *goredis.Client, set func(name, value string)) {
	t.Helper()
	set("save", "3600 1")
	dir := c.ConfigGet(t.Context(), "dir").Val()["dir"]
	if err := mkdirWithFile(dir, "dump.rdb"); err != nil {
		t.Fatal(err)
	}
	if err := c.BgSave(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	poll(t, "a failed save", func() bool {
		return strings.Contains(c.Info(t.Context(), "persistence").Val(), "rdb_last_bgsave_status:err")
	})
}

// poll waits until done.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not come within 10 s", what)
		}
	}
}

// Redis is killed in the middle of appends and started again, with appendfsync always: every acknowledged append is there,
// the chain is whole, and the same Log goes on (the scripts are gone: NOSCRIPT).
func TestKill(t *testing.T) {
	s := testredis.Start(t, testredis.AppendOnly())
	l := open(t, s.URL, "x")
	acknowledged := map[eventlog.Ref]int64{}
	for round := range 3 {
		appendUntilKilled(t, s, l, round, acknowledged)
		s.Restart()
		poll(t, "the connection", func() bool { return l.Ping(t.Context()) == nil }) // go-redis dials a Redis that was gone once a second
		logtest.CheckAcknowledged(t.Context(), t, l, acknowledged)
	}
	if _, err := l.Append(t.Context(), logtest.Step(eventlog.Ref{Entity: "Order", ID: "after"}, 0, "after", nil)); err != nil {
		t.Fatal(err)
	}
}

// A crash tears the last transaction in the append-only file, and Redis cuts it off by itself. Redis 7.0 leaves half of it there, which comes to life at the next start in
// place of what was acknowledged meanwhile (docs/redis.md). Where a server does that, the chain shows it; where it does not, everything acknowledged is there.
func TestTornAppendOnlyFile(t *testing.T) {
	s := testredis.Start(t, testredis.AppendOnly())
	l := open(t, s.URL, "x")
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	step := func(version int64, command string) {
		t.Helper()
		poll(t, "the connection", func() bool { return l.Ping(t.Context()) == nil })
		if _, err := l.Append(t.Context(), logtest.Step(ref, version, command, nil)); err != nil {
			t.Fatal(err)
		}
	}
	step(0, "kept")
	step(1, "lost") // with the end of the file: as if it had not been acknowledged yet
	s.RestartTorn(20)
	step(1, "acknowledged")
	step(2, "after it")
	s.RestartTorn(0)
	poll(t, "the connection", func() bool { return l.Ping(t.Context()) == nil })
	events, err := l.Read(t.Context(), l.PartitionOf(ref), 0, "", 10, 0)
	var broken *eventlog.BrokenError
	switch {
	case errors.As(err, &broken):
		t.Logf("noticed: %v", err)
	case err != nil:
		t.Fatal(err)
	case len(events) != 3 || events[1].CommandID != "acknowledged" || events[2].CommandID != "after it":
		t.Fatalf("an acknowledged event is gone, and nobody noticed: %+v", events)
	}
}

func appendUntilKilled(t *testing.T, s *testredis.Server, l *redis.Log, round int, acknowledged map[eventlog.Ref]int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var count atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	enough := make(chan struct{})
	for n := range 8 {
		wg.Go(func() {
			ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprintf("o%d-%d", round, n)}
			for v := int64(0); ; v++ {
				if _, err := l.Append(ctx, logtest.Step(ref, v, fmt.Sprintf("%s-%d", ref.ID, v), nil)); err != nil {
					return
				}
				mu.Lock()
				acknowledged[ref] = v + 1
				mu.Unlock()
				if count.Add(1) == 300 {
					close(enough)
				}
			}
		})
	}
	select {
	case <-enough:
	case <-ctx.Done():
	}
	s.Kill()
	wg.Wait()
	if count.Load() < 300 {
		t.Fatalf("%d appends", count.Load())
	}
}

// The scripts are forgotten (SCRIPT FLUSH, as after a fail-over): the log sends them again.
func TestForgottenScripts(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	l, c := open(t, url, prefix), client(t, url)
	for i := range 3 {
		if err := c.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint(i)}
		if _, err := l.Append(t.Context(), logtest.Step(ref, 0, ref.ID, nil)); err != nil {
			t.Fatal(err)
		}
		loaded, err := l.Load(t.Context(), eventlog.Load{Primary: ref})
		if err != nil || loaded.Heads[ref].Version != 1 {
			t.Fatalf("%+v, %v", loaded, err)
		}
	}
}

// Redis hangs beyond the client's patience: the append fails in the caller's time, and may have happened.
func TestHangingServer(t *testing.T) {
	s := testredis.Start(t)
	l, c := open(t, s.URL, "x"), client(t, s.URL)
	if err := c.Do(t.Context(), "CLIENT", "PAUSE", "30000", "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := l.Append(ctx, logtest.Step(eventlog.Ref{Entity: "Order", ID: "o1"}, 0, "c1", nil))
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
		t.Fatalf("after %s: %v", time.Since(start), err)
	}
}
