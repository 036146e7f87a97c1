package logtest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// CheckAcknowledged reads the whole log, which checks the chain, and fails if an entity's events are not contiguous, if one has fewer versions
// than were acknowledged, or if a head is not at the entity's last event.
func CheckAcknowledged(ctx context.Context, t testing.TB, l eventlog.Log, acknowledged map[eventlog.Ref]int64) {
	t.Helper()
	versions := map[eventlog.Ref]int64{}
	for p := range l.Partitions() {
		for _, e := range ReadAll(ctx, t, l, p) {
			if e.Version != versions[e.Ref()]+1 {
				t.Fatalf("%s: version %d follows %d", e.Ref(), e.Version, versions[e.Ref()])
			}
			versions[e.Ref()] = e.Version
		}
	}
	for ref, v := range acknowledged {
		if versions[ref] < v {
			t.Errorf("%s: version %d was acknowledged, %d are there", ref, v, versions[ref])
		}
	}
	for ref, v := range versions {
		loaded, err := l.Load(ctx, eventlog.Load{Primary: ref})
		if err != nil || loaded.Heads[ref].Version != v {
			t.Errorf("%s: %d events, head %+v (%v)", ref, v, loaded, err)
		}
	}
}

// BenchStep returns the append that benchmarks use: version 0 to 1 of entity n, a few fields, about 500 bytes in all.
func BenchStep(prefix string, n int64) eventlog.Append {
	id := fmt.Sprintf("%s%d", prefix, n)
	return Step(eventlog.Ref{Entity: "Order", ID: id}, 0, "cmd-"+id, map[string]json.RawMessage{
		"customer": raw(`"customer-1"`), "total": raw(`"79.09"`), "note": raw(`"as it was ordered"`),
		"lines": raw(`[{"product":"p1","seller":"s1","price":"21.33","freight":"15.1","quantity":3}]`),
	})
}
