package testredis_test

import (
	"context"
	"testing"

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
