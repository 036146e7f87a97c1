package query

import (
	"context"
	"errors"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
)

// What was announced and missed is found in the store: while somebody waits, one poller reads the checkpoints from time to time. Without a feed, or while it is away,
// that is all there is, and it reads more often.
const (
	pollHeard = 500 * time.Millisecond
	pollFirst = 2 * time.Millisecond
	pollLast  = 100 * time.Millisecond

	askApart = 10 * time.Millisecond // questions for watermarks, at least, and while nobody new comes twice as long each time
	askLast  = 500 * time.Millisecond
	askBound = 500 * time.Millisecond // how long sending one may take

	listenAgain = 200 * time.Millisecond
)

// poller is what the one poller remembers.
type poller struct {
	read, ask   time.Time     // when to do so next, if somebody waits
	rest, apart time.Duration // until the time after that
	asked       time.Time
	failing     bool
	mute        bool // asking fails, which was said
}

// needs is what those who wait call for.
type needs struct {
	waiting, stale, heard bool
	past                  time.Time // the latest instant; zero if nobody waits for one
	fresh                 bool      // somebody new waits for one
}

func (w *waits) needs() needs {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := needs{waiting: w.waiting > 0, stale: w.stale, heard: w.heard, fresh: w.fresh}
	if w.past.Len() > 0 {
		n.past = w.newest
	}
	w.fresh = false
	return n
}

// serveWaits is the poller.
func (e *Engine) serveWaits(ctx context.Context) error {
	p := &poller{rest: pollFirst, apart: askApart}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-e.waits.kick:
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		n := e.waits.needs()
		e.askIfDue(ctx, p, n)
		e.readIfDue(ctx, p, n)
		if n.waiting || n.stale {
			next := p.read
			if !n.past.IsZero() && e.cfg.Feed != nil && p.ask.Before(next) {
				next = p.ask
			}
			timer.Reset(max(time.Until(next), 0))
		}
	}
}

// askIfDue asks the consolidators for watermarks.
func (e *Engine) askIfDue(ctx context.Context, p *poller, n needs) {
	if n.fresh {
		p.apart = askApart
		p.ask = p.asked.Add(askApart)
	}
	if n.past.IsZero() || time.Now().Before(p.ask) || e.cfg.Feed == nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, askBound)
	defer cancel()
	err := e.cfg.Feed.Ask(asking, n.past)
	if err != nil && !p.mute && ctx.Err() == nil {
		e.cfg.Logger.Warn("the feed takes no questions for watermarks: reads of what was a moment ago wait until something happens in every partition", "error", err)
	}
	p.mute = err != nil
	p.asked = time.Now()
	p.ask = p.asked.Add(p.apart)
	p.apart = min(2*p.apart, askLast)
}

// readIfDue reads the checkpoints.
func (e *Engine) readIfDue(ctx context.Context, p *poller, n needs) {
	if !n.waiting {
		p.rest = pollFirst
	}
	if time.Now().Before(p.read) || !n.waiting && !n.stale {
		return
	}
	err := e.readCheckpoints(ctx)
	if err != nil && !p.failing && ctx.Err() == nil {
		e.cfg.Logger.Warn("checkpoints can't be read: reads that wait for a position wait longer", "error", err)
	}
	p.failing = err != nil
	rest := pollHeard
	if !n.heard || err != nil {
		rest = p.rest
		p.rest = min(2*p.rest, pollLast)
	}
	p.read = time.Now().Add(rest)
}

func (e *Engine) readCheckpoints(ctx context.Context) error {
	w := &e.waits
	w.mu.Lock()
	stale := w.stale
	w.stale = false // what is missed from here on makes it stale again
	w.mu.Unlock()
	checkpoints, err := e.cfg.Store.Checkpoints(ctx)
	if err != nil {
		w.mu.Lock()
		w.stale = w.stale || stale
		w.mu.Unlock()
		return err
	}
	all := make([]feed.Progress, 0, len(checkpoints))
	for n, c := range checkpoints {
		all = append(all, feed.Progress{Partition: n, Place: c.Place, Watermark: c.Watermark})
	}
	w.news(all...)
	return nil
}

// listen takes what is announced until ctx ends.
func (e *Engine) listen(ctx context.Context) {
	w := &e.waits
	hears := func(heard bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.heard, w.stale = heard, true
		w.poke()
	}
	for failing := false; ; failing = true {
		err := e.cfg.Feed.Listen(ctx, func() { hears(true); failing = false }, func(p feed.Progress) { w.news(p) })
		hears(false)
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
