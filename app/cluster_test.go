package app

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/schema"
)

// A process whose REDIS_URL leads to a Cluster has its log and feed there, and commands take unique values and give them up.
func TestPartsInARedisCluster(t *testing.T) {
	model, err := schema.Load(fstest.MapFS{"model.graphql": {Data: []byte("type Thing @entity @crud { id: ID! code: String! @unique }")}})
	if err != nil {
		t.Fatal(err)
	}
	_, url := testredis.StartCluster(t, 2)
	p, err := open(t.Context(), &Config{RedisURL: url, Roles: allRoles, Data: t.TempDir()}, model, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if failed := p.ready(t.Context()); len(failed) > 0 || p.log.Spans() {
		t.Fatalf("%v, spans: %v", failed, p.log.Spans())
	}
	engine, err := command.New(command.Config{Model: model, Log: p.log})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		var mu sync.Mutex
		codes := map[command.Code]int{}
		var racers sync.WaitGroup
		for i := range 8 {
			racers.Go(func() {
				result, err := engine.Execute(t.Context(), command.Command{Name: "createThing", ID: fmt.Sprint(round, "-", i), Input: schema.Record{"code": fmt.Sprint(round)}})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case len(result.Rejections) > 0:
					codes[result.Rejections[0].Code]++
				default:
					codes[""]++
				}
			})
		}
		racers.Wait()
		if codes[""] != 1 || codes[command.NotUnique] != 7 {
			t.Fatalf("round %d: %v", round, codes)
		}
	}
}
