// Package redis is the event log in Redis Streams: the engine to scale out with.
//
// An append is one Lua script, so that it happens entirely or not at all. Standalone Redis, Sentinel and Redis Cluster, 6.2 or later (7.0 or later is recommended). On a
// Cluster a partition is a slot: what one append needs lies in one partition, but for unique values, see claims.go.
package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Defaults of Options.
const (
	DefaultPartitions    = eventlog.DefaultPartitions
	DefaultPrefix        = "daybook"
	DefaultReceiptWindow = eventlog.DefaultReceiptWindow

	// Formats of what is stored; another one is refused. On a Cluster receipts lie elsewhere, and claims say more.
	format        = "1"
	clusterFormat = "1-cluster"
)

// Options say how to open a log.
type Options struct {
	Partitions    int    // 1 to eventlog.MaxPartitions; 0 takes what Redis has, DefaultPartitions for a new log
	Prefix        string // of all keys, without braces; "" is DefaultPrefix. Logs of several services share a Redis by it
	Placement     eventlog.Placement
	Existing      bool          // eventlog.ErrNoLog (wrapped) if there is no log, instead of making one
	ReceiptWindow time.Duration // how long a command id is remembered, at least a minute; 0 is DefaultReceiptWindow
}

// Log is an eventlog.Log in Redis.
type Log struct {
	keys       keys
	id         string // of this very log: one that was lost and made anew has another
	window     time.Duration
	durability durability
	client     goredis.UniversalClient
	watch      *watch
	stop       func()                  // ends the watch
	crash      func(step string) error // of tests, see at

	closed    chan struct{}
	closeOnce sync.Once
	closeErr  error
	running   sync.WaitGroup
}

var _ eventlog.Log = (*Log)(nil)

// Open opens the log in the Redis at url (redis://, rediss://, unix://), and makes it if there is none. A server of a Redis Cluster leads to the Cluster, of which the URL may name
// more servers: redis://host:port?addr=host2:port2. Open returns eventlog.ErrPartitions (wrapped) if the log
// has another number of partitions, eventlog.ErrPlacement if entities lie elsewhere in it, and refuses a Redis that would throw parts of a log away. The log runs goroutines until Close.
func Open(ctx context.Context, url string, o Options) (*Log, error) {
	if namesSeveral(url) {
		return openCluster(ctx, url, o)
	}
	ro, err := goredis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("the URL of Redis: %w", err)
	}
	l, err := open(ctx, o, false, func(tune func(*goredis.Options)) goredis.UniversalClient {
		c := *ro
		tune(&c)
		return goredis.NewClient(&c)
	})
	if errors.Is(err, errCluster) {
		return openCluster(ctx, url, o)
	}
	return l, err
}

// OpenUniversal is Open with go-redis' options, for Sentinel (MasterName set), a Cluster (several addresses) and whatever else a URL can't say.
func OpenUniversal(ctx context.Context, u goredis.UniversalOptions, o Options) (*Log, error) {
	if u.IsClusterMode || u.MasterName == "" && len(u.Addrs) > 1 {
		return open(ctx, o, true, connectCluster(u.Cluster()))
	}
	l, err := open(ctx, o, false, func(tune func(*goredis.Options)) goredis.UniversalClient {
		c := u
		if c.MasterName == "" {
			simple := c.Simple()
			tune(simple)
			return goredis.NewClient(simple)
		}
		failover := c.Failover()
		var tuned goredis.Options
		tune(&tuned)
		failover.ContextTimeoutEnabled, failover.OnConnect = tuned.ContextTimeoutEnabled, tuned.OnConnect
		return goredis.NewFailoverClient(failover)
	})
	if errors.Is(err, errCluster) {
		return open(ctx, o, true, connectCluster(u.Cluster()))
	}
	return l, err
}

func open(ctx context.Context, o Options, cluster bool, connect func(tune func(*goredis.Options)) goredis.UniversalClient) (*Log, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	tune := func(c *goredis.Options) { c.ContextTimeoutEnabled = true }
	l := &Log{keys: keys{prefix: o.Prefix, placement: o.Placement, cluster: cluster}, window: o.ReceiptWindow, closed: make(chan struct{})}
	l.durability.cluster = cluster
	l.client = connect(func(c *goredis.Options) { tune(c); c.OnConnect = l.durability.onConnect })
	if cluster {
		l.client.AddHook(endsWith{l.closed})
	}
	err := l.prepare(ctx, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the log in Redis: %w", explain(err)), l.client.Close())
	}
	l.watch = newWatch(connect(func(c *goredis.Options) { tune(c); c.PoolSize = watchers(l.keys) }), l.keys)
	watching, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.watch.start(watching, &l.running)
	l.running.Go(func() { l.durability.run(l.client, l.closed) })
	return l, nil
}

