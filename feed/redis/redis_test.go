package redis_test

import (
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/feed/feedtest"
	"github.com/daybook-cqrs/daybook/feed/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// TestMain finds what a closed feed leaves behind. What go-redis leaves of a pool whose server is away sleeps for up to a second before it sees that it was closed.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"),
		goleak.IgnoreAnyFunction("github.com/alicebob/miniredis/v2/server.newServer.func1")) // what testredis falls back to ends with the process
}

func open(t *testing.T, url string, partitions, capacity int) *redis.Feed {
	t.Helper()
	f, err := redis.Open(t.Context(), url, redis.Options{Partitions: partitions, Capacity: capacity, Prefix: testredis.Prefix(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFeed(t *testing.T) {
	feedtest.Run(t, func(t *testing.T, partitions, capacity int) feed.Feed {
		return open(t, testredis.URL(t), partitions, capacity)
	})
}

func TestFeedInACluster(t *testing.T) {
	feedtest.Run(t, func(t *testing.T, partitions, capacity int) feed.Feed {
		f, err := redis.Open(t.Context(), testredis.Cluster(t), redis.Options{Partitions: partitions, Capacity: capacity, Prefix: testredis.NewPrefix()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	})
}

// One address leads to the whole Cluster, and more partitions than go-redis has connections are watched at once.
func TestFeedOfManyPartitionsInACluster(t *testing.T) {
	_, url := testredis.StartCluster(t, 1)
	const partitions = 64
	f, err := redis.Open(t.Context(), url, redis.Options{Partitions: partitions, Prefix: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := f.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for p := range partitions {
		got := make(chan error, 1)
		go func() {
			es, err := f.Read(t.Context(), c, partitions, time.Minute)
			for _, e := range es {
				c.Seen(e)
			}
			if err == nil && (len(es) != 1 || es[0].Partition != p) {
				err = fmt.Errorf("%+v", es)
			}
			got <- err
		}()
		if err := f.Publish(t.Context(), p, []feed.Entry{{Kind: feed.Changed, Entity: "A", ID: "a"}}); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-got:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("news of partition %d woke nobody", p)
		}
	}
}

func TestAFlushedRedisIsAGap(t *testing.T) {
	s := testredis.Start(t)
	url := "redis://" + s.Addr
	f := open(t, url, 2, 100)
	c, err := f.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Publish(t.Context(), 0, []feed.Entry{{Kind: feed.Changed, Entity: "A", ID: "a"}}); err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(&goredis.Options{Addr: s.Addr})
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	es, err := f.Read(t.Context(), c, 100, time.Second)
	if err != nil || len(es) != 2 || es[0].Kind != feed.Gap {
		t.Fatalf("%+v, %v", es, err)
	}
}

func TestAnEntryThatCannotBeReadIsAGap(t *testing.T) {
	s := testredis.Start(t)
	f, err := redis.Open(t.Context(), "redis://"+s.Addr, redis.Options{Partitions: 1, Prefix: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := f.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(&goredis.Options{Addr: s.Addr})
	defer client.Close()
	if err := client.XAdd(t.Context(), &goredis.XAddArgs{Stream: "{x:0}:feed", ID: "1-0", Values: []string{"e", "{"}}).Err(); err != nil {
		t.Fatal(err)
	}
	es, err := f.Read(t.Context(), c, 10, time.Second)
	if err != nil || len(es) != 1 || es[0].Kind != feed.Gap || es[0].Offset != 1 {
		t.Fatalf("%+v, %v", es, err)
	}
}

// TestALostTailIsAGap restarts Redis from an old snapshot: the feed goes on under offsets that followers have seen, with other entries.
func TestALostTailIsAGap(t *testing.T) {
	for name, again := range map[string]int{"shorter": 1, "as long": 2, "longer": 5} {
		t.Run(name, func(t *testing.T) {
			s := testredis.Start(t)
			f, err := redis.Open(t.Context(), s.URL, redis.Options{Partitions: 1, Prefix: "x"})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			publish := func(ids ...string) {
				t.Helper()
				for _, id := range ids {
					if err := f.Publish(t.Context(), 0, []feed.Entry{{Kind: feed.Changed, Entity: "A", ID: id}}); err != nil {
						t.Fatal(err)
					}
				}
			}
			publish("kept 1", "kept 2", "kept 3")
			early, err := f.Tail(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			save(t, s.Addr)
			publish("lost 4", "lost 5")
			c, err := f.Tail(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.Kill()
			s.Restart()
			for f.Ping(t.Context()) != nil {
				time.Sleep(10 * time.Millisecond)
			}
			for i := range again {
				publish(fmt.Sprint("new ", 4+i))
			}
			es, err := f.Read(t.Context(), c, 100, time.Second)
			if err != nil || len(es) != 1 || es[0].Kind != feed.Gap {
				t.Fatalf("who has seen what was lost reads %+v, %v", es, err)
			}
			c.Seen(es[0])
			publish("after")
			if es, err = f.Read(t.Context(), c, 100, time.Second); err != nil || len(es) != 1 || es[0].ID != "after" {
				t.Fatalf("after the gap: %+v, %v", es, err)
			}
			if es, err = f.Read(t.Context(), early, 100, time.Second); err != nil || len(es) != again+1 || es[0].ID != "new 4" {
				t.Fatalf("who has seen nothing of what was lost reads %+v, %v", es, err)
			}
		})
	}
}

func save(t *testing.T, addr string) {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: addr})
	defer client.Close()
	if err := client.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}
