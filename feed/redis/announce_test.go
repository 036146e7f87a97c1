package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/feed/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// TestListeningEndsWithRedis, so that who listens knows that he may have missed something; and goes on with it.
func TestListeningEndsWithRedis(t *testing.T) {
	server := testredis.Start(t)
	f, err := redis.Open(t.Context(), server.URL, redis.Options{Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	heard := make(chan feed.Progress, 10)
	listen := func() (ended <-chan error) {
		t.Helper()
		ready, end := make(chan struct{}), make(chan error, 1)
		go func() { end <- f.Listen(t.Context(), func() { close(ready) }, func(p feed.Progress) { heard <- p }) }()
		select {
		case <-ready:
		case err := <-end:
			t.Fatal(err)
		case <-time.After(20 * time.Second):
			t.Fatal("it does not listen")
		}
		return end
	}
	ended := listen()
	server.Kill()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("listening ended without an error")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("listening went on without Redis")
	}
	server.Restart()
	listen()
	if err := f.Announce(t.Context(), feed.Progress{Partition: 0}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-heard:
	case <-time.After(20 * time.Second):
		t.Error("nothing is heard of the Redis that is back")
	}
}

// TestWhatNobodySaysIsNoEnd: a connection on which nothing is said for long is asked whether it is there, and goes on; what can't be read is left out.
func TestWhatNobodySaysIsNoEnd(t *testing.T) {
	url := testredis.URL(t)
	prefix := testredis.Prefix(t)
	f, err := redis.Open(t.Context(), url, redis.Options{Partitions: 1, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, leave := context.WithCancel(t.Context())
	heard, ended, ready := make(chan time.Time, 10), make(chan error, 1), make(chan struct{})
	go func() { ended <- f.Asked(ctx, func() { close(ready) }, func(past time.Time) { heard <- past }) }()
	<-ready
	time.Sleep(5 * time.Second) // two of the pauses after which it is asked
	c := testredis.Client(t, url)
	defer c.Close()
	for _, text := range []string{"nonsense", `"2026-01-02T03:04:05.000000006Z"`} {
		if n, err := c.Publish(t.Context(), prefix+":feed:asked", text).Result(); err != nil || n != 1 {
			t.Fatalf("%d hear it, %v", n, err)
		}
	}
	select {
	case past := <-heard:
		if !past.Equal(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)) {
			t.Errorf("heard %s", past)
		}
	case err := <-ended:
		t.Fatal("it ended:", err)
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was heard")
	}
	leave()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
