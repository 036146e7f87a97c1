package storetest

import (
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// Dropped checks that a view begins again if what was stored of it is gone: whoever dropped what an older definition had left may come back to it. open opens always the same store,
// drop drops the table or the collection of what is stored under that name.
func Dropped(t *testing.T, open func(*schema.Model) documents.Store, drop func(stored string)) {
	m := Model(t)
	views := []string{"Total", "Latest"}
	for _, gone := range []*schema.Entity{m.View("Total"), m.View("Total").View.Tallies} {
		s := open(m)
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(s.Setup(t.Context()))
		ok(s.AdvanceViews(t.Context(), 3, views, documents.Checkpoint{Place: position.Place{Epoch: 1, Seq: 7}}))
		for _, v := range views {
			ok(s.SetViewReady(t.Context(), v, true))
		}
		know := func(want map[string]bool) {
			t.Helper()
			for _, v := range views {
				at, err := s.ViewCheckpoints(t.Context(), v)
				ok(err)
				ready, err := s.ViewReady(t.Context(), v)
				ok(err)
				if ready != want[v] || len(at) > 0 != want[v] {
					t.Errorf("without %s: %s is ready: %v, at %v", gone.Name, v, ready, at)
				}
			}
		}
		ok(s.Setup(t.Context()))
		know(map[string]bool{"Total": true, "Latest": true})
		drop(gone.Stored())
		s = open(m)
		ok(s.Setup(t.Context()))
		know(map[string]bool{"Latest": true})
	}
}
