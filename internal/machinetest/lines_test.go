package machinetest

import (
	"os"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/rules"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestALineCostsTheSameInALongOrder: the events of the store's commands on lines are as large in an order of 1,000 lines as in one of 1. The lines cost nothing, so that
// the totals are the same.
func TestALineCostsTheSameInALongOrder(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			m := load(t, os.DirFS("../.."))
			l := e.open(t, 2, m)
			engine, err := command.New(command.Config{Model: m, Log: l, Rules: rules.Table()})
			if err != nil {
				t.Fatal(err)
			}
			do := func(name, id string, in schema.Record) *command.Result {
				t.Helper()
				r, err := engine.Execute(t.Context(), command.Command{Name: name, ID: id, Input: in})
				if err != nil || r.Receipt == nil {
					t.Fatalf("%s: %v, %+v", name, err, r)
				}
				return r
			}
			do("registerCustomer", "c", schema.Record{"name": "n", "email": "e", "city": "c", "region": "r"})
			do("createProduct", "p", schema.Record{})
			line := func() schema.Record {
				return schema.Record{"product": "p", "seller": "s", "price": scalar.NewDecimal(0), "freight": scalar.NewDecimal(0), "quantity": 1}
			}
			sizes := map[string]map[string]int{}
			for id, n := range map[string]int{"short": 1, "long1": 1000} {
				lines := make([]any, n)
				for i := range lines {
					lines[i] = line()
				}
				do("createOrder", id, schema.Record{"customer": "c", "lines": lines})
				sizes[id] = map[string]int{
					"add":    size(t, l, do("addOrderLine", id, schema.Record{"line": line()})),
					"change": size(t, l, do("changeOrderLine", id, schema.Record{"line": schema.Record{"line": "1-1", "quantity": 2}})),
					"remove": size(t, l, do("removeOrderLine", id, schema.Record{"line": "1-1"})),
				}
			}
			t.Logf("bytes of the events: %v", sizes)
			for what, n := range sizes["short"] {
				if got := sizes["long1"][what]; got != n || n > 400 {
					t.Errorf("to %s a line takes %d bytes in an order of 1,000 lines, %d in an order of 1", what, got, n)
				}
			}
		})
	}
}

// size is what the log holds of a command's event beside what every event has.
func size(t *testing.T, l eventlog.Log, r *command.Result) int {
	t.Helper()
	made := r.Receipt.Events[0]
	for e, err := range l.History(t.Context(), made.Ref, position.Place{Epoch: made.Epoch, Seq: made.Seq}) {
		if err != nil {
			t.Fatal(err)
		}
		return len(e.Changes) + len(e.Input)
	}
	t.Fatal("there is no event")
	return 0
}
