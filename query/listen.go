package query

import (
	"context"
	"errors"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
)

const listenAgain = 200 * time.Millisecond

// listen takes what is announced until ctx ends.
func (e *Engine) listen(ctx context.Context) {
	for failing := false; ; failing = true {
		err := e.cfg.Feed.Listen(ctx, func() { e.hears(true); failing = false }, e.announced)
		e.hears(false)
		if ctx.Err() != nil || errors.Is(err, feed.ErrClosed) {
			return
		}
		if !failing {
			e.cfg.Logger.Warn("the feed's announcements can't be heard: reads that wait look into the store, and are later", "error", err)
		}
		select {
		case <-time.After(listenAgain):
		case <-ctx.Done():
			return
		}
	}
}

// hears says whether announcements can be heard from now on. That views are told of shows once they are: a consolidator of an older release says nothing of them.
func (e *Engine) hears(heard bool) {
	for _, state := range e.views.all {
		w := &state.waits
		w.mu.Lock()
		w.heard = false
		w.mu.Unlock()
	}
	w := &e.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard, w.stale = heard, true
	w.poke()
}

// announced takes over an announcement. The views come first: who is let go because of the entities finds them there.
func (e *Engine) announced(p feed.Progress) {
	for _, stored := range p.Views {
		if state := e.views.stored[stored]; state != nil {
			state.waits.announced(feed.Progress{Partition: p.Partition, Place: p.Place})
		}
	}
	e.waits.news(p)
}
