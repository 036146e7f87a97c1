package redis_test

import (
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/internal/testredis"
)

func clusterClient(t testing.TB, url string) *goredis.ClusterClient {
	t.Helper()
	c := testredis.ClusterClient(t, url)
	t.Cleanup(func() { c.Close() })
	return c
}

func newPrefix(*testing.T) string { return testredis.NewPrefix() }

func TestLogInACluster(t *testing.T) {
	url := testredis.Cluster(t)
	contract(t, url, clusterClient(t, url), newPrefix, true)
}
