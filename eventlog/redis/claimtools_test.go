package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

var errCrash = errors.New("the process ended")

// crashing is a log in the shared Cluster whose process can be made to end between two steps of an append with claims.
type crashing struct {
	*Log
	t    testing.TB
	bare *goredis.ClusterClient
	mu   sync.Mutex
	step string // "" for none
	left int    // how often the step is passed before it ends there
	died bool
	ids  atomic.Int64
}

func newCrashing(t testing.TB) *crashing {
	t.Helper()
	url := testredis.Cluster(t)
	l, err := Open(t.Context(), url, Options{Partitions: logtest.Partitions, Prefix: testredis.NewPrefix()})
	if err != nil {
		t.Fatal(err)
	}
	c := &crashing{Log: l, t: t, bare: testredis.ClusterClient(t, url)}
	l.crash = c.passes
	t.Cleanup(func() {
		c.bare.Close()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *crashing) passes(step string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.died {
		return errCrash
	}
	if step != c.step {
		return nil
	}
	if c.left--; c.left >= 0 {
		return nil
	}
	c.died = true
	return errCrash
}

// crashAt has whatever runs during do end at the step, after it has passed it so often. It returns whether it came to that.
func (c *crashing) crashAt(step string, passes int, do func() error) (crashed bool, err error) {
	c.mu.Lock()
	c.step, c.left, c.died = step, passes, false
	c.mu.Unlock()
	err = do()
	c.mu.Lock()
	defer c.mu.Unlock()
	crashed, c.step, c.died = c.died, "", false
	return crashed, err
}

// in returns an entity of the partition.
func (c *crashing) in(partition, n int) eventlog.Ref {
	for i, found := 0, 0; ; i++ { // ends: the hash reaches every partition
		r := eventlog.Ref{Entity: "Order", ID: fmt.Sprintf("o%d", i)}
		if c.PartitionOf(r) == partition {
			if found == n {
				return r
			}
			found++
		}
	}
}

func value(owner eventlog.Ref, v string) eventlog.Claim {
	return eventlog.Claim{Field: "Order.x", Value: v, Owner: owner}
}

// command returns a command of the entity, as it is now, with an id of its own.
func (c *crashing) command(r eventlog.Ref, claim, release []eventlog.Claim) eventlog.Append {
	c.t.Helper()
	loaded, err := c.Load(context.Background(), eventlog.Load{Primary: r})
	if err != nil {
		c.t.Fatal(err)
	}
	a := logtest.Step(r, loaded.Heads[r].Version, fmt.Sprintf("c%d", c.ids.Add(1)), nil)
	a.Claim, a.Release = claim, release
	return a
}

func (c *crashing) try(a eventlog.Append) error {
	_, err := c.Append(context.Background(), a)
	return err
}

// holders returns who has each value, as the heads say, and fails if two have one, or if the key of one does not name who has it.
func (c *crashing) holders() map[string]eventlog.Ref {
	c.t.Helper()
	ctx := context.Background()
	out := map[string]eventlog.Ref{}
	var mu sync.Mutex
	err := c.bare.ForEachMaster(ctx, func(ctx context.Context, m *goredis.Client) error {
		it := m.Scan(ctx, 0, "*"+c.keys.prefix+"*:head:*", 1000).Iterator()
		for it.Next(ctx) {
			_, name, _ := strings.Cut(it.Val(), ":head:")
			names, err := m.HKeys(ctx, it.Val()).Result()
			if err != nil {
				return err
			}
			for _, n := range names {
				v, is := strings.CutPrefix(n, "@u:Order.x\n")
				if !is {
					continue
				}
				mu.Lock()
				other, twice := out[v]
				out[v] = parseOwner(name)
				mu.Unlock()
				if twice {
					return fmt.Errorf("both %s and %s have %q", other, name, v)
				}
			}
		}
		return it.Err()
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for v, r := range out {
		text, err := c.look(ctx, value(r, v))
		if err != nil {
			c.t.Fatal(err)
		}
		if named, err := parseClaim(text); err != nil || named.owner != r && named.from != r {
			c.t.Fatalf("%s has %q, whose key says %q (%v)", r, v, text, err)
		}
	}
	return out
}

// settled fails unless the value is the entity's for everybody, or nobody's, and can be taken exactly then.
func (c *crashing) settled(v string, owner eventlog.Ref) {
	c.t.Helper()
	if has := c.holders()[v]; has != owner {
		c.t.Fatalf("%q is %v's, not %v's", v, has, owner)
	}
	probe := c.in(3, 90)
	loaded, err := c.Load(context.Background(), eventlog.Load{Primary: probe, Claims: []eventlog.Claim{value(probe, v)}})
	if err != nil || loaded.Owners[0] != owner {
		c.t.Fatalf("%q is %v's (%v), not %v's", v, loaded.Owners, err, owner)
	}
	err = c.try(c.command(probe, []eventlog.Claim{value(probe, v)}, nil))
	var claimed *eventlog.ClaimedError
	switch {
	case owner == (eventlog.Ref{}) && err != nil:
		c.t.Fatalf("%q is free, and can't be taken: %v", v, err)
	case owner == (eventlog.Ref{}):
		if err := c.try(c.command(probe, nil, []eventlog.Claim{value(probe, v)})); err != nil {
			c.t.Fatal(err)
		}
		if text, err := c.look(context.Background(), value(probe, v)); text != "" || err != nil {
			c.t.Fatalf("after it was given up the key says %q, %v", text, err)
		}
	case !errors.As(err, &claimed) || claimed.Owner != owner:
		c.t.Fatalf("%q is %s's, and taking it gives %v", v, owner, err)
	}
}

func (c *crashing) must(a eventlog.Append) {
	c.t.Helper()
	if err := c.try(a); err != nil {
		c.t.Fatal(err)
	}
}
