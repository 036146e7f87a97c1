package query_test

import (
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestRepeatsAreToldOnce has a consolidator publish its last batch again, for a follower and for a client that comes back.
func TestRepeatsAreToldOnce(t *testing.T) {
	b := follow(t, 0)
	live := b.watch(query.Watch{})
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	b.publish(0, b.changed(1))
	token := b.next(live, query.Entered, 1).Token
	b.write(2, schema.Record{"size": 2})
	b.write(3, schema.Record{"size": 3})
	b.publish(0, b.changed(2), b.changed(3))
	b.publish(0, b.changed(2), b.changed(3))
	b.next(live, query.Updated, 2)
	b.next(live, query.Updated, 3)
	b.nothing(live)
	again := b.watch(query.Watch{Token: token})
	b.next(again, query.Updated, 2)
	b.next(again, query.Updated, 3)
	b.nothing(again)
	b.write(4, schema.Record{"size": 4})
	b.publish(0, b.changed(4))
	b.next(again, query.Updated, 4)
}

// TestATokenOfAnotherHistoryResyncs comes back with a token whose entry the feed no longer has, although it has its offset.
func TestATokenOfAnotherHistoryResyncs(t *testing.T) {
	b := follow(t, 0)
	live := b.watch(query.Watch{})
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	b.publish(0, b.changed(1))
	token := b.next(live, query.Entered, 1).Token
	for name, change := range map[string]func(*feed.Mark){
		"same offset": func(m *feed.Mark) { m.Link++ }, "further": func(m *feed.Mark) { m.Offset++ },
	} {
		c, err := feed.ParseCursor(token)
		if err != nil {
			t.Fatal(err)
		}
		m := c.At[0]
		change(&m)
		c.At[0] = m
		t.Log(name)
		b.next(b.watch(query.Watch{Token: c.String()}), query.Resync, 0)
	}
	b.nothing(b.watch(query.Watch{Token: token}))
}

// TestAFilterOfCopiesResumesWithAResync: nobody knows any more what the client was told.
func TestAFilterOfCopiesResumesWithAResync(t *testing.T) {
	b := follow(t, 0)
	b.write(1, schema.Record{"owner": "w1", "size": 1, "ownerName": "one"})
	one := query.Watch{Filter: documents.Not{F: documents.Compare{Field: "ownerName", Value: "two"}}}
	seen := &counting{Store: b.store}
	b.e = b.start(seen, b.feed, 0)
	live := b.watch(one)
	until(t, "it has looked what is there", func() bool { return seen.lists.Load() == 1 })
	b.publish(0, b.changed(1))
	one.Token = b.next(live, query.Updated, 1).Token
	again := b.watch(one)
	b.next(again, query.Resync, 0)
	err := b.store.Write(t.Context(), "Thing", []documents.Write{{ID: "x", Since: 1, Version: 2, UpdatedAt: time.Unix(2, 0), Set: schema.Record{"ownerName": "two"}}})
	if err != nil {
		t.Fatal(err)
	}
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 2})
	for _, c := range []<-chan query.Change{live, again} {
		b.next(c, query.Left, 2)
	}
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 2}) // told twice, left once
	b.nothing(live)
}

// TestADocumentThatCannotBeReadResyncs: its own subscribers are told, and the follower goes on.
func TestADocumentThatCannotBeReadResyncs(t *testing.T) {
	b := follow(t, 0)
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	live := b.watch(query.Watch{ID: "x"})
	good := b.store
	b.store = b.open(model(t, "String"))
	b.write(2, schema.Record{"size": "big"})
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 2})
	b.next(live, query.Resync, 0)
	b.store = good
	b.write(3, schema.Record{"size": 3})
	b.publish(0, b.changed(3))
	b.next(live, query.Updated, 3)
}

// TestEachMessageHasTheHistoryOfItsVersion has three changes of one thing come together.
func TestEachMessageHasTheHistoryOfItsVersion(t *testing.T) {
	b := follow(t, 0)
	size := b.model.Entity("Thing").Field("size")
	last, by := &query.HistorySelection{First: 1}, &query.BlameSelection{Field: size}
	w := query.Watch{Entity: b.model.Entity("Thing"), Node: &query.Selection{Histories: []*query.HistorySelection{last}, Blames: []*query.BlameSelection{by}}}
	live := b.watchOn(b.e, w)
	var entries []feed.Entry
	for v := int64(1); v <= 3; v++ {
		e := b.changed(v)
		entries = append(entries, e)
		version := documents.Version{ID: "x", Version: v, CreatedAt: time.Unix(1, 0), At: time.Unix(v, 0), Changes: []byte("[]"), Place: e.Cause, State: schema.Record{"size": int(v)}}
		if err := b.store.Archive(t.Context(), "Thing", []documents.Version{version}); err != nil {
			t.Fatal(err)
		}
	}
	b.publish(0, entries...)
	for v, kind := range []string{query.Entered, query.Updated, query.Updated} {
		n := b.next(live, kind, int64(v+1)).Node
		if h, c := n.History(last), n.ChangedBy(by); len(h) != 1 || h[0].Version.Version != n.Version || c == nil || c.Version.Version != n.Version {
			t.Errorf("version %d has the history %+v, and its size from %+v", n.Version, h, c)
		}
	}
}
