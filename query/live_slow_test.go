package query_test

import (
	"context"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestASlowSubscriberResyncsOnce lets more changes come than the buffer holds while nothing is taken, and then goes on.
func TestASlowSubscriberResyncsOnce(t *testing.T) {
	const buffer, changes = 4, 30
	b := follow(t, buffer)
	live := b.watch(query.Watch{})
	for v := int64(1); v <= changes; v++ {
		b.write(v, schema.Record{"owner": "w1", "size": int(v)})
		b.publish(0, b.changed(v))
		if v == 1 {
			until(t, "it is about to tell the first", func() bool { return b.e.Seen(0) == 1 && b.e.Queued() == 0 })
		}
	}
	b.passed(b.e, "Owner")
	b.next(live, query.Entered, 1)
	m := b.next(live, query.Resync, 0)
	again := b.watch(query.Watch{Token: m.Token})
	b.write(changes+1, schema.Record{"size": changes + 1})
	b.publish(0, b.changed(changes+1))
	for m = b.any(live); m.Node == nil || m.Node.Version != changes+1; m = b.any(live) {
		if m.Type != query.Updated {
			t.Fatalf("after the RESYNC: %+v", m)
		}
	}
	b.next(again, query.Updated, changes+1)
}

// TestAResyncCostsOneReadOfWhatIsHeld has a client that takes nothing be told to resync again and again.
func TestAResyncCostsOneReadOfWhatIsHeld(t *testing.T) {
	b := newBench(t)
	seen := &counting{Store: b.store}
	b.e = b.start(seen, b.feed, 1000)
	live := b.watch(query.Watch{Filter: documents.Not{F: documents.Compare{Field: "ownerName", Value: "two"}}})
	const changes = 50
	for v := int64(1); v <= changes; v++ {
		b.write(v, schema.Record{"owner": "w1", "size": int(v)})
		b.publish(0, b.changed(v), feed.Entry{Kind: feed.Resync, Entity: "Thing"})
	}
	b.passed(b.e, "Owner")
	resyncs := int64(0)
	b.write(changes+1, schema.Record{"size": changes + 1})
	b.publish(0, b.changed(changes+1))
	for m := b.any(live); m.Node == nil || m.Node.Version != changes+1; m = b.any(live) {
		if m.Type == query.Resync {
			resyncs++
		}
	}
	if lists := seen.lists.Load(); resyncs > 3 || lists > resyncs+1 {
		t.Errorf("%d RESYNCs, for which the list was read %d times", resyncs, lists)
	}
}

// TestNothingIsLeftOfASubscription that ended, by its client or by an error.
func TestNothingIsLeftOfASubscription(t *testing.T) {
	b := follow(t, 0)
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		var all []<-chan query.Change
		for _, w := range []query.Watch{{}, {}, {ID: "x"}, {ID: "y"}, {Snapshot: true}, {Filter: documents.IsNull{Field: "ownerName"}}} {
			w.Entity, w.Node = b.model.Entity("Thing"), &query.Selection{}
			c, err := b.e.Watch(ctx, w)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		if b.e.Watched() == 0 {
			t.Error("nobody is watched for")
		}
		cancel()
		for _, c := range all {
			for range c { //nolint:revive // until it is closed
			}
		}
		if n := b.e.Watched(); n != 0 {
			t.Errorf("%d are left", n)
		}
	}
	bad, w := crowded(t, &crowd{owners: query.MaxNodes + 1}, 0)
	w.Snapshot = true
	for range bad.watch(w) { //nolint:revive // until it is closed
	}
	if n := bad.e.Watched(); n != 0 {
		t.Errorf("%d are left after an error", n)
	}
}

// TestASnapshotIsNotToldAgain by entries about what was in it already.
func TestASnapshotIsNotToldAgain(t *testing.T) {
	for name, filter := range map[string]documents.Filter{"own fields": nil, "copies": documents.Compare{Field: "ownerName", Value: "one"}} {
		t.Run(name, func(t *testing.T) {
			b := follow(t, 0)
			for v := int64(1); v <= 3; v++ {
				b.write(v, schema.Record{"owner": "w1", "size": int(v), "ownerName": "one"})
			}
			live := b.watch(query.Watch{Snapshot: true, Filter: filter})
			b.next(live, query.Snapshot, 3)
			b.next(live, query.Live, 0)
			b.write(4, schema.Record{"size": 4})
			b.write(5, schema.Record{"size": 5})
			b.publish(0, b.changed(1), b.changed(2), b.changed(3), b.changed(4), b.changed(5))
			b.next(live, query.Updated, 4)
			b.next(live, query.Updated, 5)
		})
	}
}
