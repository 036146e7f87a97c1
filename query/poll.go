package query

import (
	"context"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
)

// What was announced and missed is found in the store: while somebody waits, one poller reads the checkpoints from time to time, those of the entities if somebody waits for them, and
// those of each view that somebody waits for. Without a feed, while it is away, or while it tells nothing of a view, that is all there is, and it reads more often.
const (
	pollHeard = 500 * time.Millisecond
	pollFirst = 2 * time.Millisecond
	pollLast  = 100 * time.Millisecond

	askApart = 10 * time.Millisecond // questions for watermarks, at least, and while nobody new comes twice as long each time
	askLast  = 500 * time.Millisecond
	askBound = 500 * time.Millisecond // how long sending one may take
)

// poller is what the one poller remembers.
type poller struct {
	tracks []*track // the first is the entities'

	ask   time.Time     // when to do so next, if somebody waits for an instant
	apart time.Duration // until the time after that
	asked time.Time
	mute  bool // asking fails, which was said
}

// track is what the poller remembers of one waits.
type track struct {
	*waits
	of     string                      // whose checkpoints they are, for messages
	look   func(context.Context) error // reads in the store how far it is
	always bool                        // what was missed is looked for even if nobody waits

	was, read time.Time     // when it was looked last, and when to do so next, if somebody waits
	rest      time.Duration // until the time after that
	failing   bool
}

// needs is what those who wait call for.
type needs struct{ waiting, first, stale, heard bool }

func (w *waits) needs() needs {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := needs{waiting: w.waiting > 0, first: w.first, stale: w.stale, heard: w.heard}
	w.first = false
	return n
}

// instant returns the latest instant that somebody waits for, zero if nobody does; fresh says that somebody new does.
func (w *waits) instant() (past time.Time, fresh bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.past.Len() > 0 {
		past = w.newest
	}
	fresh, w.fresh = w.fresh, false
	return past, fresh
}

func (e *Engine) newPoller() *poller {
	p := &poller{apart: askApart}
	p.tracks = append(p.tracks, &track{waits: &e.waits, of: "entities", look: e.readCheckpoints, always: true, rest: pollFirst})
	for _, state := range e.views.all {
		look := func(ctx context.Context) error { return e.pollView(ctx, state) }
		p.tracks = append(p.tracks, &track{waits: &state.waits, of: state.view.Name, look: look, rest: pollFirst})
	}
	return p
}

// serveWaits is the poller.
func (e *Engine) serveWaits(ctx context.Context) error {
	p := e.newPoller()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-e.waits.kick:
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		next := e.askIfDue(ctx, p)
		for _, t := range p.tracks {
			if at := e.lookIfDue(ctx, t); next.IsZero() || !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		if !next.IsZero() {
			timer.Reset(max(time.Until(next), 0))
		}
	}
}

// askIfDue asks the consolidators for watermarks. It returns when to do so next, the zero time if nobody waits for any.
func (e *Engine) askIfDue(ctx context.Context, p *poller) time.Time {
	past, fresh := e.waits.instant()
	if fresh {
		p.apart = askApart
		p.ask = p.asked.Add(askApart)
	}
	switch {
	case past.IsZero() || e.cfg.Feed == nil:
		return time.Time{}
	case time.Now().Before(p.ask):
		return p.ask
	}
	asking, cancel := context.WithTimeout(ctx, askBound)
	defer cancel()
	err := e.cfg.Feed.Ask(asking, past)
	if err != nil && !p.mute && ctx.Err() == nil {
		e.cfg.Logger.Warn("the feed takes no questions for watermarks: reads of what was a moment ago wait until something happens in every partition", "error", err)
	}
	p.mute = err != nil
	p.asked = time.Now()
	p.ask = p.asked.Add(p.apart)
	p.apart = min(2*p.apart, askLast)
	return p.ask
}

// lookIfDue reads the checkpoints of a track. It returns when to do so next, the zero time if nobody waits for them.
func (e *Engine) lookIfDue(ctx context.Context, t *track) time.Time {
	n := t.needs()
	if n.first || !n.waiting {
		t.rest = pollFirst
	}
	if n.first && !n.heard {
		if soon := t.was.Add(pollFirst); soon.Before(t.read) {
			t.read = soon
		}
	}
	switch {
	case !n.waiting && (!n.stale || !t.always):
		return time.Time{}
	case time.Now().Before(t.read):
		return t.read
	}
	err := t.look(ctx)
	if err != nil && !t.failing && ctx.Err() == nil {
		e.cfg.Logger.Warn("checkpoints can't be read: reads that wait for a position wait longer", "of", t.of, "error", err)
	}
	t.failing = err != nil
	rest := pollHeard
	if !n.heard || err != nil {
		rest = t.rest
		t.rest = min(2*t.rest, pollLast)
	}
	t.was = time.Now()
	t.read = t.was.Add(rest)
	return t.read
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
	w.news(progressOf(checkpoints)...)
	return nil
}

// progressOf is what checkpoints say, as the feed would.
func progressOf(checkpoints map[int]documents.Checkpoint) []feed.Progress {
	all := make([]feed.Progress, 0, len(checkpoints))
	for n, c := range checkpoints {
		all = append(all, feed.Progress{Partition: n, Place: c.Place, Watermark: c.Watermark})
	}
	return all
}
