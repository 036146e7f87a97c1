package consolidator

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// stateCache keeps the states that were used last, within a number and within bytes: a few huge ones push out the rest, and themselves.
type stateCache struct {
	mu     sync.Mutex
	recent *simplelru.LRU[eventlog.Ref, *state]
	bytes  int
	limit  int
}

func newStateCache(states, bytes int) *stateCache {
	c := &stateCache{limit: bytes}
	c.recent, _ = simplelru.NewLRU(states, func(_ eventlog.Ref, s *state) { c.bytes -= s.size() }) // fails for a size below 1 only
	return c
}

func (c *stateCache) get(ref eventlog.Ref) (*state, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recent.Get(ref)
}

func (c *stateCache) add(ref eventlog.Ref, s *state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.Remove(ref) // so that what it took is counted off
	c.bytes += s.size()
	c.recent.Add(ref, s)
	for c.bytes > c.limit {
		c.recent.RemoveOldest()
	}
}

func (c *stateCache) purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.Purge()
}

// size is about what the state takes: each value is there as JSON and decoded.
func (s *state) size() int {
	n := 512
	for _, raw := range s.raws {
		n += 2 * len(raw)
	}
	return n
}
