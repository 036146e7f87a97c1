package redis

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// How often a call is sent at most, and how long at most it pauses between: slots move, and masters fail over. Sent again it does no harm: command ids and tokens tell. go-redis
// tries again what it closed itself too, so that a log would close slowly with longer pauses.
const (
	clusterTries = 8
	clusterPause = 100 * time.Millisecond
)

// errCluster means that a server that was taken for a single one is of a Redis Cluster.
var errCluster = errors.New("it is a server of a Redis Cluster")

// namesSeveral reports whether the URL names several servers, as only that of a Cluster does.
func namesSeveral(url string) bool {
	u, err := neturl.Parse(url)
	return err == nil && u.Query().Has("addr")
}

// openCluster opens the log in the Cluster that the URL leads to.
func openCluster(ctx context.Context, url string, o Options) (*Log, error) {
	co, err := goredis.ParseClusterURL(url)
	if err != nil {
		return nil, fmt.Errorf("the URL of a Redis Cluster: %w", err)
	}
	return open(ctx, o, true, connectCluster(co))
}

// connectCluster makes clients of a Cluster. They read from masters only: a replica may be behind.
func connectCluster(o *goredis.ClusterOptions) func(tune func(*goredis.Options)) goredis.UniversalClient {
	return func(tune func(*goredis.Options)) goredis.UniversalClient {
		c := *o
		var tuned goredis.Options
		tune(&tuned)
		c.ContextTimeoutEnabled, c.OnConnect = tuned.ContextTimeoutEnabled, tuned.OnConnect
		c.PoolSize = max(c.PoolSize, tuned.PoolSize)
		c.ReadOnly, c.RouteByLatency, c.RouteRandomly = false, false, false
		if c.MaxRedirects == 0 {
			c.MaxRedirects = clusterTries
		}
		if c.MaxRetryBackoff == 0 {
			c.MaxRetryBackoff = clusterPause
		}
		return goredis.NewClusterClient(&c)
	}
}

// endsWith is a hook by which no call is begun after Close: a client of a Cluster that is closed would try several times.
type endsWith struct{ closed <-chan struct{} }

func (h endsWith) err() error {
	select {
	case <-h.closed:
		return eventlog.ErrClosed
	default:
		return nil
	}
}

// DialHook implements goredis.Hook.
func (h endsWith) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessHook implements goredis.Hook.
func (h endsWith) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if err := h.err(); err != nil {
			cmd.SetErr(err)
			return err
		}
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements goredis.Hook.
func (h endsWith) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if err := h.err(); err != nil {
			return err
		}
		return next(ctx, cmds)
	}
}

// eachServer calls do for the server of the client, or at once for every master of its Cluster. An error says whose it is.
func eachServer(ctx context.Context, c goredis.UniversalClient, do func(ctx context.Context, c *goredis.Client) error) error {
	switch c := c.(type) {
	case *goredis.ClusterClient:
		return c.ForEachMaster(ctx, func(ctx context.Context, master *goredis.Client) error {
			if err := do(ctx, master); err != nil {
				return fmt.Errorf("master %s: %w", master.Options().Addr, explain(err))
			}
			return nil
		})
	case *goredis.Client:
		return do(ctx, c)
	}
	return fmt.Errorf("no client of this kind is known: %T", c)
}

// checkServers refuses servers that can't keep a log.
func (l *Log) checkServers(ctx context.Context) error {
	if !l.keys.cluster {
		return checkServer(ctx, l.client, false)
	}
	err := eachServer(ctx, l.client, func(ctx context.Context, c *goredis.Client) error { return checkServer(ctx, c, true) })
	if err == nil {
		l.durability.check(ctx, l.client)
	}
	return err
}

// makeInSteps makes the log if there is none, or goes on where somebody stopped who was making it: first the settings, in the state "making", then the meta of each
// partition, then the state is "ready". No log is opened before that. It returns what init.lua does.
func (l *Log) makeInSteps(ctx context.Context, format string, partitions int) ([]string, error) {
	there, err := l.client.Exists(ctx, l.keys.settings()).Result()
	if err != nil {
		return nil, err
	}
	lost := ""
	for p := 0; p < partitions && there == 0 && lost == ""; p++ {
		n, err := l.client.Exists(ctx, l.keys.meta(p)).Result()
		if err != nil {
			return nil, err
		}
		if n > 0 {
			lost = l.keys.meta(p)
		}
	}
	if lost != "" { // unless somebody has made it meanwhile
		if there, err = l.client.Exists(ctx, l.keys.settings()).Result(); err != nil {
			return nil, err
		}
		if there == 0 {
			return []string{"lost", lost + " exists but " + l.keys.settings() + " does not"}, nil
		}
	}
	have, err := settingsScript.Run(ctx, l.client, []string{l.keys.settings()}, uuid.NewString(), format, partitions).StringSlice()
	if err != nil || have[1] != format || have[3] == "ready" {
		return have, err
	}
	return l.makeMetas(ctx, have)
}

// makeMetas makes the metas that are missing, and then says that the log is ready.
func (l *Log) makeMetas(ctx context.Context, have []string) ([]string, error) {
	var partitions int
	if _, err := fmt.Sscan(have[2], &partitions); err != nil {
		return have, nil //nolint:nilerr // who reads have says what is wrong with it
	}
	if err := l.at("settings"); err != nil {
		return nil, err
	}
	for p := range partitions {
		is, err := metaScript.Run(ctx, l.client, []string{l.keys.meta(p)}, have[0]).Text()
		if err != nil {
			return nil, err
		}
		if is != have[0] {
			return []string{"lost", l.keys.meta(p) + " is of another log than " + l.keys.settings()}, nil
		}
		if err := l.at("meta"); err != nil {
			return nil, err
		}
	}
	is, err := readyScript.Run(ctx, l.client, []string{l.keys.settings()}, have[0]).Text()
	if err == nil && is != have[0] {
		return []string{"lost", l.keys.settings() + " is of another log than it was"}, nil
	}
	return have, err
}
