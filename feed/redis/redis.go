// Package redis is the feed on Redis Streams: one capped stream per partition, for processes that are not the consolidator's.
package redis

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/feed"
)

//go:embed publish.lua
var publishText string

// Options say how to open a feed.
type Options struct {
	Partitions int    // of a feed that is new; 0 takes what there is, or the log's
	Capacity   int    // entries that a partition keeps; default 10,000
	Prefix     string // of all keys, without braces; default "daybook"
	Log        *slog.Logger
}

// Feed is a feed.Feed on Redis.
type Feed struct {
	o       Options
	client  goredis.UniversalClient // short calls
	reader  goredis.UniversalClient // blocking reads
	bells   *bells                  // in a Cluster, else nil
	publish *goredis.Script
	once    sync.Once
	closed  chan struct{}
}

var _ feed.Feed = (*Feed)(nil)

// Open connects to the Redis at url, or to the Redis Cluster that it leads to (more of its servers: ?addr=host2:port2). Partitions are those of the log under the same prefix, unless given.
func Open(ctx context.Context, url string, o Options) (*Feed, error) {
	if o.Capacity <= 0 {
		o.Capacity = 10_000
	}
	if o.Prefix == "" {
		o.Prefix = "daybook"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	client, reader, cluster, err := connect(ctx, url, o.Partitions)
	if err != nil {
		return nil, err
	}
	f := &Feed{o: o, client: client, reader: reader, publish: goredis.NewScript(publishText), closed: make(chan struct{})}
	if err := f.begin(ctx); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if cluster {
		f.bells = newBells(f)
	}
	return f, nil
}

// begin gives a feed that is new its epoch and its number of partitions.
func (f *Feed) begin(ctx context.Context) error {
	if f.o.Partitions <= 0 {
		return errors.New("the feed needs the number of the log's partitions")
	}
	return f.client.SetNX(ctx, f.epochKey(), uuid.NewString(), 0).Err()
}

func (f *Feed) epochKey() string { return f.o.Prefix + ":feed:epoch" }

func (f *Feed) stream(p int) string { return fmt.Sprintf("{%s:%d}:feed", f.o.Prefix, p) }

func (f *Feed) meta(p int) string { return fmt.Sprintf("{%s:%d}:feed:meta", f.o.Prefix, p) }

// epoch returns the feed's epoch. One that was lost with everything else gets a new one.
func (f *Feed) epoch(ctx context.Context) (string, error) {
	for range 3 {
		e, err := f.client.Get(ctx, f.epochKey()).Result()
		if !errors.Is(err, goredis.Nil) {
			return e, err
		}
		if err := f.client.SetNX(ctx, f.epochKey(), uuid.NewString(), 0).Err(); err != nil {
			return "", err
		}
	}
	return "", errors.New("the feed's epoch vanishes as often as it is set")
}

// Publish implements feed.Feed.
func (f *Feed) Publish(ctx context.Context, partition int, entries []feed.Entry) error {
	if partition < 0 || partition >= f.o.Partitions {
		return fmt.Errorf("the feed has no partition %d", partition)
	}
	if len(entries) == 0 {
		return nil
	}
	args := make([]any, 0, len(entries)+2)
	args = append(args, f.o.Capacity, strconv.FormatUint(rand.Uint64(), 10))
	for _, e := range entries {
		raw, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("feed entry of %s %s: %w", e.Entity, e.ID, err)
		}
		args = append(args, raw)
	}
	return f.publish.Run(ctx, f.client, []string{f.stream(partition), f.meta(partition)}, args...).Err()
}

// Tail implements feed.Feed.
func (f *Feed) Tail(ctx context.Context) (feed.Cursor, error) {
	epoch, err := f.epoch(ctx)
	if err != nil {
		return feed.Cursor{}, err
	}
	tails, err := f.tails(ctx)
	return feed.Cursor{Epoch: epoch, At: tails}, err
}

// tails returns the newest entry of every partition.
func (f *Feed) tails(ctx context.Context) (map[int]feed.Mark, error) {
	cmds := make([]*goredis.SliceCmd, f.o.Partitions)
	_, err := f.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i := range cmds {
			cmds[i] = p.HMGet(ctx, f.meta(i), "tail", "link")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(map[int]feed.Mark, len(cmds))
	for i, c := range cmds {
		v := c.Val()
		offset, _ := v[0].(string)
		link, _ := v[1].(string)
		if out[i], err = mark(offset, link); err != nil {
			return nil, fmt.Errorf("the tail of feed partition %d: %w", i, err)
		}
	}
	return out, nil
}

// mark reads an offset and a link. Both are absent before the first entry.
func mark(offset, link string) (m feed.Mark, err error) {
	if offset == "" {
		return m, nil
	}
	if m.Offset, err = strconv.ParseUint(offset, 10, 64); err != nil {
		return m, err
	}
	m.Link, err = strconv.ParseUint(link, 10, 64)
	return m, err
}

// Ping implements feed.Feed, by every master of a Cluster.
func (f *Feed) Ping(ctx context.Context) error {
	if c, is := f.client.(*goredis.ClusterClient); is {
		return c.ForEachMaster(ctx, func(ctx context.Context, c *goredis.Client) error { return c.Ping(ctx).Err() })
	}
	return f.client.Ping(ctx).Err()
}

// Close implements feed.Feed.
func (f *Feed) Close() (err error) {
	f.once.Do(func() {
		close(f.closed)
		if f.bells != nil {
			f.bells.stop()
			defer f.bells.running.Wait()
		}
		err = errors.Join(f.client.Close(), f.reader.Close())
	})
	return err
}
