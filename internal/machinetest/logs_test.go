package machinetest

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/eventlog/redis"
	"github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestMain finds what a closed log leaves behind. What go-redis leaves of a pool that was closed may sleep for up to a second.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// engine is an engine of the log.
type engine struct {
	name string
	open func(t testing.TB, partitions int, m *schema.Model) eventlog.Log // a log of its own, which closes with the test
	fast bool                                                             // appends take microseconds
}

// engines returns all of them.
func engines() []engine {
	return []engine{
		{"memory", func(t testing.TB, partitions int, m *schema.Model) eventlog.Log {
			return openMemory(t, partitions, m, nil)
		}, true},
		{"SQLite", openSQLite, false},
		{"Redis", openRedis, false},
	}
}

func openMemory(t testing.TB, partitions int, m *schema.Model, now func() time.Time) eventlog.Log {
	t.Helper()
	l, err := memory.Open(memory.Options{Partitions: partitions, Placement: m.Roots(), Now: now})
	return opened(t, l, err)
}

func openSQLite(t testing.TB, partitions int, m *schema.Model) eventlog.Log {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "log.db"), sqlite.Options{Partitions: partitions, Placement: m.Roots()})
	return opened(t, l, err)
}

func openRedis(t testing.TB, partitions int, m *schema.Model) eventlog.Log {
	t.Helper()
	l, err := redis.Open(t.Context(), testredis.URL(t), redis.Options{Partitions: partitions, Placement: m.Roots(), Prefix: testredis.Prefix(t)})
	return opened(t, l, err)
}

func opened[L eventlog.Log](t testing.TB, l L, err error) eventlog.Log {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// onEach runs a test on every engine, on a log with so many partitions for the model.
func onEach(t *testing.T, partitions int, text string, test func(t *testing.T, e engine, l eventlog.Log)) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) { test(t, e, e.open(t, partitions, load(t, sdl(text)))) })
	}
}

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
