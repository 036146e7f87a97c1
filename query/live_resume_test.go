package query_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestASnapshotThatWasNotCompleteResyncs comes back in the middle of a snapshot, and after it.
func TestASnapshotThatWasNotCompleteResyncs(t *testing.T) {
	b := follow(t, 0)
	for i := range 40 {
		b.put(fmt.Sprintf("t%02d", i), 1, schema.Record{"owner": "w1", "size": i})
	}
	live := b.watch(query.Watch{Snapshot: true})
	var token string
	for range 3 {
		token = b.next(live, query.Snapshot, 1).Token
	}
	b.next(b.watch(query.Watch{Token: token}), query.Resync, 0)
	b.next(b.watch(query.Watch{Token: token, Filter: documents.Compare{Field: "ownerName", Value: "one"}}), query.Resync, 0)
	for range 37 {
		b.next(live, query.Snapshot, 1)
	}
	token = b.next(live, query.Live, 0).Token
	again := b.watch(query.Watch{Token: token})
	b.publish(0, b.resized("t00", 2, 0, 5))
	b.next(again, query.Updated, 2)
}

// TestAResyncBeginsAnew: the token of the RESYNC that a token leads to is a good one.
func TestAResyncBeginsAnew(t *testing.T) {
	b := follow(t, 0)
	b.publish(0, b.changed(1))
	b.passed(b.e, "Owner")
	token := b.next(b.watch(query.Watch{Token: feed.Cursor{Epoch: "of a feed that is gone"}.String()}), query.Resync, 0).Token
	again := b.watch(query.Watch{Token: token})
	b.publish(0, b.changed(2))
	b.next(again, query.Updated, 2)
}

// TestAProcessThatIsBehindTellsNothingAgain takes a token from one process to another whose follower hasn't read as much.
func TestAProcessThatIsBehindTellsNothingAgain(t *testing.T) {
	b := follow(t, 0)
	behind := &gated{Feed: b.feed, open: make(chan struct{}), tails: make(chan struct{}, 1)}
	late := b.start(b.store, behind, 0)
	<-behind.tails // it follows now
	live := b.watch(query.Watch{})
	for v := int64(1); v <= 3; v++ {
		b.write(v, schema.Record{"owner": "w1", "size": int(v)})
		b.publish(0, b.changed(v))
	}
	b.next(live, query.Entered, 1)
	b.next(live, query.Updated, 2)
	token := b.next(live, query.Updated, 3).Token

	begun := make(chan (<-chan query.Change), 1)
	go func() {
		c, err := late.Watch(t.Context(), query.Watch{Entity: b.model.Entity("Thing"), Node: &query.Selection{}, Token: token})
		if err != nil {
			t.Error(err)
		}
		begun <- c
	}()
	var again <-chan query.Change
	select {
	case again = <-begun:
	case <-behind.tails: // it has seen that it has to wait
	}
	close(behind.open)
	b.write(4, schema.Record{"size": 4})
	b.publish(0, b.changed(4))
	if again == nil {
		again = <-begun
	}
	b.next(again, query.Updated, 4)
	b.nothing(again)
}

// TestWhoLeavesWhileAProcessIsBehind isn't waited for.
func TestWhoLeavesWhileAProcessIsBehind(t *testing.T) {
	b := newBench(t)
	late := b.start(b.store, &gated{Feed: b.feed, open: make(chan struct{})}, 0)
	b.watchOn(late, query.Watch{ID: "something else"}) // it follows now
	b.publish(0, b.changed(1))
	tail, err := b.feed.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := late.Watch(ctx, query.Watch{Entity: b.model.Entity("Thing"), Node: &query.Selection{}, Token: tail.String()}); err == nil {
		t.Error("no error")
	}
}

// TestWhatTheFeedLostResyncs has a feed drop entries that a follower, and a client that comes back, have not read.
func TestWhatTheFeedLostResyncs(t *testing.T) {
	b := newBench(t)
	b.feed = feed.NewMemory(2, 4)
	f := &gated{Feed: b.feed, open: make(chan struct{})}
	b.e = b.start(b.store, f, 0)
	clients := []<-chan query.Change{b.watch(query.Watch{}), b.watch(query.Watch{ID: "x"})}
	begin, err := b.feed.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for v := int64(1); v <= 10; v++ {
		b.publish(0, b.changed(v))
	}
	b.write(10, schema.Record{"owner": "w1", "size": 10})
	close(f.open)
	for _, c := range clients {
		b.next(c, query.Resync, 0)
	}
	again := b.watch(query.Watch{Token: begin.String()})
	b.next(again, query.Resync, 0)
	b.write(11, schema.Record{"size": 11})
	b.publish(0, b.changed(11))
	for _, c := range append(clients, again) {
		b.next(c, query.Updated, 11)
	}
}

// TestACopyAfterAGap is told, although the event that the document is from never was: the gap has taken it.
func TestACopyAfterAGap(t *testing.T) {
	b := newBench(t)
	b.feed = feed.NewMemory(2, 4)
	b.e = b.start(b.store, b.feed, 0)
	live := b.watch(query.Watch{})
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	b.publish(0, b.changed(1))
	b.next(live, query.Entered, 1)
	b.write(2, schema.Record{"size": 2})
	b.archive(0, b.changed(2))
	other := feed.Entry{Kind: feed.Resync, Entity: "Owner"}
	b.publish(0, b.changed(2), other, other, other, other)
	b.next(live, query.Resync, 0)
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 2})
	b.next(live, query.Updated, 2)
}
