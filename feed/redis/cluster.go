package redis

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/feed"
)

const (
	breathe   = time.Millisecond       // between two rings: under load every ring would otherwise be for a single entry
	afterFail = 200 * time.Millisecond // before asking a Redis again that failed
	// How often a call to a Cluster is sent at most, and how long at most it pauses between. A Publish that is sent again may publish twice, as one to a single server may.
	clusterTries = 8
	clusterPause = 100 * time.Millisecond
)

// connect opens the clients: of a single server, or of the Redis Cluster that the URL leads to. The second one is for blocking reads.
func connect(ctx context.Context, url string, partitions int) (client, reader goredis.UniversalClient, cluster bool, err error) {
	u, err := neturl.Parse(url)
	if err == nil && u.Query().Has("addr") { // several servers
		client, reader, err = connectCluster(url, partitions)
		return client, reader, true, err
	}
	o, err := goredis.ParseURL(url)
	if err != nil {
		return nil, nil, false, fmt.Errorf("the URL of Redis: %w", err)
	}
	o.ContextTimeoutEnabled = true
	single := goredis.NewClient(o)
	info, err := single.Info(ctx, "cluster").Result()
	if err == nil && strings.Contains(info, "cluster_enabled:1") {
		single.Close()
		client, reader, err = connectCluster(url, partitions)
		return client, reader, true, err
	}
	reading := *o
	reading.ReadTimeout = maxBlock + 3*time.Second
	return single, goredis.NewClient(&reading), false, nil // what else is wrong, the first real call says
}

// connectCluster opens clients of a Cluster. They read from masters only: a replica may be behind.
func connectCluster(url string, partitions int) (client, reader goredis.UniversalClient, err error) {
	o, err := goredis.ParseClusterURL(url)
	if err != nil {
		return nil, nil, fmt.Errorf("the URL of a Redis Cluster: %w", err)
	}
	o.ContextTimeoutEnabled = true
	o.ReadOnly, o.RouteByLatency, o.RouteRandomly = false, false, false
	if o.MaxRedirects == 0 {
		o.MaxRedirects = clusterTries
	}
	if o.MaxRetryBackoff == 0 {
		o.MaxRetryBackoff = clusterPause
	}
	reading := *o
	reading.PoolSize = max(o.PoolSize, partitions) // every partition of a server may have a connection that blocks
	return goredis.NewClusterClient(o), goredis.NewClusterClient(&reading), nil
}

// bells wake reads in a Cluster, where no blocking read spans partitions: one connection blocks for each partition, and only while somebody waits.
type bells struct {
	feed    *Feed
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	waiting int
	rings   chan struct{} // closed and replaced when any partition has news
	begin   chan struct{} // closed when waiting rises from 0, replaced when it falls to 0
}

func newBells(f *Feed) *bells {
	ctx, stop := context.WithCancel(context.Background())
	b := &bells{feed: f, stop: stop, rings: make(chan struct{}), begin: make(chan struct{})}
	for p := range f.o.Partitions {
		b.running.Go(func() { b.watch(ctx, p) })
	}
	return b
}

// on returns the channel that the next news close, and a function to call when no longer waiting. Call on before reading, so that nothing in between is missed.
func (b *bells) on() (<-chan struct{}, func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; b.waiting == 1 {
		close(b.begin)
	}
	return b.rings, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.waiting--; b.waiting == 0 {
			b.begin = make(chan struct{})
		}
	}
}

func (b *bells) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.rings)
	b.rings = make(chan struct{})
}

// begins returns a channel that is closed while somebody waits.
func (b *bells) begins() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.begin
}

// watch watches a partition until ctx ends. What it has seen decides only when it rings: what is read, and that nothing is missing, is Read's to check.
func (b *bells) watch(ctx context.Context, p int) {
	last := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.begins():
		}
		rest := breathe
		news, err := b.once(ctx, p, &last)
		switch {
		case err != nil:
			rest = afterFail
		case !news:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

// once blocks until there is an entry after last, or maxBlock is over. It rings, and moves last to the end.
func (b *bells) once(ctx context.Context, p int, last *uint64) (news bool, err error) {
	f := b.feed
	streams := []string{f.stream(p), fmt.Sprintf("%d-0", *last)}
	_, err = f.reader.XRead(ctx, &goredis.XReadArgs{Streams: streams, Count: 1, Block: maxBlock}).Result()
	if errors.Is(err, goredis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	b.ring()
	// The reads take everything up to the end now; watch for what comes after it.
	tail, err := f.client.HGet(ctx, f.meta(p), "tail").Uint64()
	if err == nil {
		*last = tail
	}
	return true, err
}

// readApart is read in a Cluster: it asks all partitions, and waits for a bell if none has news.
func (f *Feed) readApart(ctx context.Context, after feed.Cursor, limit int, block time.Duration) ([]feed.Entry, error) {
	rings, done := f.bells.on()
	defer done()
	entries, err := f.sweep(ctx, after, limit)
	if err != nil || len(entries) > 0 {
		return entries, err
	}
	timer := time.NewTimer(block)
	defer timer.Stop()
	select {
	case <-rings:
		return f.sweep(ctx, after, limit)
	case <-timer.C:
		return nil, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// sweep asks all partitions for what is there.
func (f *Feed) sweep(ctx context.Context, after feed.Cursor, limit int) ([]feed.Entry, error) {
	n := f.o.Partitions
	cmds := make([]*goredis.XStreamSliceCmd, n)
	_, err := f.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for p := range cmds {
			streams := []string{f.stream(p), fmt.Sprintf("%d-0", after.At[p].Offset)}
			cmds[p] = pipe.XRead(ctx, &goredis.XReadArgs{Streams: streams, Count: int64(max(1, limit/n)), Block: -1})
		}
		return nil
	})
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, err
	}
	var out []feed.Entry
	for p, cmd := range cmds {
		found, err := cmd.Result()
		if errors.Is(err, goredis.Nil) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if out, err = f.taken(ctx, out, p, after, limit, found[0].Messages); err != nil {
			return nil, err
		}
	}
	return out, nil
}
