package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// TestTheStoreIsRefusedOnACluster: its orders refer to customers and products in other partitions, by conditions that one append has to have.
func TestTheStoreIsRefusedOnACluster(t *testing.T) {
	var said bytes.Buffer
	code := app.Do(t.Context(), definition, []string{"--listen", "127.0.0.1:0", "--data", t.TempDir(), "--redis-url", testredis.Cluster(t)}, nil, io.Discard, &said)
	if code != 2 {
		t.Errorf("%d %s", code, said.String())
	}
	for _, want := range []string{
		"schema/order.graphql:", "on Redis Cluster Order and the Customer that it refers to may lie in different slots, and the append asks for its state, @ref(in: [ACTIVE])", `@entity(with: "customer")`, "@reaction",
		"the Product that it refers to", "Reservation and the Product that the rule of reserveStock reaches may lie in different slots",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it does not say %q: %s", want, said.String())
		}
	}
	t.Log(said.String())
}
