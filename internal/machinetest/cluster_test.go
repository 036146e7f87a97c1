package machinetest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/eventlog/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// TestWalkOnACluster walks through the model whose entities belong together, where one append reaches one slot only.
func TestWalkOnACluster(t *testing.T) {
	url, model, met := testredis.Cluster(t), load(t, sdl(chain)), map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		l, err := redis.Open(t.Context(), url, redis.Options{Partitions: 3, Placement: model.Roots(), Prefix: testredis.NewPrefix()})
		if err != nil {
			rt.Fatal(err)
		}
		defer l.Close()
		for what, n := range Walk(rt, model, l, chained, 20, nil) {
			met[what] += n
		}
	})
	t.Logf("%v", met)
	if met["NOT_UNIQUE"] == 0 || met["DUPLICATE"] == 0 {
		t.Error("no values were contended, or no command was sent again")
	}
}
