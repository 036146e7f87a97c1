package query_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// looks counts what is asked of where the entities and views are.
type looks struct {
	documents.Store
	all    atomic.Int64 // every question
	ready  atomic.Int64 // whether a view is ready
	bucket atomic.Int64 // those for the checkpoints of Bucket
}

func (s *looks) ViewReady(ctx context.Context, view string) (bool, error) {
	s.all.Add(1)
	defer s.ready.Add(1)
	return s.Store.ViewReady(ctx, view)
}

func (s *looks) Checkpoints(ctx context.Context) (map[int]documents.Checkpoint, error) {
	s.all.Add(1)
	return s.Store.Checkpoints(ctx)
}

func (s *looks) ViewCheckpoints(ctx context.Context, view string) (map[int]documents.Checkpoint, error) {
	s.all.Add(1)
	if view == "Bucket" {
		s.bucket.Add(1)
	}
	return s.Store.ViewCheckpoints(ctx, view)
}

// twoViews is a bench with a second view, Bucket. Total is complete, and at 4 in partition 0.
func twoViews(t *testing.T) (*bench, *looks) {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: fmt.Appendf(nil, sdl+`type Bucket @view(of: "Thing") { size: Int @group things: Int! @count }`, "Int")}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, model: m, feed: feed.NewMemory(2, 1000), path: filepath.Join(t.TempDir(), "docs.db")}
	b.store = b.open(m)
	b.advanceView(0, 4)
	b.ready()
	return b, &looks{Store: b.store}
}

// running runs an engine, with a feed or without, whose callers wait for as long as the test takes.
func (b *bench) running(s documents.Store, f feed.Feed) *query.Engine {
	b.Helper()
	cfg := query.Config{Model: b.model, Store: s, Partitions: 2, WaitBound: time.Hour}
	if f != nil {
		cfg.Feed = f
	}
	return b.run(cfg)
}

// announceView tells of a view, and of no more than that.
func (b *bench) announceView(stored string, seq uint64) {
	b.Helper()
	if err := b.feed.Announce(b.Context(), feed.Progress{Place: position.Place{Epoch: 1, Seq: seq}, Views: []string{stored}}); err != nil {
		b.Fatal(err)
	}
}

// waitFor has so many callers read a view at a position, all of which wait when it returns.
func (b *bench) waitFor(ctx context.Context, e *query.Engine, view string, p position.Position, callers int) <-chan error {
	b.Helper()
	done := make(chan error, callers)
	for range callers {
		go func() {
			_, err := e.Get(query.After(ctx, p), b.model.View(view), "w1", &query.Selection{})
			done <- err
		}()
	}
	until(b.T, "all wait", func() bool { return e.WaitingFor(view) == callers })
	return done
}

// pass checks that so many callers get the error.
func (b *bench) pass(done <-chan error, callers int, want error) {
	b.Helper()
	for range callers {
		select {
		case err := <-done:
			if !errors.Is(err, want) {
				b.Fatalf("%v, not %v", err, want)
			}
		case <-time.After(20 * time.Second):
			b.Fatal("somebody waits still")
		}
	}
}

// TestWaitsForAViewAreOneForTheStore: however many wait, it is asked by one poller. There is no feed.
func TestWaitsForAViewAreOneForTheStore(t *testing.T) {
	for _, callers := range []int{1, 1000} {
		b, s := twoViews(t)
		e := b.running(s, nil)
		done := b.waitFor(t.Context(), e, "Total", at(0, 5), callers)
		asked := s.all.Load()
		until(t, "the poller has looked", func() bool { return s.all.Load() >= asked+5 })
		b.advanceView(0, 5)
		b.pass(done, callers, nil)
		n := s.all.Load()
		if t.Logf("%d callers: %d questions", callers, n); n > 200 {
			t.Errorf("%d callers asked the store %d times", callers, n)
		}
		if s.bucket.Load() > 0 {
			t.Error("nobody waits for the other view")
		}
	}
}

// TestASignalLetsGoWhoWaitsForAView: the store says nothing of what is announced, so that only who was told goes on.
func TestASignalLetsGoWhoWaitsForAView(t *testing.T) {
	b, s := twoViews(t)
	e := b.running(s, b.feed)
	const callers = 1000
	done := b.waitFor(t.Context(), e, "Total", at(0, 5), callers)
	stored := b.model.View("Total").Stored()
	asked := s.all.Load()
	until(t, "all have gone on", func() bool { // what is announced is forgotten when the store is asked again whether the view is ready: here it does not have it
		b.announceView(stored, 5)
		time.Sleep(time.Millisecond)
		return len(done) == callers
	})
	b.pass(done, callers, nil)
	if n := s.all.Load() - asked; n > 200 {
		t.Errorf("the store was asked %d times", n)
	}
}

