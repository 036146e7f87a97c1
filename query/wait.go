package query

import (
	"context"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// waits lets any number of callers wait for positions at the cost of one poller: while somebody waits it reads the checkpoints whenever the
// feed had something to say, and from time to time. It sleeps when nobody waits.
type waits struct {
	mu      sync.Mutex
	reached position.Position
	waiting map[*waiter]struct{}
	kick    chan struct{} // somebody waits, or the feed moved
}

type waiter struct {
	position position.Position
	done     chan struct{}
}

func (w *waits) init() {
	w.waiting = map[*waiter]struct{}{}
	w.kick = make(chan struct{}, 1)
}

func (w *waits) poke() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// ErrBehind is returned by Wait if the position was not consolidated in time.
var ErrBehind = &Error{"NOT_CONSOLIDATED", "the position is not consolidated yet: ask again later"}

// Wait returns when everything that the position includes is consolidated, and ErrBehind if that takes longer than the bound. Waiting needs Run.
func (e *Engine) Wait(ctx context.Context, p position.Position) error {
	me := &waiter{p, make(chan struct{})}
	w := &e.waits
	w.mu.Lock()
	if w.reached.Includes(p) {
		w.mu.Unlock()
		return nil
	}
	w.waiting[me] = struct{}{}
	w.mu.Unlock()
	w.poke()

	defer func() {
		w.mu.Lock()
		delete(w.waiting, me)
		w.mu.Unlock()
	}()
	timer := time.NewTimer(e.cfg.WaitBound)
	defer timer.Stop()
	select {
	case <-me.done:
		return nil
	case <-timer.C:
		return ErrBehind
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

const (
	pollFirst = 2 * time.Millisecond
	pollLast  = 100 * time.Millisecond
)

// serveWaits is the poller.
func (e *Engine) serveWaits(ctx context.Context) error {
	pause := pollFirst
	for {
		if e.waits.idle() {
			pause = pollFirst
			select {
			case <-e.waits.kick:
			case <-ctx.Done():
				return nil
			}
		}
		if err := e.readCheckpoints(ctx); err != nil && ctx.Err() == nil {
			e.cfg.Logger.Warn("checkpoints can't be read: reads that wait for a position wait longer", "error", err)
		}
		if e.waits.idle() {
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-e.waits.kick:
		case <-timer.C:
			pause = min(pause*2, pollLast)
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

func (w *waits) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) == 0
}

func (e *Engine) readCheckpoints(ctx context.Context) error {
	checkpoints, err := e.cfg.Store.Checkpoints(ctx)
	if err != nil {
		return err
	}
	var p position.Position
	for partition, c := range checkpoints {
		p = p.Join(position.At(partition, c.Place))
	}
	w := &e.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reached = w.reached.Join(p)
	for me := range w.waiting {
		if w.reached.Includes(me.position) {
			close(me.done)
			delete(w.waiting, me)
		}
	}
	return nil
}
