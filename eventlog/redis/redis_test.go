package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/eventlog/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// TestMain finds what a closed log leaves behind. What go-redis leaves of a pool whose server is away sleeps for up to a second before it sees that it was closed.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"),
		goleak.IgnoreAnyFunction("github.com/alicebob/miniredis/v2/server.newServer.func1")) // what testredis falls back to ends with the process
}

func open(t testing.TB, url, prefix string) *redis.Log {
	t.Helper()
	l, err := redis.Open(t.Context(), url, redis.Options{Partitions: logtest.Partitions, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func client(t testing.TB, url string) *goredis.Client {
	t.Helper()
	c := testredis.Client(t, url)
	t.Cleanup(func() { c.Close() })
	return c
}

func key(prefix string, partition int, rest string) string {
	return fmt.Sprintf("{%s:%d}:%s", prefix, partition, rest)
}

func TestLog(t *testing.T) {
	url := testredis.URL(t)
	contract(t, url, client(t, url), func(t *testing.T) string { return testredis.Prefix(t) }, false)
}

// contract runs the contract in the Redis at url, each log under a new prefix.
func contract(t *testing.T, url string, c goredis.UniversalClient, newPrefix func(t *testing.T) string, apart bool) {
	prefix := ""
	// Durability is whatever the shared server has; TestDurability checks what it is told from.
	probe := open(t, url, newPrefix(t))
	logtest.Run(t, func(t *testing.T) eventlog.Log {
		prefix = newPrefix(t)
		return open(t, url, prefix)
	}, logtest.Features{
		Apart:      apart,
		Durability: probe.Durability(),
		Reopen: func(t *testing.T, l eventlog.Log) eventlog.Log {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, url, prefix)
		},
		LoseTail: func(t *testing.T, _ eventlog.Log, partition int, keep uint64, hash string) {
			loseTail(t, c, prefix, partition, keep, hash)
		},
		Tamper: func(t *testing.T, _ eventlog.Log, partition int, seq uint64) {
			rewrite(t, c, key(prefix, partition, "log"), func(i int, m *goredis.XMessage) bool {
				if uint64(i+1) == seq {
					m.Values["i"] = `{"step":null}`
				}
				return true
			})
		},
		Fork: func(t *testing.T, _ eventlog.Log, partition int, seq uint64, prev string) {
			rewrite(t, c, key(prefix, partition, "log"), func(i int, m *goredis.XMessage) bool {
				if uint64(i+1) == seq {
					text := func(field string) string { return m.Values[field].(string) }
					e := entry.Entry{Partition: partition, Seq: seq, Prev: prev, Meta: text("m"), Changes: text("c"), Input: text("i")}
					if _, err := fmt.Sscan(text("x"), &e.Epoch, &e.Version, &e.Back, &e.At); err != nil {
						t.Fatal(err)
					}
					m.Values["p"], m.Values["h"] = prev, e.Sum()
				}
				return true
			})
		},
	})
}

// rewrite writes a stream anew, with the entries that edit keeps and as it leaves them.
func rewrite(t *testing.T, c goredis.UniversalClient, stream string, edit func(i int, m *goredis.XMessage) bool) {
	t.Helper()
	entries, err := c.XRange(t.Context(), stream, "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.TxPipelined(t.Context(), func(p goredis.Pipeliner) error {
		p.Del(t.Context(), stream)
		for i := range entries {
			if edit(i, &entries[i]) {
				p.XAdd(t.Context(), &goredis.XAddArgs{Stream: stream, ID: entries[i].ID, Values: entries[i].Values})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func loseTail(t *testing.T, c goredis.UniversalClient, prefix string, partition int, keep uint64, hash string) {
	t.Helper()
	rewrite(t, c, key(prefix, partition, "log"), func(i int, _ *goredis.XMessage) bool { return uint64(i+1) <= keep })
	if err := c.HSet(t.Context(), key(prefix, partition, "meta"), "seq", keep, "hash", hash).Err(); err != nil {
		t.Fatal(err)
	}
}

// A log that has to be there is not made.
func TestOpenExisting(t *testing.T) { openExisting(t, testredis.URL(t), testredis.Prefix(t)) }

func TestOpenExistingInACluster(t *testing.T) {
	openExisting(t, testredis.Cluster(t), testredis.NewPrefix())
}

func openExisting(t *testing.T, url, prefix string) {
	t.Helper()
	for range 2 {
		if _, err := redis.Open(t.Context(), url, redis.Options{Prefix: prefix, Existing: true}); !errors.Is(err, eventlog.ErrNoLog) {
			t.Fatal(err)
		}
	}
	open(t, url, prefix)
	l, err := redis.Open(t.Context(), url, redis.Options{Prefix: prefix, Existing: true})
	if err != nil || l.Partitions() != 4 {
		t.Fatal(err)
	}
	l.Close()
}

func TestPartitionsAreFixed(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	open(t, url, prefix)
	_, err := redis.Open(t.Context(), url, redis.Options{Partitions: 9, Prefix: prefix})
	if !errors.Is(err, eventlog.ErrPartitions) || !strings.Contains(err.Error(), "has 4, not 9") {
		t.Fatalf("%v", err)
	}
	l, err := redis.Open(t.Context(), url, redis.Options{Prefix: prefix})
	if err != nil || l.Partitions() != 4 {
		t.Fatalf("taking what is there: %v", err)
	}
	l.Close()
}

func TestOpenRefuses(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	other := testredis.Prefix(t)
	open(t, url, other).Close()
	if err := client(t, url).HSet(t.Context(), "{"+other+"}:settings", "format", "2").Err(); err != nil {
		t.Fatal(err)
	}
	gone := testredis.Prefix(t)
	open(t, url, gone).Close()
	if err := client(t, url).Del(t.Context(), "{"+gone+"}:settings").Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url  string
		o    redis.Options
		want string
	}{
		{"nonsense", redis.Options{}, "URL"},
		{"redis://127.0.0.1:1", redis.Options{}, "connect"},
		{url, redis.Options{Partitions: -1}, "partitions"},
		{url, redis.Options{Prefix: "a{b"}, "prefix"},
		{url, redis.Options{Prefix: prefix, ReceiptWindow: time.Second}, "receipt window"},
		{url, redis.Options{Prefix: other}, "version 2"},
		{url, redis.Options{Prefix: gone}, "gone"},
		{"unix://x?addr=y", redis.Options{}, "URL of a Redis Cluster"},
	} {
		l, err := redis.Open(t.Context(), c.url, c.o)
		if err == nil {
			l.Close()
			t.Errorf("%s %+v opened", c.url, c.o)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", c.url, err, c.want)
		}
	}
}

func TestOpenUniversal(t *testing.T) {
	o, err := goredis.ParseURL(testredis.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := redis.OpenUniversal(t.Context(), goredis.UniversalOptions{Addrs: []string{o.Addr}, Username: o.Username, Password: o.Password, DB: o.DB},
		redis.Options{Prefix: testredis.Prefix(t), Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), logtest.Step(eventlog.Ref{Entity: "Order", ID: "o1"}, 0, "c1", nil)); err != nil {
		t.Fatal(err)
	}
}

// A key that holds something else is found before anything is written, whichever key it is.
func TestKeysOfAnotherType(t *testing.T) {
	url := testredis.URL(t)
	c := client(t, url)
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	for _, what := range []string{"log", "meta", "head:Order:o1", "cmd:c1", "uniq:Order.x:v", "uniq:Order.x:w", "timers:timeout", "timers:command:data"} {
		prefix := testredis.Prefix(t)
		l := open(t, url, prefix)
		a := logtest.Step(ref, 0, "c1", nil)
		a.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: ref}}
		a.Release = []eventlog.Claim{{Field: "Order.x", Value: "w", Owner: ref}}
		a.Timers = []eventlog.Timer{{TimerKey: eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: ref, Name: "t"}, After: time.Hour}}
		a.Cancel = []eventlog.TimerKey{{Kind: eventlog.CommandTimer, Ref: ref, Name: "t"}}
		for p := range logtest.Partitions { // whichever partition keeps it
			if err := c.Del(t.Context(), key(prefix, p, what)).Err(); err != nil {
				t.Fatal(err)
			}
			if err := c.SAdd(t.Context(), key(prefix, p, what), "garbage").Err(); err != nil {
				t.Fatal(err)
			}
		}
		before := dump(t, c, prefix)
		if _, err := l.Append(t.Context(), a); err == nil || !strings.Contains(err.Error(), "holds something else") {
			t.Errorf("%s is a set: %v", what, err)
		}
		if after := dump(t, c, prefix); after != before {
			t.Errorf("%s is a set: the refused append wrote\n%s\nbefore\n%s", what, after, before)
		}
	}
}

// dump lists the keys of a prefix with their serialised values.
func dump(t *testing.T, c *goredis.Client, prefix string) string {
	t.Helper()
	ctx := context.Background()
	names, err := c.Keys(ctx, "*"+prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for _, k := range names {
		lines[k] = c.Dump(ctx, k).Val()
	}
	return fmt.Sprintf("%q", lines)
}

// A Redis that was flushed, or went back, while the log is open is not written to, and not taken for an empty log.
func TestFlushedWhileOpen(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	c, l := client(t, url), open(t, url, prefix)
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	if _, err := l.Append(t.Context(), logtest.Step(ref, 0, "c1", nil)); err != nil {
		t.Fatal(err)
	}
	p := l.PartitionOf(ref)
	events := logtest.ReadAll(t.Context(), t, l, p)
	if err := c.Del(t.Context(), key(prefix, p, "log")).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), logtest.Step(ref, 1, "c2", nil)); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Fatalf("append to a partition without its stream: %v", err)
	}
	names, err := c.Keys(t.Context(), "*"+prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Del(t.Context(), names...).Err(); err != nil {
		t.Fatal(err)
	}
	again := open(t, url, prefix) // another process makes a new, empty log in its place
	fire := eventlog.Fire{TimerKey: eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: ref, Name: "t"}, Token: "t"}
	for _, name := range []string{"append", "append of timers only", "load", "tail", "read", "due", "timers", "move", "cursor", "set cursor", "add note", "notes", "note", "remove note"} {
		var err error
		switch name {
		case "append of timers only":
			a := logtest.Step(ref, 0, "c4", nil)
			a.Events, a.Conditions, a.Cancel = nil, nil, []eventlog.TimerKey{fire.TimerKey}
			_, err = l.Append(t.Context(), a)
		case "due":
			_, err = l.Due(t.Context(), p, eventlog.TimeoutTimer, 1)
		case "timers":
			_, err = l.Timers(t.Context(), p, eventlog.TimeoutTimer, nil, 1)
		case "move":
			_, err = l.MoveTimer(t.Context(), fire, 0)
		case "cursor":
			_, err = l.Cursor(t.Context(), "a", p)
		case "set cursor":
			err = l.SetCursor(t.Context(), "a", p, eventlog.Cursor{})
		case "add note":
			err = l.AddNote(t.Context(), "k", eventlog.Note{ID: "a"}, 1, false)
		case "notes":
			_, err = l.Notes(t.Context(), eventlog.NotePage{Kind: "k", Limit: 1})
		case "note":
			_, err = l.Note(t.Context(), "k", "a")
		case "remove note":
			_, err = l.RemoveNote(t.Context(), "k", "a")
		case "append":
			_, err = l.Append(t.Context(), logtest.Step(ref, 1, "c3", nil))
		case "load":
			_, err = l.Load(t.Context(), eventlog.Load{Primary: ref})
		case "tail":
			_, err = l.Tail(t.Context(), p)
		case "read":
			_, err = l.Read(t.Context(), p, 1, events[0].Hash, 1, 0)
			var broken *eventlog.BrokenError
			if errors.As(err, &broken) {
				continue
			}
		}
		if err == nil || !strings.Contains(err.Error(), "lost") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := again.Append(t.Context(), logtest.Step(ref, 0, "c1", nil)); err != nil {
		t.Fatal(err)
	}
}

func TestReceiptsEndAfterTheWindow(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	l := open(t, url, prefix)
	if _, err := l.Append(t.Context(), logtest.Step(eventlog.Ref{Entity: "Order", ID: "o1"}, 0, "c1", nil)); err != nil {
		t.Fatal(err)
	}
	names, err := client(t, url).Keys(t.Context(), "*"+prefix+"*:cmd:c1").Result()
	if err != nil || len(names) != 1 {
		t.Fatalf("receipts %v, %v", names, err)
	}
	if ttl := client(t, url).TTL(t.Context(), names[0]).Val(); ttl > redis.DefaultReceiptWindow || ttl < redis.DefaultReceiptWindow-time.Minute {
		t.Fatalf("the receipt is kept for %s", ttl)
	}
}

func TestPlacementIsKept(t *testing.T) {
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	logtest.RunPlacement(t, func(p eventlog.Placement) (eventlog.Log, error) {
		return redis.Open(t.Context(), url, redis.Options{Partitions: logtest.Partitions, Prefix: prefix, Placement: p})
	})
}