// TestWhatIsAnnouncedOfAViewIsNotAskedFor.
func TestWhatIsAnnouncedOfAViewIsNotAskedFor(t *testing.T) {
	b, s := twoViews(t)
	e := b.running(s, b.feed)
	for seq := uint64(5); ; seq++ { // whether the view is ready is asked for once a second, which may be in between
		b.advanceView(0, seq)
		b.pass(b.waitOrNot(e, at(0, seq)), 1, nil)
		b.announceView(b.model.View("Total").Stored(), seq)
		before := s.all.Load()
		b.pass(b.waitOrNot(e, at(0, seq)), 1, nil)
		b.pass(b.waitOrNot(e, position.Position{}), 1, nil)
		if s.all.Load() == before {
			return
		}
		if seq > 20 {
			t.Fatal("each read asks the store")
		}
	}
}

// waitOrNot reads Total at a position.
func (b *bench) waitOrNot(e *query.Engine, p position.Position) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := e.Get(query.After(b.Context(), p), b.model.View("Total"), "w1", &query.Selection{})
		done <- err
	}()
	return done
}

// TestWhoWaitsForAViewThatIsWithdrawnIsTold, at once and all, and what was known of it is not true of the view that is built anew.
func TestWhoWaitsForAViewThatIsWithdrawnIsTold(t *testing.T) {
	b, s := twoViews(t)
	e := b.running(s, b.feed)
	until(t, "it is heard", func() bool {
		b.announceView(b.model.View("Total").Stored(), 9)
		return e.Reached().Includes(at(0, 9))
	})
	const callers = 1000
	done := b.waitFor(t.Context(), e, "Total", at(0, 10), callers)
	if err := b.store.SetViewReady(t.Context(), "Total", false); err != nil {
		t.Fatal(err)
	}
	asked := s.all.Load()
	for range callers {
		refused(t, <-done, "Total is being built: 0 %")
	}
	if n := s.all.Load() - asked; n > 200 {
		t.Errorf("the store was asked %d times", n)
	}
	if err := b.store.DropView(t.Context(), "Total"); err != nil {
		t.Fatal(err)
	}
	b.advanceView(0, 3)
	b.ready()
	done = b.waitFor(t.Context(), e, "Total", at(0, 4), 1)
	b.advanceView(0, 4)
	b.pass(done, 1, nil)
}

// TestWaitsForAViewEnd with their bound, and with their context. Nobody is left in a line.
func TestWaitsForAViewEnd(t *testing.T) {
	b, s := twoViews(t)
	e := b.running(s, b.feed)
	ctx, cancel := context.WithCancel(t.Context())
	done := b.waitFor(ctx, e, "Total", at(1, 1).Join(at(0, 9)), 10)
	cancel()
	b.pass(done, 10, context.Canceled)
	short := b.start(s, b.feed, 0)
	_, err := short.Get(query.After(t.Context(), at(0, 5)), b.model.View("Total"), "w1", &query.Selection{})
	refused(t, err, "Total is not consolidated as far as that position yet")
	over := short.Bounded(t.Context()) // what e would wait for an hour for
	_, err = e.Get(query.After(over, at(0, 5)), b.model.View("Total"), "w1", &query.Selection{})
	refused(t, err, "Total is not consolidated as far as that position yet")
	if a, b := e.Wait(over, at(0, 99)), e.WaitPast(over, time.Now()); !errors.Is(a, query.ErrBehind) || !errors.Is(b, query.ErrBehind) {
		t.Error(a, b)
	}
	if n := e.WaitingFor("Total") + short.WaitingFor("Total") + e.Waiting(); n != 0 {
		t.Errorf("%d are left waiting", n)
	}
}

// TestAViewThatIsStuckHoldsUpOnlyWhoWaitsForIt, with a feed and without.
func TestAViewThatIsStuckHoldsUpOnlyWhoWaitsForIt(t *testing.T) {
	for _, heard := range []bool{true, false} {
		b, s := twoViews(t)
		if err := b.store.SetViewReady(t.Context(), "Bucket", true); err != nil {
			t.Fatal(err)
		}
		f := feed.Feed(b.feed)
		if !heard {
			f = nil
		}
		e := b.running(s, f)
		stuck := b.waitFor(t.Context(), e, "Bucket", at(0, 1), 3)
		for seq := uint64(5); seq < 10; seq++ {
			done := b.waitFor(t.Context(), e, "Total", at(0, seq), 3)
			b.advanceView(0, seq)
			if heard {
				b.announceView(b.model.View("Total").Stored(), seq)
			}
			b.pass(done, 3, nil)
		}
		if len(stuck) > 0 || e.WaitingFor("Bucket") != 3 {
			t.Error("who waits for the other view was let go:", <-stuck)
		}
		if err := b.store.AdvanceViews(t.Context(), 0, []string{"Bucket"}, documents.Checkpoint{Place: position.Place{Epoch: 1, Seq: 1}}); err != nil {
			t.Fatal(err)
		}
		b.pass(stuck, 3, nil)
	}
}

