package query_test

import (
	"context"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestASlowSubscriberResyncsOnce lets changes come while nothing is taken: as many as the buffer holds, more, and many more. Then it goes on.
func TestASlowSubscriberResyncsOnce(t *testing.T) {
	const buffer = 4
	for name, changes := range map[string]int64{"what fits": buffer, "one more": buffer + 1, "many more": 30} {
		t.Run(name, func(t *testing.T) {
			b := follow(t, buffer)
			live := b.busy()
			last := changes + 1
			for v := int64(2); v <= last; v++ {
				b.write(v, schema.Record{"size": int(v)})
				b.publish(0, b.changed(v))
			}
			b.passed(b.e, "Owner")
			b.next(live, query.Entered, 1)
			if changes <= buffer {
				for v := int64(2); v <= last; v++ {
					b.next(live, query.Updated, v)
				}
				b.nothing(live)
				return
			}
			again := b.watch(query.Watch{Token: b.next(live, query.Resync, 0).Token})
			b.write(last+1, schema.Record{"size": int(last) + 1})
			b.publish(0, b.changed(last+1))
			m := b.any(live)
			for ; m.Node == nil || m.Node.Version != last+1; m = b.any(live) {
				if m.Type != query.Updated {
					t.Fatalf("after the RESYNC: %+v", m)
				}
			}
			b.next(again, query.Updated, last+1)
		})
	}
}

// busy returns a list of things that has been told of the first version of thing x, and will take nothing else before that is read.
func (b *bench) busy() <-chan query.Change {
	b.Helper()
	live := b.watch(query.Watch{})
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	b.publish(0, b.changed(1))
	until(b.T, "it is about to tell the first", func() bool { return b.e.Seen(0) == 1 && b.e.Queued() == 0 })
	return live
}

// TestWhatCameBeforeAResync is not told before it, nor to who comes back with its token.
func TestWhatCameBeforeAResync(t *testing.T) {
	b := follow(t, 0)
	live := b.busy()
	b.put("y", 1, schema.Record{"owner": "w1", "size": 1})
	b.publish(1, b.resized("y", 1, none, 1))
	until(t, "y was handed out", func() bool { return b.e.Seen(1) == 1 })
	b.publish(0, feed.Entry{Kind: feed.Resync, Entity: "Thing"})
	until(t, "the resync was handed out", func() bool { return b.e.Seen(0) == 2 })
	b.next(live, query.Entered, 1)
	again := b.watch(query.Watch{Token: b.next(live, query.Resync, 0).Token})
	b.write(2, schema.Record{"size": 2})
	b.publish(0, b.changed(2))
	b.next(live, query.Updated, 2)
	b.next(again, query.Updated, 2)
}

// TestAResyncCostsOneReadOfWhatIsHeld has a client that takes nothing be told to resync again and again.
func TestAResyncCostsOneReadOfWhatIsHeld(t *testing.T) {
	b := newBench(t)
	seen := &counting{Store: b.store}
	b.e = b.start(seen, b.feed, 1000)
	began := time.Now()
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
		if m.Type != query.Resync {
			continue
		}
		if resyncs++; time.Since(began) < time.Duration(resyncs)*time.Second { // it was read when it began, and before each RESYNC
			t.Errorf("no. %d came after %s", resyncs, time.Since(began))
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
