package redis

import (
	"context"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// What acknowledged appends survive, as receipts show it.
const (
	durableFsync  = "fsync"  // a crash of Redis' machine
	durableMemory = "memory" // what Redis has not synced yet is lost with it
)

// recheckEvery bounds how long a receipt may name a durability that somebody has configured away.
const recheckEvery = 5 * time.Second

// durability knows what Redis is configured to do. It is asked on every new connection, so that a fail-over to a server that is configured otherwise
// is known before that server acknowledges anything, and from time to time, because the configuration of a running server can change. Of a Cluster it is
// that of the master that promises least: a new connection can only lower it, only asking all of them can raise it.
type durability struct {
	name    atomic.Pointer[string]
	cluster bool
	lowered atomic.Int64 // by new connections
}

func (d *durability) String() string {
	if s := d.name.Load(); s != nil {
		return *s
	}
	return durableMemory
}

// configGetter is a connection or a client.
type configGetter interface {
	ConfigGet(ctx context.Context, parameter string) *goredis.MapStringStringCmd
}

// durabilityOf asks one server. A managed Redis may forbid CONFIG: then nothing better than memory can be promised.
func durabilityOf(ctx context.Context, c configGetter) string {
	config, err := c.ConfigGet(ctx, "*append*").Result()
	if err == nil && config["appendonly"] == "yes" && config["appendfsync"] == "always" && config["no-appendfsync-on-rewrite"] == "no" {
		return durableFsync
	}
	return durableMemory
}

// check asks, every master of a Cluster.
func (d *durability) check(ctx context.Context, c goredis.UniversalClient) {
	lowered := d.lowered.Load()
	var weak atomic.Bool
	err := eachServer(ctx, c, func(ctx context.Context, c *goredis.Client) error {
		if durabilityOf(ctx, c) != durableFsync {
			weak.Store(true)
		}
		return nil
	})
	is := durableFsync
	if err != nil || weak.Load() || d.lowered.Load() != lowered { // a connection that was made meanwhile knows better
		is = durableMemory
	}
	d.name.Store(&is)
}

// onConnect is goredis.Options.OnConnect.
func (d *durability) onConnect(ctx context.Context, c *goredis.Conn) error {
	is := durabilityOf(ctx, c)
	switch {
	case !d.cluster:
		d.name.Store(&is)
	case is != durableFsync:
		d.lowered.Add(1)
		d.name.Store(&is)
	}
	return nil
}

// run asks again until the log is closed.
func (d *durability) run(c goredis.UniversalClient, closed <-chan struct{}) {
	tick := time.NewTicker(recheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-closed:
			return
		case <-tick.C:
			ctx, cancel := context.WithTimeout(context.Background(), recheckEvery)
			d.check(ctx, c)
			cancel()
		}
	}
}
