package query_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// TestAnInstantIsWaitedForInEveryPartition: an event at the watermark itself may still come.
func TestAnInstantIsWaitedForInEveryPartition(t *testing.T) {
	b := follow(t, 0)
	wait := func(past time.Time, want error) {
		t.Helper()
		if err := b.e.WaitPast(t.Context(), past); !errors.Is(err, want) {
			t.Fatalf("%v, not %v", err, want)
		}
	}
	wait(noon, query.ErrBehind)
	b.mark(0, 1, noon.Add(time.Hour))
	wait(noon, query.ErrBehind) // nobody knows of the other partition
	b.mark(1, 0, noon)
	wait(noon.Add(-1), nil)
	wait(noon, query.ErrBehind)
	b.mark(1, 0, noon.Add(1))
	wait(noon, nil)
	wait(noon.Add(time.Hour), query.ErrBehind)
	err := b.e.WaitPast(t.Context(), noon.Add(time.Hour))
	if err == nil || !strings.Contains(err.Error(), "2026-11-24T13:00:00Z") {
		t.Error(err)
	}
	var e *query.Error
	if err := b.e.WaitPast(t.Context(), time.Now().Add(time.Hour)); !errors.As(err, &e) || e.Code != "INVALID_INPUT" || errors.Is(err, query.ErrBehind) {
		t.Error("the future:", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := b.e.WaitPast(gone, noon.Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := b.e.Waiting(); n != 0 {
		t.Errorf("%d are left waiting", n)
	}
}

// TestWatermarksAreAskedFor: a partition without news has its watermark raised because somebody waits, and again if that was not enough, or not heard.
func TestWatermarksAreAskedFor(t *testing.T) {
	b := newBench(t)
	e := query.New(query.Config{Model: b.model, Store: b.store, Feed: b.feed, Partitions: 2, WaitBound: 10 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = e.Run(ctx) })
	ready, questions := make(chan struct{}), 0
	running.Go(func() {
		_ = b.feed.Asked(ctx, func() { close(ready) }, func(past time.Time) {
			switch questions++; {
			case questions < 3: // it is lost
			case questions < 5:
				b.mark(0, 0, past)
			default:
				b.mark(0, 0, past.Add(1))
				b.mark(1, 0, past.Add(1))
			}
		})
	})
	<-ready
	var callers sync.WaitGroup
	for i := range 20 {
		callers.Go(func() {
			if err := e.WaitPast(t.Context(), noon.Add(-time.Duration(i)*time.Hour)); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if err := e.WaitPast(t.Context(), noon); err != nil {
		t.Error("what is known needs no question:", err)
	}
}

// TestAnAnnouncementThatIsMissed is found in the store.
func TestAnAnnouncementThatIsMissed(t *testing.T) {
	b := newBench(t)
	e := query.New(query.Config{Model: b.model, Store: b.store, Feed: deaf{b.feed}, Partitions: 2, WaitBound: 10 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = e.Run(ctx) })
	for seq := uint64(1); seq <= 3; seq++ {
		go func() {
			until(t, "somebody waits", func() bool { return e.Waiting() > 0 })
			b.mark(0, seq, noon)
		}()
		if err := e.Wait(t.Context(), at(0, seq)); err != nil {
			t.Error(err)
		}
	}
	b.mark(1, 1, noon)
	if err := e.WaitPast(t.Context(), noon.Add(-1)); err != nil {
		t.Error(err)
	}
	if got := e.Reached(); !got.Includes(at(0, 3).Join(at(1, 1))) || got.Includes(at(0, 4)) {
		t.Errorf("reached is %v", got)
	}
}

// deaf is a feed of which nothing is heard, though it says that it is.
type deaf struct{ feed.Feed }

func (d deaf) Listen(ctx context.Context, ready func(), _ func(feed.Progress)) error {
	ready()
	<-ctx.Done()
	return nil
}

// TestAFeedThatIsAway is said once, and what the store has is found all the same.
func TestAFeedThatIsAway(t *testing.T) {
	b := newBench(t)
	said := &lines{}
	e := query.New(query.Config{Model: b.model, Store: b.store, Feed: away{b.feed}, Partitions: 2, WaitBound: 10 * time.Second, Logger: slog.New(slog.NewTextHandler(said, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = e.Run(ctx) })
	for seq := uint64(1); seq <= 3; seq++ {
		running.Go(func() {
			until(t, "somebody waits", func() bool { return e.Waiting() > 0 })
			time.Sleep(300 * time.Millisecond) // it listens again, in vain
			b.mark(0, seq, noon.Add(time.Duration(seq)))
			b.mark(1, seq, noon.Add(time.Duration(seq)))
		})
		if err := e.WaitPast(t.Context(), noon.Add(time.Duration(seq)-1)); err != nil {
			t.Error(err)
		}
		if err := e.Wait(t.Context(), at(0, seq).Join(at(1, seq))); err != nil {
			t.Error(err)
		}
	}
	for _, what := range []string{"can't be heard", "takes no questions"} {
		if n := strings.Count(said.String(), what); n != 1 {
			t.Errorf("%q is said %d times in %s", what, n, said)
		}
	}
}

// away is a feed that can't be reached, but for its entries.
type away struct{ feed.Feed }

var errAway = errors.New("away")

func (away) Listen(context.Context, func(), func(feed.Progress)) error { return errAway }
func (away) Ask(context.Context, time.Time) error                      { return errAway }

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *lines) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }
