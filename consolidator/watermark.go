package consolidator

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
)

const (
	announceBound = time.Second           // how long telling of a checkpoint may take
	raiseEvery    = 50 * time.Millisecond // how often at most watermarks are raised because somebody asks
	raiseAtOnce   = 16                    // partitions
	askedAgain    = 200 * time.Millisecond
)

// advance moves a partition's checkpoint, and tells who waits for it, or for one of the views, which are there already. Who is not told looks by himself, a little later.
func (c *Consolidator) advance(ctx context.Context, n int, at documents.Checkpoint, views []*view) error {
	writing := &c.marks.partitions[n].writing
	writing.Lock()
	defer writing.Unlock()
	if now, certain := c.marks.of(n); certain && at.Place.Before(now.Place) {
		return nil // a watermark that events were faster than
	}
	if err := c.store.Advance(ctx, n, at); err != nil {
		return err
	}
	c.marks.reached(n, at)
	c.announce(ctx, n, at, views)
	return nil
}

// announce tells that what happened up to a checkpoint is in the documents, and in those of the views.
func (c *Consolidator) announce(ctx context.Context, n int, at documents.Checkpoint, views []*view) {
	p := feed.Progress{Partition: n, Place: at.Place, Watermark: at.Watermark}
	for _, v := range views {
		p.Views = append(p.Views, v.entity.Stored())
	}
	telling, cancel := context.WithTimeout(ctx, announceBound)
	defer cancel()
	err := c.feed.Announce(telling, p)
	if was := c.mute.Swap(err != nil); err != nil && !was && ctx.Err() == nil {
		c.o.Logger.Warn("checkpoints can't be announced on the feed: reads that wait for them look into the store, and are later", "error", err)
	}
}

// heed raises watermarks when somebody asks, until ctx ends.
func (c *Consolidator) heed(ctx context.Context) {
	w := &wish{kick: make(chan struct{}, 1)}
	var listening sync.WaitGroup
	listening.Go(func() { c.listen(ctx, w) })
	defer listening.Wait()
	for {
		select {
		case <-w.kick:
		case <-ctx.Done():
			return
		}
		c.raise(ctx, w.take())
		select {
		case <-time.After(raiseEvery):
		case <-ctx.Done():
			return
		}
	}
}

// listen takes the wishes from the feed.
func (c *Consolidator) listen(ctx context.Context, w *wish) {
	for {
		if err := c.feed.Asked(ctx, func() {}, w.add); errors.Is(err, feed.ErrClosed) {
			return
		}
		select {
		case <-time.After(askedAgain):
		case <-ctx.Done():
			return
		}
	}
}

// raise brings the watermarks of all partitions past that instant, as far as they are at the end of the log. Of one that is behind, the watermark comes with
// the events. What fails here fails for the partition too, which says so; who still waits asks again.
func (c *Consolidator) raise(ctx context.Context, past time.Time) {
	var g errgroup.Group
	g.SetLimit(raiseAtOnce)
	for n := range c.events.Partitions() {
		at, certain := c.marks.of(n)
		if !certain || at.Watermark.After(past) {
			continue
		}
		g.Go(func() error {
			tail, err := c.events.Watermark(ctx, n)
			if err == nil && c.marks.tell(n, at, tail) {
				err = c.advance(ctx, n, documents.Checkpoint{Place: tail.Place, Hash: tail.Hash, Watermark: tail.Clock}, nil)
			}
			if err != nil {
				c.o.Logger.Debug("a watermark could not be raised", "partition", n, "error", err)
			}
			return nil
		})
	}
	_ = g.Wait()
}

// wish is the latest instant that anybody asked for since it was taken.
type wish struct {
	mu   sync.Mutex
	past time.Time
	kick chan struct{} // has an element when there is one
}

func (w *wish) add(past time.Time) {
	w.mu.Lock()
	w.past = later(w.past, past)
	w.mu.Unlock()
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

func (w *wish) take() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	past := w.past
	w.past = time.Time{}
	return past
}
