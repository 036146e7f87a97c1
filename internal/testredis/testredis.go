// Package testredis gives tests a Redis server: the one that REDIS_URL names, else a redis-server from PATH, else miniredis, with a loud word
// about it. With DAYBOOK_TEST_STRICT=1 nothing falls back: the test fails.
package testredis

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
)

// shared is the server of this test binary, for tests that only need some Redis. It ends with the process, see process.
var shared struct {
	sync.Mutex
	url  string
	keep any // the server's handle: once collected, its pipe closes and the server ends
}

// URL returns the URL of a Redis that other tests use at the same time: keep to keys that contain a Prefix, and flush nothing.
func URL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("REDIS_URL"); url != "" {
		return url
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.url == "" {
		shared.url = startShared(t)
	}
	return shared.url
}

func startShared(t testing.TB) string {
	t.Helper()
	if hasServer() {
		dir, err := os.MkdirTemp("", "daybook-testredis-")
		if err != nil {
			t.Fatal(err)
		}
		p, err := launch(dir, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		shared.keep = p
		return "redis://" + p.addr
	}
	fallBack(t, "using miniredis, an imitation: install redis-server, or set REDIS_URL")
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	return "redis://" + m.Addr()
}

func hasServer() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil
}

// fallBack says loudly that a test does less than it should, or fails it under DAYBOOK_TEST_STRICT=1.
func fallBack(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("DAYBOOK_TEST_STRICT") == "1" {
		t.Fatalf("no redis-server in PATH, and DAYBOOK_TEST_STRICT=1 forbids %s", what)
	}
	t.Logf("WARNING: no redis-server in PATH: %s", what)
	fmt.Fprintf(os.Stderr, "WARNING: %s: no redis-server in PATH: %s\n", t.Name(), what)
}

// Prefix returns a random key prefix for one test. Its keys are deleted when the test ends.
func Prefix(t testing.TB) string {
	t.Helper()
	prefix := NewPrefix()
	url := URL(t)
	t.Cleanup(func() { deleteKeys(t, url, prefix) })
	return prefix
}

// NewPrefix returns a random key prefix. Its keys stay.
func NewPrefix() string { return "test-" + strings.ToLower(rand.Text()) }

func deleteKeys(t testing.TB, url, prefix string) {
	c := Client(t, url)
	defer c.Close()
	ctx := context.Background()
	it := c.Scan(ctx, 0, "*"+prefix+"*", 1000).Iterator()
	for it.Next(ctx) {
		c.Unlink(ctx, it.Val())
	}
	if err := it.Err(); err != nil {
		t.Logf("keys of %s stay: %v", prefix, err)
	}
}

// Client returns a client of url, which the caller closes.
func Client(t testing.TB, url string) *goredis.Client {
	t.Helper()
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return goredis.NewClient(o)
}
