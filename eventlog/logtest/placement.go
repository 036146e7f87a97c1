package logtest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// RunPlacement is the contract of Options.Placement for an engine that keeps it. open opens the same log each time, of Partitions partitions.
func RunPlacement(t *testing.T, open func(p eventlog.Placement) (eventlog.Log, error)) {
	with := func(p eventlog.Placement, do func(l eventlog.Log)) {
		t.Helper()
		l, err := open(p)
		if err != nil {
			t.Fatal(err)
		}
		do(l)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	owner, owned := eventlog.Ref{Entity: "Customer", ID: "c1"}, eventlog.Ref{Entity: "Order", ID: "c1/o1"}
	together := func(l eventlog.Log) {
		t.Helper()
		if l.PartitionOf(owner) != l.PartitionOf(owned) {
			t.Errorf("%s lies in another partition than %s", owned, owner)
		}
	}
	with(eventlog.Placement{"Customer": "Customer"}, func(eventlog.Log) {})
	with(eventlog.Placement{"Customer": "Customer", "Order": "Customer"}, func(l eventlog.Log) {
		together(l)
		r, err := l.Append(t.Context(), eventlog.Append{
			Primary: owned, CommandID: "c", InputHash: "h", Decided: now(t, l), Conditions: []eventlog.Condition{{Ref: owned}},
			Events: []eventlog.NewEvent{{Ref: owned, Name: "Made", Set: map[string]json.RawMessage{"a": json.RawMessage("1")}}},
		})
		if err != nil || r.Events[0].Partition != l.PartitionOf(owner) {
			t.Fatal(r, err)
		}
		events, err := l.Read(t.Context(), l.PartitionOf(owner), 0, "", 10, 0)
		if err != nil || len(events) != 1 || events[0].Ref() != owned {
			t.Error(events, err)
		}
		loaded, err := l.Load(t.Context(), eventlog.Load{Primary: owner, Refs: []eventlog.Ref{owned}})
		if err != nil || loaded.Heads[owned].Version != 1 {
			t.Error(loaded, err)
		}
	})
	with(nil, together) // the log knows
	for _, other := range []eventlog.Placement{{"Order": "Order"}, {"Order": "Hall"}, {"Customer": "Order"}} {
		if l, err := open(other); !errors.Is(err, eventlog.ErrPlacement) {
			t.Errorf("%v: %v %v", other, l, err)
		}
	}
	with(eventlog.Placement{"Order": "Customer"}, together)
}

func now(t *testing.T, l eventlog.Log) time.Time {
	t.Helper()
	loaded, err := l.Load(t.Context(), eventlog.Load{Primary: eventlog.Ref{Entity: "Any", ID: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Now
}
