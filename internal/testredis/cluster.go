package testredis

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// slots is the number of slots of every Redis Cluster.
const slots = 16384

// sharedCluster is the cluster of this test binary. It ends with the process, see process.
var sharedCluster struct {
	sync.Mutex
	url  string
	keep []*process
}

// Cluster returns the URL of a Redis Cluster of three masters that other tests of this binary use at the same time: keep to keys that contain a NewPrefix, and
// flush nothing. It is started from the redis-server in PATH, whatever REDIS_URL says; without one the test is skipped, loudly, and fails under DAYBOOK_TEST_STRICT=1.
func Cluster(t testing.TB) string {
	t.Helper()
	needServer(t, "skipping what needs a Redis Cluster: the tests of Cluster did not run")
	sharedCluster.Lock()
	defer sharedCluster.Unlock()
	if sharedCluster.url != "" {
		return sharedCluster.url
	}
	var addrs []string
	for range 3 {
		dir, err := os.MkdirTemp("", "daybook-testredis-")
		if err != nil {
			t.Fatal(err)
		}
		p, err := launch(dir, true, clusterArgs(t))
		if err != nil {
			t.Fatal(err)
		}
		sharedCluster.keep = append(sharedCluster.keep, p)
		addrs = append(addrs, p.addr)
	}
	form(t, addrs)
	sharedCluster.url = clusterURL(addrs)
	return sharedCluster.url
}

// StartCluster starts a Redis Cluster of so many masters for this test, each of which may be killed and started again, and returns them with the URL of all. Options
// are those of every master. Without a redis-server in PATH the test is skipped, loudly; under DAYBOOK_TEST_STRICT=1 it fails.
func StartCluster(t testing.TB, masters int, opts ...Option) ([]*Server, string) {
	t.Helper()
	needServer(t, "skipping what needs a Redis Cluster of its own: the tests of Cluster did not run")
	var servers []*Server
	var addrs []string
	for range masters {
		s := Start(t, append([]Option{Args(clusterArgs(t)...)}, opts...)...)
		servers, addrs = append(servers, s), append(addrs, s.Addr)
	}
	form(t, addrs)
	return servers, clusterURL(addrs)
}

// StartReplica starts a replica of a master that StartCluster returned, and waits until it has what the master has.
func StartReplica(t testing.TB, master *Server) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s := Start(t, Args(clusterArgs(t)...))
	m, c := Client(t, master.URL), Client(t, s.URL)
	defer m.Close()
	defer c.Close()
	id, err := m.Do(ctx, "CLUSTER", "MYID").Text()
	if err != nil {
		t.Fatal(err)
	}
	meet(ctx, t, c, master.Addr)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for told, is := false, false; !is; {
		if !told {
			told = c.ClusterReplicate(ctx, id).Err() == nil // it has to know the master
		}
		info, err := c.Info(ctx, "replication").Result()
		is = told && err == nil && strings.Contains(info, "master_link_status:up")
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("redis-server on %s does not follow %s", s.Addr, master.Addr)
		}
	}
	return s
}

// clusterArgs are the arguments of a server that is to be of a cluster. Its second port is a free one: the usual one, 10,000 above, need not exist.
func clusterArgs(t testing.TB) []string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	return []string{"--cluster-enabled", "yes", "--cluster-port", port, "--cluster-announce-ip", "127.0.0.1", "--cluster-node-timeout", "5000"}
}

func clusterURL(addrs []string) string {
	url := "redis://" + addrs[0]
	for i, a := range addrs[1:] {
		sign := "&"
		if i == 0 {
			sign = "?"
		}
		url += sign + "addr=" + a
	}
	return url
}

// form gives each server its part of the slots, makes them one cluster, and waits until every one of them says so.
func form(t testing.TB, addrs []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for i, addr := range addrs {
		c := goredis.NewClient(&goredis.Options{Addr: addr})
		defer c.Close()
		if err := c.ClusterAddSlotsRange(ctx, i*slots/len(addrs), (i+1)*slots/len(addrs)-1).Err(); err != nil {
			t.Fatal(err)
		}
		if err := c.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			t.Fatal(err)
		}
		for _, other := range addrs[:i] { // each meets each: word of mouth takes seconds
			meet(ctx, t, c, other)
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, addr := range addrs {
		for !isFormed(ctx, addr, len(addrs)) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("redis-server on %s is of no cluster of %d yet", addr, len(addrs))
			}
		}
	}
}

// meet has a server get to know another one.
func meet(ctx context.Context, t testing.TB, c *goredis.Client, addr string) {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	other := goredis.NewClient(&goredis.Options{Addr: addr})
	defer other.Close()
	config, err := other.ConfigGet(ctx, "cluster-port").Result()
	if err == nil {
		err = c.Do(ctx, "CLUSTER", "MEET", host, port, config["cluster-port"]).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func isFormed(ctx context.Context, addr string, masters int) bool {
	c := goredis.NewClient(&goredis.Options{Addr: addr})
	defer c.Close()
	info, err := c.ClusterInfo(ctx).Result()
	if err != nil || !strings.Contains(info, "cluster_state:ok") {
		return false
	}
	parts, err := c.Do(ctx, "CLUSTER", "SLOTS").Slice()
	return err == nil && len(parts) == masters && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", masters))
}

// ClusterClient returns a client of the cluster at url, which the caller closes.
func ClusterClient(t testing.TB, url string) *goredis.ClusterClient {
	t.Helper()
	o, err := goredis.ParseClusterURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return goredis.NewClusterClient(o)
}
