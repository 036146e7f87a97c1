package query_test

import (
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestKindsOfChanges takes thing x through sizes; what is told of each step depends on what is watched.
func TestKindsOfChanges(t *testing.T) {
	big := documents.Compare{Field: "size", Op: documents.Ge, Value: 10}
	for name, c := range map[string]struct {
		watch query.Watch
		sizes []int    // one version each
		want  []string // "" for nothing
	}{
		"a list":                  {query.Watch{}, []int{1, 10, none}, []string{query.Entered, query.Updated, query.Deleted}},
		"one":                     {query.Watch{ID: "x"}, []int{1, 10, none}, []string{query.Entered, query.Updated, query.Deleted}},
		"another":                 {query.Watch{ID: "y"}, []int{1, 10, none}, []string{"", "", ""}},
		"a filter":                {query.Watch{Filter: big}, []int{1, 10, 11, 2, 3}, []string{"", query.Entered, query.Updated, query.Left, ""}},
		"deleted as it matches":   {query.Watch{Filter: big}, []int{10, none}, []string{query.Entered, query.Deleted}},
		"deleted out of sight":    {query.Watch{Filter: big}, []int{10, 1, none}, []string{query.Entered, query.Left, ""}},
		"made again after it was": {query.Watch{}, []int{1, none, 2}, []string{query.Entered, query.Deleted, query.Entered}},
	} {
		t.Run(name, func(t *testing.T) {
			b := follow(t, 0)
			live := b.watch(c.watch)
			before := none
			for i, size := range c.sizes {
				v := int64(i + 1)
				if size == none {
					w := documents.Write{ID: "x", Since: v - 1, Version: v, Deleted: true}
					if err := b.store.Write(t.Context(), "Thing", []documents.Write{w}); err != nil {
						t.Fatal(err)
					}
				} else {
					b.write(v, schema.Record{"owner": "w1", "size": size})
				}
				b.publish(0, b.resized("x", v, before, size))
				before = size
			}
			for i, want := range c.want {
				if want == "" {
					continue
				}
				v := int64(i + 1)
				if c.sizes[i] == none {
					v = 0 // nothing is left
				}
				if m := b.next(live, want, v); m.ID != "x" || m.Event == nil || m.Event.Version != int64(i+1) || m.Token == "" {
					t.Errorf("%+v", m)
				}
			}
			b.passed(b.e, "Owner")
			b.nothing(live)
		})
	}
}

// TestCopiesAreTold: a copy that changed updates what the client has, and an entry about what is gone tells nothing.
func TestCopiesAreTold(t *testing.T) {
	b := follow(t, 0)
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	lists := []<-chan query.Change{b.watch(query.Watch{}), b.watch(query.Watch{ID: "x"})}
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 1}, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "gone", Version: 1})
	for _, c := range lists {
		if m := b.next(c, query.Updated, 1); m.Event != nil || m.ID != "x" {
			t.Errorf("%+v", m)
		}
	}
	b.publish(1, feed.Entry{Kind: feed.Resync, Entity: "Owner"}, feed.Entry{Kind: feed.Resync, Entity: "Thing"})
	for _, c := range lists {
		if m := b.next(c, query.Resync, 0); m.ID != "" || m.Token == "" {
			t.Errorf("%+v", m)
		}
		b.nothing(c)
	}
}

// TestEventsAreToldBeforeCopies has the news of a new thing's copies come before those of its event. How far events have been told of is known where the feed was
// empty when the follower began, and where the event is read with the copy.
func TestEventsAreToldBeforeCopies(t *testing.T) {
	for name, empty := range map[string]bool{"a partition without entries": true, "read at once": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if !empty {
				b.publish(1, feed.Entry{Kind: feed.Resync, Entity: "Owner"})
			}
			f := &gated{Feed: b.feed, open: make(chan struct{})}
			b.e = b.start(b.store, f, 0)
			filter := documents.Compare{Field: "size", Op: documents.Ge, Value: 1}
			clients := []<-chan query.Change{b.watch(query.Watch{}), b.watch(query.Watch{ID: "x"}), b.watch(query.Watch{Filter: filter})}
			begin, err := b.feed.Tail(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			b.write(1, schema.Record{"owner": "w1", "size": 1, "ownerName": "two"})
			event := b.changed(1)
			b.archive(1, event)
			b.publish(0, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 1})
			if empty {
				close(f.open)
				until(t, "the copy was read", func() bool { return b.e.Seen(0) == 1 })
				b.publish(1, event)
			} else {
				b.publish(1, event)
				close(f.open)
			}
			until(t, "the event was read", func() bool { return b.e.Seen(1) == begin.At[1].Offset+1 })
			for _, c := range append(clients, b.watch(query.Watch{Token: begin.String()})) {
				if m := b.next(c, query.Entered, 1); m.Node.Fields["ownerName"] != "two" {
					t.Errorf("%v", m.Node.Fields)
				}
				b.nothing(c)
			}
		})
	}
}

// TestCopiesInWhatIsOldAreTold: in a thing from before the follower began, whose event nothing will tell of. The checkpoint is past it, or its entry is in the feed
// already and the checkpoint is still to move.
func TestCopiesInWhatIsOldAreTold(t *testing.T) {
	for name, consolidated := range map[string]bool{"consolidated": true, "published": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.write(1, schema.Record{"owner": "w1", "size": 1})
			b.archive(1, b.changed(1))
			if consolidated {
				b.advance(1, 1)
			} else {
				b.publish(1, b.changed(1))
			}
			b.e = b.start(b.store, b.feed, 0)
			live := b.watch(query.Watch{})
			b.publish(0, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 1})
			b.next(live, query.Updated, 1)
		})
	}
}
