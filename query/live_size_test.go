package query_test

import (
	"errors"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

func tooMuch(err error) bool {
	var e *query.Error
	return errors.As(err, &e) && e.Code == "TOO_MUCH"
}

// crowded starts an engine on a crowd, and returns what watches all its owners.
func crowded(t *testing.T, c *crowd, lists int) (*bench, query.Watch) {
	b := newBench(t)
	c.Store = b.store
	b.e = b.start(c, b.feed, 1000)
	return b, query.Watch{Entity: b.model.Entity("Owner"), Node: withThings(b.model, lists)}
}

// TestASnapshotMayBeMoreThanOneRead: 500 owners have 150,000 things, more than a read may have.
func TestASnapshotMayBeMoreThanOneRead(t *testing.T) {
	c := &crowd{owners: 500, each: 300}
	b, w := crowded(t, c, 1)
	w.Snapshot = true
	live := b.watch(w)
	for i := range 500 {
		if m := b.next(live, query.Snapshot, 1); m.ID != ownerID(i) || len(thingsOf(m.Node)) != 300 {
			t.Fatalf("%s with %d things is no. %d", m.ID, len(thingsOf(m.Node)), i)
		}
	}
	b.next(live, query.Live, 0)
	if n := c.pages.Load(); n > 20 { // of 66 at most
		t.Errorf("%d pages were read", n)
	}
}

// TestManyChangesMayBeMoreThanOneRead has 400 owners change at once.
func TestManyChangesMayBeMoreThanOneRead(t *testing.T) {
	b, w := crowded(t, &crowd{owners: 400, each: 300}, 1)
	live := b.watch(w)
	entries := make([]feed.Entry, 400)
	for i := range entries {
		entries[i] = feed.Entry{Kind: feed.Changed, Cause: position.Place{Epoch: 1, Seq: uint64(i + 1)}, Entity: "Owner", ID: ownerID(i), Version: 1,
			After: b.snapshot("Owner", 1, schema.Record{"name": "n"})}
	}
	b.publish(0, entries...)
	for i := range entries {
		if m := b.next(live, query.Entered, 1); m.ID != ownerID(i) || len(thingsOf(m.Node)) != 300 {
			t.Fatalf("%s with %d things is no. %d", m.ID, len(thingsOf(m.Node)), i)
		}
	}
}

// TestOneThatIsTooMuchIsAnError: there is nothing smaller to read.
func TestOneThatIsTooMuchIsAnError(t *testing.T) {
	b, w := crowded(t, &crowd{owners: 3, each: 1000}, 20)
	entry := feed.Entry{Kind: feed.Changed, Cause: position.Place{Epoch: 1, Seq: 1}, Entity: "Owner", ID: ownerID(0), Version: 1, After: b.snapshot("Owner", 1, schema.Record{"name": "n"})}
	live := b.watch(w)
	w.Snapshot = true
	snapshot := b.watch(w)
	b.publish(0, entry)
	for _, c := range []<-chan query.Change{live, snapshot} {
		if m := b.any(c); !tooMuch(m.Err) {
			t.Errorf("%+v", m)
		}
		if m, more := <-c; more {
			t.Errorf("after the error %+v", m)
		}
	}
}

// TestTheBoundOfARead is exact, for reads and for snapshots.
func TestTheBoundOfARead(t *testing.T) {
	c := &crowd{owners: 20, each: 999}
	b, w := crowded(t, c, 1)
	page := func() error {
		_, err := b.e.List(t.Context(), w.Entity, query.ListArgs{}, query.Connection{Node: w.Node})
		return err
	}
	if err := page(); err != nil {
		t.Error(query.MaxNodes, err)
	}
	if c.more = 1; !tooMuch(page()) {
		t.Error("one more is read")
	}
	for owners, complete := range map[int]bool{query.MaxNodes: true, query.MaxNodes + 1: false} {
		b, w := crowded(t, &crowd{owners: owners}, 0)
		w.Snapshot = true
		live := b.watch(w)
		n := 0
		m := b.any(live)
		for ; m.Type == query.Snapshot; m = b.any(live) {
			n++
		}
		if n != query.MaxNodes || complete != (m.Type == query.Live) || !complete && !tooMuch(m.Err) {
			t.Errorf("%d owners: after %d %+v", owners, n, m)
		}
	}
}

// TestWhatAClientHoldsIsBounded too: nobody knows more than MaxNodes.
func TestWhatAClientHoldsIsBounded(t *testing.T) {
	b, _ := crowded(t, &crowd{owners: query.MaxNodes + 1}, 0)
	live := b.watch(query.Watch{Filter: documents.IsNull{Field: "ownerName"}}) // the crowd gives owners for whatever is listed
	if m := b.any(live); !tooMuch(m.Err) {
		t.Errorf("%+v", m)
	}
}