func (o *Options) fill() (err error) {
	if o.ReceiptWindow, err = eventlog.CheckOptions(o.Partitions, o.ReceiptWindow); err != nil {
		return err
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if strings.ContainsAny(o.Prefix, "{} \t\r\n") || len(o.Prefix) > 100 {
		return fmt.Errorf("the key prefix %q has braces or blanks, or more than 100 bytes", o.Prefix)
	}
	return nil
}

// prepare checks the servers, then makes the log or checks what is there.
func (l *Log) prepare(ctx context.Context, o Options) error {
	if err := l.checkServers(ctx); err != nil {
		return err
	}
	if o.Existing {
		n, err := l.client.Exists(ctx, l.keys.settings()).Result()
		if err != nil {
			return err
		}
		if n == 0 {
			return eventlog.ErrNoLog
		}
	}
	asked := o.Partitions
	if asked == 0 {
		asked = DefaultPartitions
	}
	begin, want := l.makeAtOnce, format
	if l.keys.cluster {
		begin, want = l.makeInSteps, clusterFormat
	}
	have, err := begin(ctx, want, asked)
	if err != nil {
		return err
	}
	if have[0] == "lost" {
		return fmt.Errorf("part of it is gone: %s: restore Redis from a copy, or choose another key prefix", have[1])
	}
	if err := checkFormat(have[1], want); err != nil {
		return err
	}
	l.id = have[0]
	if _, err := fmt.Sscan(have[2], &l.keys.partitions); err != nil || l.keys.partitions < 1 || l.keys.partitions > eventlog.MaxPartitions {
		return fmt.Errorf("%s is damaged: it says the log has %q partitions", l.keys.settings(), have[2])
	}
	if o.Partitions != 0 && o.Partitions != l.keys.partitions {
		return fmt.Errorf("%w: it has %d, not %d: open it with %[2]d", eventlog.ErrPartitions, l.keys.partitions, o.Partitions)
	}
	return l.place(ctx)
}

// makeAtOnce makes the log if there is none. It returns what init.lua does.
func (l *Log) makeAtOnce(ctx context.Context, format string, partitions int) ([]string, error) {
	names := []string{l.keys.settings()}
	for p := range partitions {
		names = append(names, l.keys.meta(p))
	}
	return initScript.Run(ctx, l.client, names, uuid.NewString(), format, partitions).StringSlice()
}

func checkFormat(have, want string) error {
	if have == want {
		return nil
	}
	switch have {
	case clusterFormat:
		return errors.New("it was made in a Redis Cluster, where receipts and unique values are kept otherwise: it can't be opened in a Redis that is none")
	case format:
		return errors.New("it was not made in a Redis Cluster, where receipts and unique values are kept otherwise: it can't be opened in one")
	}
	return fmt.Errorf("its format is version %s, this program reads version %s: use the program of that version", have, want)
}

// placementName begins the names of the settings that keep placements.
const placementName = "placement:"

// place keeps the placement of types that are new to the log, and takes that of the others. Two processes that open a log at once see what the other kept.
func (l *Log) place(ctx context.Context) error {
	for _, entity := range l.keys.placement.Types() {
		if err := l.client.HSetNX(ctx, l.keys.settings(), placementName+entity, l.keys.placement[entity]).Err(); err != nil {
			return err
		}
	}
	settings, err := l.client.HGetAll(ctx, l.keys.settings()).Result()
	if err != nil {
		return err
	}
	kept := eventlog.Placement{}
	for name, root := range settings {
		if entity, ok := strings.CutPrefix(name, placementName); ok {
			kept[entity] = root
		}
	}
	l.keys.placement, err = l.keys.placement.With(kept)
	return err
}

// Partitions returns the number of partitions.
func (l *Log) Partitions() int { return l.keys.partitions }

// PartitionOf returns the partition of an entity.
func (l *Log) PartitionOf(ref eventlog.Ref) int { return l.keys.partitionOf(ref) }

// Spans is false in a Redis Cluster, where no script reaches two partitions.
func (l *Log) Spans() bool { return !l.keys.cluster }

// Durability is "fsync" if Redis says that it syncs every write before it answers, else "memory".
func (l *Log) Durability() string { return l.durability.String() }

// Ping reports whether Redis, every master of a Cluster, answers and has the log that was opened.
func (l *Log) Ping(ctx context.Context) error {
	if l.keys.cluster {
		err := eachServer(ctx, l.client, func(ctx context.Context, c *goredis.Client) error { return c.Ping(ctx).Err() })
		if err != nil {
			return l.fail("ping", err)
		}
	}
	id, err := l.client.HGet(ctx, l.keys.settings(), "id").Result()
	if errors.Is(err, goredis.Nil) || err == nil && id != l.id {
		err = errLost(l.keys.settings() + " is not of the log that was opened")
	}
	return l.fail("ping", err)
}

// Close ends waiting reads and appends, and the connections. It is safe to call twice.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		close(l.closed)
		l.stop()
		l.closeErr = errors.Join(l.watch.client.Close(), l.client.Close())
		l.running.Wait()
	})
	return l.closeErr
}

// fail wraps an error with what failed and what to do about it; after Close it is ErrClosed.
func (l *Log) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-l.closed:
		return eventlog.ErrClosed
	default:
		return fmt.Errorf("log in Redis: %s: %w", what, explain(err))
	}
}
