package query

import (
	"context"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// ErrBehind is what errors of Wait and WaitPast are (by errors.Is) if what they wait for was not consolidated in time. Their text says what that is.
var ErrBehind = &Error{"NOT_CONSOLIDATED", "that is not consolidated yet: ask again later"}

// Is makes every error of ErrBehind's code one.
func (e *Error) Is(target error) bool { return target == error(ErrBehind) && e.Code == ErrBehind.Code }

// maxAhead is how far an instant may lie ahead of this process's clock to be waited for.
const maxAhead = time.Second

// Wait returns when everything that the position includes is consolidated, and ErrBehind if that takes longer than the bound. Waiting needs Run.
func (e *Engine) Wait(ctx context.Context, p position.Position) error {
	for _, n := range p.Partitions() {
		if known := e.cfg.Partitions; known > 0 && n >= known {
			return invalid("the position names partition %d of a log that has %d: it is of another one", n, known)
		}
	}
	me := waiterFor(p)
	_, err := e.wait(ctx, &e.waits, me, e.until(ctx), func() error {
		at, _ := e.Reached().Place(me.goals[0].partition)
		return &Error{ErrBehind.Code, fmt.Sprintf("the position %s is not consolidated yet, partition %d is at %d, not at %d: ask again later",
			p, me.goals[0].partition, at.Seq, me.goals[0].place.Seq)}
	})
	return err
}

// WaitPast returns when everything that happened up to the instant is consolidated in every partition, so that what was then never changes any more, but for what
// is imported later; and ErrBehind if that takes longer than the bound. Of an instant in the future nothing is known: that is an error for clients. Waiting needs
// Run, and Config.Partitions.
func (e *Engine) WaitPast(ctx context.Context, t time.Time) error {
	if t.After(time.Now().Add(maxAhead)) {
		return invalid("asOf is in the future: ask for an instant that has passed")
	}
	me := &waiter{past: t, done: make(chan struct{})}
	_, err := e.wait(ctx, &e.waits, me, e.until(ctx), func() error {
		return &Error{ErrBehind.Code, fmt.Sprintf("what happened up to %s is not consolidated yet: ask again later", t.UTC().Format(time.RFC3339Nano))}
	})
	return err
}

type untilKey struct{}

// Bounded returns a context in which all waits together last no longer than one would: those of Wait, of WaitPast, and of reads of views.
func (e *Engine) Bounded(ctx context.Context) context.Context {
	return context.WithValue(ctx, untilKey{}, time.Now().Add(e.cfg.WaitBound))
}

// unbounded undoes Bounded, for what goes on.
func unbounded(ctx context.Context) context.Context { return context.WithValue(ctx, untilKey{}, nil) }

// until is when a wait that begins now ends.
func (e *Engine) until(ctx context.Context) time.Time {
	if end, ok := ctx.Value(untilKey{}).(time.Time); ok {
		return end
	}
	return time.Now().Add(e.cfg.WaitBound)
}

// waiterFor returns one who waits for a position.
func waiterFor(p position.Position) *waiter {
	me := &waiter{done: make(chan struct{})}
	for _, n := range p.Partitions() {
		place, _ := p.Place(n)
		me.goals = append(me.goals, goal{n, place})
	}
	return me
}

// wait waits in w for what me waits for, until end, and reports whether it had to. behind makes the error of one who waited for too long.
func (e *Engine) wait(ctx context.Context, w *waits, me *waiter, end time.Time, behind func() error) (waited bool, err error) {
	if e.cfg.Loose || !w.add(me) {
		return false, nil
	}
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	select {
	case <-me.done:
		return true, me.err
	case <-timer.C:
		if w.remove(me) {
			return true, behind()
		}
		return true, me.err // just in time
	case <-ctx.Done():
		w.remove(me)
		return true, context.Cause(ctx)
	}
}

// Reached returns a position that everything read from now on includes: what is known, without asking, to be consolidated. It never falls back.
func (e *Engine) Reached() position.Position { return e.waits.at() }
