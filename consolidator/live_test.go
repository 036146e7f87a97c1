package consolidator_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// holding holds up what is published about one thing.
type holding struct {
	feed.Feed
	kind    feed.Kind
	id      string
	held    chan struct{} // closed when something is held up
	release chan struct{}
	once    sync.Once
}

func (h *holding) Publish(ctx context.Context, p int, es []feed.Entry) error {
	for _, e := range es {
		if e.Kind == h.kind && e.ID == h.id {
			h.once.Do(func() { close(h.held) })
			select {
			case <-h.release:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return h.Feed.Publish(ctx, p, es)
}

// TestChangesThatOvertakeEachOther has a thing change while the news of its owner's change are held up, and the other way round: whichever comes last was
// made without knowing of the other.
func TestChangesThatOvertakeEachOther(t *testing.T) {
	for name, kind := range map[string]feed.Kind{"the copy comes last": feed.Copied, "the event comes last": feed.Changed} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, w *world) {
				thing := w.apart("w1")
				w.exec("createOwner", "w1", schema.Record{"name": "one"})
				w.exec("createThing", thing, schema.Record{"owner": "w1", "size": 0})
				_, stop := w.start(w.store, w.feed, options())
				w.untilDone()
				e := w.reading()
				all := w.client(e, "first", query.Watch{})
				w.exec("updateThing", thing, schema.Record{"size": 1}) // the follower knows how far the thing's partition is once it has seen an event of it
				w.until("an event", func() bool { all.mu.Lock(); defer all.mu.Unlock(); return len(all.told) > 0 })
				w.untilDone()
				stop()
				clients := w.clients(e, thing, "one", "two")

				h := &holding{Feed: w.feed, kind: kind, id: thing, held: make(chan struct{}), release: make(chan struct{})}
				_, stop = w.start(w.store, h, options())
				defer stop()
				rename := func() { w.exec("updateOwner", "w1", schema.Record{"name": "two"}) }
				resize := func() { w.exec("updateThing", thing, schema.Record{"size": 2}) }
				first, second, there := rename, resize, func() bool { return w.doc("Thing", thing).Version == 3 }
				if kind == feed.Changed {
					first, second, there = resize, rename, func() bool { return w.doc("Thing", thing).Fields["ownerName"] == "two" }
				}
				first()
				<-h.held
				second()
				w.until("the second change", there)
				time.Sleep(50 * time.Millisecond) // it is published too
				close(h.release)
				w.untilDone()
				for _, c := range clients {
					c.settles()
				}
			})
		})
	}
}

// TestFollowersEndOnWhatIsThere renames owners while their things change and are made and deleted, and compares what clients end up with.
func TestFollowersEndOnWhatIsThere(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		things, rounds := 100, 3
		if w.mongo {
			things, rounds = 15, 2
		}
		for i := range 2 {
			w.exec("createOwner", fmt.Sprint("w", i), schema.Record{"name": "name 0"})
		}
		for i := range things {
			w.exec("createThing", fmt.Sprint("t", i), schema.Record{"owner": fmt.Sprint("w", i%2), "size": 0})
		}
		o := options()
		o.BatchSize = 50
		_, stop := w.start(w.store, w.feed, o)
		defer stop()
		w.untilDone()
		clients := w.clients(w.reading(), "t7", "name 1", "name 2")
		var wg sync.WaitGroup
		for i := range 2 {
			wg.Go(func() {
				for n := range rounds * 10 {
					w.exec("updateOwner", fmt.Sprint("w", i), schema.Record{"name": fmt.Sprint("name ", n%3)})
					time.Sleep(3 * time.Millisecond)
				}
				w.exec("updateOwner", fmt.Sprint("w", i), schema.Record{"name": fmt.Sprint("name ", i+1)})
			})
		}
		wg.Go(func() {
			for round := range rounds {
				for i := rounds; i < things; i++ {
					w.exec("updateThing", fmt.Sprint("t", i), schema.Record{"size": (i + round) % 3, "owner": fmt.Sprint("w", (i+round)%2)})
				}
				w.exec("createThing", fmt.Sprint("new", round), schema.Record{"owner": "w0", "size": round % 3})
				w.exec("deleteThing", fmt.Sprint("t", round), nil)
				things -= things / 3 // the others rest: what was told of them last stays
			}
		})
		wg.Wait()
		w.untilDone()
		for _, c := range clients {
			c.settles()
		}
	})
}

// TestACopyThatChangesIsAnUpdate is what clients see of a source that changes.
func TestACopyThatChangesIsAnUpdate(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		w.exec("createOwner", "w1", schema.Record{"name": "one"})
		w.exec("createThing", "x", schema.Record{"owner": "w1", "size": 1})
		_, stop := w.start(w.store, w.feed, options())
		defer stop()
		w.untilDone()
		e := w.reading()
		clients := []*client{w.client(e, "all", query.Watch{}), w.client(e, "one", query.Watch{ID: "x"}), w.client(e, "sized", query.Watch{Filter: sizeIs(1)})}
		w.exec("updateOwner", "w1", schema.Record{"name": "two"})
		for _, c := range clients {
			w.until("a change", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.told) > 0 })
			if m := c.told[0]; m.Type != query.Updated || m.Event != nil || m.ID != "x" || m.Node.Fields["ownerName"] != "two" || m.Node.Version != 1 || m.Token == "" {
				t.Errorf("%s: %+v", c.name, m)
			}
		}
	})
}

// TestALotOfCopies has more copies change in one batch than the feed tells of one by one: over all sources together.
func TestALotOfCopies(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		w.exec("createOwner", fmt.Sprint("w", i), schema.Record{"name": "one"})
	}
	for i := range 40 {
		w.exec("createThing", fmt.Sprint("t", i), schema.Record{"owner": fmt.Sprint("w", i%4)})
	}
	o := options()
	o.BatchSize, o.ResyncAbove = 100, 15
	_, stop := w.start(w.store, w.feed, o)
	w.untilDone()
	stop()
	clients := w.clients(w.reading(), "t7", "two")
	start, err := w.feed.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		w.exec("updateOwner", fmt.Sprint("w", i), schema.Record{"name": "two"})
	}
	_, stop = w.start(w.store, w.feed, o)
	defer stop()
	w.untilDone()
	for _, c := range clients {
		c.settles()
	}
	es, err := w.feed.Read(t.Context(), start, 1000, 0)
	if err != nil {
		t.Fatal(err)
	}
	copied := map[int]int{}
	for _, e := range es {
		if e.Kind == feed.Copied {
			copied[e.Partition]++
		}
	}
	for p, n := range copied {
		if n > o.ResyncAbove {
			t.Errorf("partition %d told of %d copies one by one", p, n)
		}
	}
}