// TestAnotherViewOfTheNameIsNotMeant: another definition of a view, which a process with another model keeps, is another view. Of this one nothing is heard, and it is found in the store.
func TestAnotherViewOfTheNameIsNotMeant(t *testing.T) {
	b, s := twoViews(t)
	e := b.running(s, b.feed)
	done := b.waitFor(t.Context(), e, "Total", at(0, 5), 1)
	until(t, "all is heard", func() bool {
		for _, name := range []string{"Total", "totals", "totals.abcdefgh", b.model.View("Bucket").Stored()} {
			b.announceView(name, 5)
		}
		return e.Reached().Includes(at(0, 5)) // which the store does not say
	})
	if len(done) > 0 || e.WaitingFor("Total") != 1 {
		t.Fatal("it was let go", <-done)
	}
	b.advanceView(0, 5)
	b.pass(done, 1, nil)
}

// TestAViewThatIsBuiltAnewMeanwhile: who waits for two partitions, and has seen one of them come before the view was dropped, waits for it again.
func TestAViewThatIsBuiltAnewMeanwhile(t *testing.T) {
	b, s := twoViews(t)
	e := b.running(s, nil)
	b.advanceView(0, 9)
	done := b.waitFor(t.Context(), e, "Total", at(0, 9).Join(at(1, 1)), 1)
	asked := s.all.Load()
	until(t, "the poller has found that one has come", func() bool { return s.all.Load() >= asked+2 })
	looked := s.ready.Load()
	until(t, "it was ready just now, and is taken to be for a while", func() bool { return s.ready.Load() > looked })
	if err := b.store.DropView(t.Context(), "Total"); err != nil {
		t.Fatal(err)
	}
	b.advanceView(0, 3)
	b.ready()
	looked = s.ready.Load()
	until(t, "somebody has looked at the view that is ready again", func() bool { return s.ready.Load() >= looked+2 })
	b.advanceView(1, 1)
	asked = s.all.Load()
	until(t, "the poller has found that the other has come", func() bool { return s.all.Load() >= asked+5 })
	if len(done) > 0 {
		t.Fatal("it was let go, and the view is not as far:", <-done)
	}
	b.advanceView(0, 9)
	b.pass(done, 1, nil)
}

// TestAViewThatIsThereIsNotWaitedFor: who finds that it is ready finds how far it is too. Nothing runs.
func TestAViewThatIsThereIsNotWaitedFor(t *testing.T) {
	b, s := twoViews(t)
	e := query.New(query.Config{Model: b.model, Store: s, Partitions: 2, WaitBound: time.Nanosecond})
	for _, p := range []position.Position{at(0, 4), {}, at(0, 3)} {
		if _, err := e.Get(query.After(t.Context(), p), b.model.View("Total"), "w1", &query.Selection{}); err != nil {
			t.Error(p, err)
		}
	}
	_, err := e.Get(query.After(t.Context(), at(0, 5)), b.model.View("Total"), "w1", &query.Selection{})
	refused(t, err, "Total is not consolidated as far as that position yet")
}

// held is a store that says whether a view is ready only once it may.
type held struct {
	*looks
	may chan struct{}
}

func (s held) ViewReady(ctx context.Context, view string) (bool, error) {
	<-s.may
	return s.looks.ViewReady(ctx, view)
}

// TestWhoFindsAViewNotReadyTellsTheOthers that came before the look began: however many ask at once, the store is asked a few times.
func TestWhoFindsAViewNotReadyTellsTheOthers(t *testing.T) {
	b, s := twoViews(t)
	if err := b.store.SetViewReady(t.Context(), "Total", false); err != nil {
		t.Fatal(err)
	}
	may := make(chan struct{})
	e := b.running(held{s, may}, b.feed)
	const callers = 200
	var come sync.WaitGroup
	done := make(chan error, callers)
	for range callers {
		come.Add(1)
		go func() {
			come.Done()
			_, err := e.Get(t.Context(), b.model.View("Total"), "w1", &query.Selection{})
			done <- err
		}()
	}
	come.Wait()
	close(may)
	for range callers {
		refused(t, <-done, "Total is being built: 0 %")
	}
	if n := s.ready.Load(); n > callers/4 {
		t.Errorf("%d callers looked %d times", callers, n)
	}
}
