package consolidator_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// said is a feed that checks that what is announced is in a store already, and keeps how far views were said to be.
type said struct {
	feed.Feed
	w     *world
	store documents.Store
	views map[string]string // names by what the store calls them

	mu   sync.Mutex
	at   map[string]position.Position
	some int // announcements that don't name all views
}

func (w *world) saying(s documents.Store) *said {
	f := &said{Feed: w.feed, w: w, store: s, views: map[string]string{}, at: map[string]position.Position{}}
	for _, v := range w.model.Views {
		f.views[v.Stored()] = v.Name
	}
	return f
}

func (f *said) Announce(ctx context.Context, p feed.Progress) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(p.Views) < len(f.views) {
		f.some++
	}
	look := context.WithoutCancel(ctx) // what is there does not depend on whether the consolidator is being stopped
	f.there(p, "the entities", func() (map[int]documents.Checkpoint, error) { return f.store.Checkpoints(look) })
	for _, stored := range p.Views {
		name := f.views[stored]
		f.there(p, stored, func() (map[int]documents.Checkpoint, error) { return f.store.ViewCheckpoints(look, name) })
		f.at[name] = f.at[name].Join(position.At(p.Partition, p.Place))
	}
	return f.Feed.Announce(ctx, p)
}

// there checks that checkpoints have come as far as is announced.
func (f *said) there(p feed.Progress, of string, checkpoints func() (map[int]documents.Checkpoint, error)) {
	all, err := checkpoints()
	if err != nil {
		f.w.t.Error(of, err)
	} else if all[p.Partition].Place.Before(p.Place) {
		f.w.t.Errorf("partition %d of %s is said to be at %v, and is at %v", p.Partition, of, p.Place, all[p.Partition].Place)
	}
}

// checkSaid checks that each view was said to be where it is.
func (w *viewWorld) checkSaid(f *said) {
	w.t.Helper()
	for _, v := range w.model.Views {
		seen, err := f.store.ViewCheckpoints(w.t.Context(), v.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		if got, want := f.at[v.Name].String(), documents.PositionOf(seen).String(); got != want || len(seen) == 0 {
			w.t.Errorf("%s is at %s and was said to be at %s", v.Name, want, got)
		}
	}
}

// TestHowFarViewsAreIsAnnounced, of those in step with the entities' announcements and without one of their own, of others as they catch up.
func TestHowFarViewsAreIsAnnounced(t *testing.T) {
	w := newViewWorld(t, false, 8)
	w.do(60)
	s := w.newStore()
	inStep := w.saying(s)
	w.runViews(t.Context(), w.model, s, inStep, 5, func() bool { return w.viewsDone(s) })
	w.checkSaid(inStep)
	if inStep.some > 0 {
		t.Errorf("%d announcements for %d views don't name all", inStep.some, len(w.model.Views))
	}
	w.checkViews(s)

	w.do(40)
	alone := w.saying(s)
	w.runViews(t.Context(), w.old, s, alone, 5, func() bool { return w.done(s) })
	if len(alone.at) > 0 {
		t.Error("a process without views spoke of", slices.Collect(maps.Keys(alone.at)))
	}
	behind := w.saying(s)
	w.runViews(t.Context(), w.model, s, behind, 5, func() bool { return w.viewsDone(s) })
	w.checkSaid(behind)
}

// TestAViewThatIsStuckIsNotAnnounced: the others are, and it is once it goes on.
func TestAViewThatIsStuckIsNotAnnounced(t *testing.T) {
	const sdl = `type Thing @entity @crud { id: ID! label: String }
		type Sizes @view(of: "Thing", plural: "allSizes") { things: Long! }
		type Number @view(of: "Thing") { things: Long! @count }`
	w := emptyWorld(t, sdl, 1)
	s := w.newStore()
	f := w.saying(s)
	at := func(view string) uint64 {
		f.mu.Lock()
		defer f.mu.Unlock()
		place, _ := f.at[view].Place(0)
		return place.Seq
	}
	o := options()
	o.Projections = sizes(false)
	_, stop := w.start(s, f, o)
	w.exec("createThing", "a", schema.Record{"label": "x"})
	w.until("both are announced", func() bool { return at("Sizes") == 1 && at("Number") == 1 })
	w.exec("createThing", "b", nil)
	w.exec("createThing", "c", schema.Record{"label": "y"})
	w.until("the other is announced", func() bool { return at("Number") == 3 })
	stop()
	if at("Sizes") != 1 {
		t.Error("the one that is stuck is said to be at", at("Sizes"))
	}
	o.Projections = sizes(true)
	_, stop = w.start(s, f, o)
	defer stop()
	w.until("it is announced", func() bool { return at("Sizes") == 3 })
}
