package query_test

import (
	"context"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
)

// lateLists is a store whose lists are read when somebody opens them.
type lateLists struct {
	documents.Store
	asked, open chan struct{}
}

func (s *lateLists) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	s.asked <- struct{}{}
	<-s.open
	return s.Store.List(ctx, q)
}

// TestASnapshotOfAViewIsNotTakenBack: what was queued while the snapshot was read is older than it, and the client ends with the newest.
func TestASnapshotOfAViewIsNotTakenBack(t *testing.T) {
	for name, things := range map[string]int{"changed": 2, "deleted": none} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			late := &lateLists{b.store, make(chan struct{}), make(chan struct{})}
			b.e = b.start(late, b.feed, 0)
			b.ready()
			b.total("w1", 1, 1)
			live := b.watch(query.Watch{Entity: b.model.View("Total"), Node: &query.Selection{Fields: []string{"things"}}, Snapshot: true})
			<-late.asked
			b.total("w1", 2, things)
			b.published("w1", 2)
			b.passed(b.e, "Owner")
			b.total("w1", 3, 7)
			close(late.open)
			b.next(live, query.Snapshot, 3)
			b.next(live, query.Live, 0)
			b.published("w1", 3)
			b.nothing(live)
			b.total("w1", 4, 8)
			b.published("w1", 4)
			b.next(live, query.Updated, 4)
		})
	}
}

// TestAViewThatIsBuiltAnewIsTold: its versions begin again, and after a RESYNC the snapshot's say nothing.
func TestAViewThatIsBuiltAnewIsTold(t *testing.T) {
	b := follow(t, 0)
	b.ready()
	b.total("w1", 1, 1)
	b.total("w1", 2, 2)
	live := b.watch(query.Watch{Entity: b.model.View("Total"), Node: &query.Selection{Fields: []string{"things"}}, Snapshot: true})
	b.next(live, query.Snapshot, 2)
	b.next(live, query.Live, 0)
	if err := b.store.DropView(t.Context(), "Total"); err != nil {
		t.Fatal(err)
	}
	b.total("w1", 1, 5)
	b.ready()
	b.publish(0, feed.Entry{Kind: feed.Resync, Entity: "Total"})
	b.next(live, query.Resync, 0)
	b.total("w1", 2, 6)
	b.published("w1", 2)
	b.next(live, query.Updated, 2)
}
