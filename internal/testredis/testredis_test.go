package testredis_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/internal/testredis"
)

func TestKilledAndRestartedKeepsWhatWasSynced(t *testing.T) {
	s := testredis.Start(t, testredis.AppendOnly())
	c := testredis.Client(t, s.URL)
	defer c.Close()
	ctx := context.Background()
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if c.Ping(ctx).Err() == nil {
		t.Fatal("a killed server answers")
	}
	s.Restart()
	if v, err := c.Get(ctx, "k").Result(); err != nil || v != "v" {
		t.Fatalf("%q, %v", v, err)
	}
}

func TestSharedServerIsShared(t *testing.T) {
	if first := testredis.URL(t); first != testredis.URL(t) {
		t.Fatal("two servers")
	}
	if first := testredis.Prefix(t); first == testredis.Prefix(t) {
		t.Fatal("one prefix")
	}
}

func TestClusters(t *testing.T) {
	if first := testredis.Cluster(t); first != testredis.Cluster(t) {
		t.Fatal("two shared clusters")
	}
	shared := testredis.ClusterClient(t, testredis.Cluster(t))
	defer shared.Close()
	servers, url := testredis.StartCluster(t, 1)
	own := testredis.ClusterClient(t, url)
	defer own.Close()
	ctx := context.Background()
	for _, c := range []*goredis.ClusterClient{shared, own} {
		for _, k := range []string{"a", "b", "c", "d"} {
			if err := c.Set(ctx, k, "v", 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Eval(ctx, "return redis.call('MGET', unpack(KEYS))", []string{"a", "b"}).Err(); err == nil || !strings.Contains(err.Error(), "slot") {
			t.Errorf("a script over two slots: %v", err)
		}
	}
	var masters atomic.Int32
	count := func(context.Context, *goredis.Client) error { masters.Add(1); return nil }
	if err := shared.ForEachMaster(ctx, count); err != nil || masters.Load() != 3 {
		t.Errorf("%d masters, %v", masters.Load(), err)
	}
	servers[0].Kill()
	servers[0].Restart()
	deadline := time.Now().Add(20 * time.Second)
	one := testredis.Client(t, servers[0].URL)
	defer one.Close()
	for one.Set(ctx, "a", "w", 0).Err() != nil { // a master that comes back takes no writes for two seconds
		if time.Now().After(deadline) {
			t.Fatal("a restarted master takes no writes")
		}
		time.Sleep(50 * time.Millisecond)
	}
}
