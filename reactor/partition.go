package reactor

import (
	"context"
	"errors"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

const (
	saveEvery  = time.Second // how often the cursor is written while there is more to read, and how often the log's end is asked for
	clockEvery = 10 * time.Second
	lastSave   = time.Second // how long writing the cursor may take at the end

	// breathe is the pause after reading what there was: under load every event would otherwise be a read of its own.
	breathe = 20 * time.Millisecond
)

// partition reacts to the events of one partition, in order. What is executed is waited for: what one event leads to is done before the next
// event's turn.
type partition struct {
	r *Reactor
	n int

	at       *at // nil until the log has told
	next     eventlog.Cursor
	replayed position.Place  // events up to there may have been reacted to before
	suspects map[string]bool // reactions that were given up, by key: until they succeed they are given up at once

	dirty bool // next is further than the cursor in the log
	saved time.Time

	now   time.Time // the log's clock
	asked time.Time // when it was
}

// run follows the log until ctx ends, and goes on where it was after every failure.
func (p *partition) run(ctx context.Context) {
	b := p.r.o.backoff()
	for {
		err := p.follow(ctx, &b)
		if ctx.Err() != nil {
			p.saveAtEnd(ctx)
			return
		}
		var broken *eventlog.BrokenError
		pause := b.pause()
		if errors.As(err, &broken) {
			pause, p.at, p.dirty = p.r.o.BrokenRetry, nil, false // a repair may have set the cursor
		}
		p.r.status.failed(p.n, Reacting, err, broken != nil)
		if !sleep(ctx, pause) {
			p.saveAtEnd(ctx)
			return
		}
	}
}

// begin finds out where to go on.
func (p *partition) begin(ctx context.Context) error {
	if p.at != nil {
		return nil
	}
	known, err := p.r.places(ctx)
	if err != nil {
		return err
	}
	a, err := known.in(ctx, p.r.cfg.Log, p.n)
	if err != nil {
		return err
	}
	tail, err := p.r.cfg.Log.Tail(ctx, p.n)
	if err != nil {
		return err
	}
	p.at, p.next, p.replayed = a, a.begin, tail.Place
	return nil
}

// follow reacts until something fails.
func (p *partition) follow(ctx context.Context, b *backoff) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	for {
		events, err := p.r.cfg.Log.Read(ctx, p.n, p.next.Place.Seq, p.next.Hash, p.r.o.BatchSize, p.r.o.Wait)
		if err != nil {
			return err
		}
		for i := range events {
			e := &events[i]
			if err := p.react(ctx, e); err != nil {
				if p.replayed.Before(e.Place()) {
					p.replayed = e.Place()
				}
				return err
			}
			p.next, p.dirty = eventlog.Cursor{Place: e.Place(), Hash: e.Hash}, true
		}
		if err := p.save(ctx, len(events) == 0); err != nil {
			return err
		}
		b.reset()
		p.r.status.reached(p.n, p.next.Place)
		if n := len(events); n > 0 && n < p.r.o.BatchSize && !sleep(ctx, breathe) {
			return context.Cause(ctx)
		}
	}
}

// save writes the cursor if the end is reached, or from time to time, and says how far the end is.
func (p *partition) save(ctx context.Context, end bool) error {
	if end {
		p.r.status.lags(p.n, 0)
	}
	if !p.dirty || !end && time.Since(p.saved) < saveEvery {
		return nil
	}
	if err := p.r.cfg.Log.SetCursor(ctx, cursorName+p.r.known.set, p.n, p.next); err != nil {
		return err
	}
	p.dirty, p.saved = false, time.Now()
	if end {
		return nil
	}
	tail, err := p.r.cfg.Log.Tail(ctx, p.n)
	if err == nil { // else the next read fails and says so
		p.r.status.lags(p.n, int64(tail.Place.Seq)-int64(p.next.Place.Seq))
	}
	return nil
}

// saveAtEnd spares whoever comes next the work that was done.
func (p *partition) saveAtEnd(ctx context.Context) {
	if !p.dirty {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
	defer cancel()
	if err := p.r.cfg.Log.SetCursor(ctx, cursorName+p.r.known.set, p.n, p.next); err != nil {
		p.r.cfg.Logger.Info("how far events were reacted to could not be kept: what was done since will be tried again, and turn out to be done", "partition", p.n, "error", err)
	}
}

// react does all that an event leads to. The error is of the log, or of ctx: what is left is to be done again.
func (p *partition) react(ctx context.Context, e *eventlog.Event) error {
	indexes := p.r.byEvent[eventKey{e.Entity, e.Name}]
	if len(indexes) == 0 || e.Imported {
		return nil
	}
	w := &work{p: p, event: e, again: !p.replayed.Before(e.Place())}
	for _, i := range indexes {
		place := e.Place()
		if !p.at.done[i].Before(place) {
			continue
		}
		if err := w.look(ctx); err != nil {
			return err
		}
		if w.old && !p.at.passed[i].Before(place) {
			continue // it was not in the model then, and that is long ago
		}
		w.reaction = p.r.all[i]
		if err := w.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// clock returns the log's time, at most a little late.
func (p *partition) clock(ctx context.Context, ref eventlog.Ref) (time.Time, error) {
	since := time.Since(p.asked)
	if p.asked.IsZero() || since > clockEvery {
		loaded, err := p.r.cfg.Log.Load(ctx, eventlog.Load{Primary: ref})
		if err != nil {
			return time.Time{}, err
		}
		p.now, p.asked, since = loaded.Now, time.Now(), 0
	}
	return p.now.Add(since), nil
}

// retry does something that may fail. It gives up after so many tries, one for a suspect, and then returns a *gaveUp; as long as the log can't be reached it tries on. Other
// errors are of ctx.
func (p *partition) retry(ctx context.Context, key string, try func() error) error {
	b := p.r.o.backoff()
	limit := p.r.o.Tries
	if p.suspects[key] {
		limit = 1
	}
	for failures := 0; ; {
		err := try()
		switch {
		case err == nil:
			delete(p.suspects, key)
			if b.next > 0 {
				p.r.status.fine(p.n, Reacting)
			}
			return nil
		case ctx.Err() != nil:
			return err
		case unreachable(err):
			p.r.status.failed(p.n, Reacting, err, false)
		default: // a fault of the application, which is no reason to call the process unhealthy
			p.r.status.fine(p.n, Reacting)
			p.r.counts.failed.Add(1)
			if failures++; failures >= limit {
				p.suspects[key] = true
				return &gaveUp{failures, err}
			}
			if failures == 1 {
				p.r.cfg.Logger.Warn("a reaction fails, and is tried again", "reaction", key, "partition", p.n, "error", err)
			}
		}
		if !sleep(ctx, b.pause()) {
			return context.Cause(ctx)
		}
	}
}

// gaveUp is what failed too often.
type gaveUp struct {
	tries int
	err   error
}

func (g *gaveUp) Error() string { return g.err.Error() }
func (g *gaveUp) Unwrap() error { return g.err }

// errConflict is a command that lost every race for its entity.
type errConflict struct{ rejection *command.Rejection }

func (e *errConflict) Error() string { return e.rejection.Message }
