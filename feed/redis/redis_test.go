package redis_test

import (
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/feed/feedtest"
	"github.com/daybook-cqrs/daybook/feed/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

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
