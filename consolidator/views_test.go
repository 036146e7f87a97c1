package consolidator_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// runViews consolidates with a model until that holds or ctx ends.
func (w *viewWorld) runViews(ctx context.Context, m *schema.Model, s documents.Store, f feed.Feed, batch int, until func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	o := options()
	o.BatchSize, o.Projections = batch, projections()
	ended := make(chan error, 1)
	go func() { ended <- consolidator.New(m, w.log, s, f, o).Run(ctx) }()
	for ctx.Err() == nil && !until() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.t.Error("it was not done in time")
	}
	cancel()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
}

func TestViewsAreWhatTheEntitiesSay(t *testing.T) {
	w := newViewWorld(t, false, 1)
	w.do(300)
	s := w.newStore()
	w.runViews(t.Context(), w.model, s, w.feed, 7, func() bool { return w.viewsDone(s) })
	w.checkViews(s)
	if len(w.all(s, "Region")) < 3 || len(w.all(s, "Sold")) < 3 {
		t.Error("not much was tested")
	}
}

// slow takes its time between reading documents of views and writing them, so that others come in between.
type slow struct{ documents.Store }

func (s slow) LoadView(ctx context.Context, view string, ids []string) (map[string]documents.ViewDocument, error) {
	docs, err := s.Store.LoadView(ctx, view, ids)
	if rand.IntN(3) == 0 {
		time.Sleep(rand.N(4 * time.Millisecond))
	}
	return docs, err
}

// life is what happens to the consolidators of one log and one store, all of it by chance.
func (w *viewWorld) life(s documents.Store, phases, events, crashAt int) {
	w.t.Helper()
	f := feed.NewMemory(3, 10_000)
	for range phases {
		w.do(events)
		var wg sync.WaitGroup
		for range 1 + w.random.IntN(2) { // one, or two at once
			m := w.model
			if w.random.IntN(4) == 0 {
				m = w.old // a process from before there were views
			}
			ctx, cancel := context.WithCancel(w.t.Context())
			c := &crashing{Store: slow{s}, Feed: f, late: w.random.IntN(2) == 0, dead: cancel}
			c.left.Store(int64(1 + w.random.IntN(crashAt)))
			batch := 1 + w.random.IntN(12)
			wg.Go(func() {
				defer cancel()
				w.runViews(ctx, m, c, c, batch, func() bool { return w.done(s) })
			})
		}
		wg.Wait()
	}
	w.runViews(w.t.Context(), w.model, s, f, 1+w.random.IntN(12), func() bool { return w.viewsDone(s) })
	w.checkViews(s)
}

// TestViewsAreRightWhateverHappens: commands, batches cut anywhere, crashes before and after any write, consolidators at once, consolidators with an older model, and at the end the
// views are what the entities say.
func TestViewsAreRightWhateverHappens(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("sqlite ", seed), func(t *testing.T) {
			w := newViewWorld(t, false, seed)
			w.life(w.newStore(), 6, 25, 40)
		})
	}
	t.Run("mongo", func(t *testing.T) {
		w := newViewWorld(t, true, 99)
		w.life(w.newStore(), 3, 15, 30)
	})
}

// TestConsolidatorsThatKeepTheSameViews write the same documents all the time, and lose nothing.
func TestConsolidatorsThatKeepTheSameViews(t *testing.T) {
	w := newViewWorld(t, false, 5)
	w.do(200)
	s := w.newStore()
	var wg sync.WaitGroup
	for batch := range 3 {
		wg.Go(func() {
			w.runViews(t.Context(), w.model, slow{s}, w.feed, 3+batch, func() bool { return w.viewsDone(s) })
		})
	}
	wg.Wait()
	w.checkViews(s)
}

// rival is a store in which somebody else writes documents of views every other time between they are read and written. What it writes is of a partition that nobody looks at.
type rival struct {
	documents.Store
	reads  atomic.Uint64
	writes atomic.Uint64
}

func (r *rival) LoadView(ctx context.Context, view string, ids []string) (map[string]documents.ViewDocument, error) {
	docs, err := r.Store.LoadView(ctx, view, ids)
	n := r.reads.Add(1)
	if n%2 == 1 || err != nil || len(docs) == 0 {
		return docs, err
	}
	var ws []documents.ViewWrite
	for _, d := range docs {
		w := documents.ViewWrite{ViewDocument: d, Was: d.Seen}
		w.Seen = d.Seen.Join(position.At(position.MaxPartition, position.Place{Seq: n}))
		w.Version++
		ws = append(ws, w)
	}
	done, err := r.WriteView(ctx, view, ws)
	for _, ok := range done {
		if ok {
			r.writes.Add(1)
		}
	}
	return docs, err
}

// TestWritesThatComeTooLateAreComputedAgain, of documents as of tallies.
func TestWritesThatComeTooLateAreComputedAgain(t *testing.T) {
	w := newViewWorld(t, false, 11)
	w.do(300)
	s := w.newStore()
	r := &rival{Store: s}
	w.runViews(t.Context(), w.model, r, w.feed, 6, func() bool { return w.viewsDone(s) })
	w.checkViews(s)
	if r.writes.Load() < 100 {
		t.Error("the rival wrote only", r.writes.Load())
	}
}
