package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// awaitView returns when a view may be read and has taken in what a position includes, or an error. What was known of a view that was withdrawn while somebody waited is of before: so
// who was let go looks again whether it is ready, and whether it is as far.
func (e *Engine) awaitView(ctx context.Context, state *viewState, after position.Position) error {
	end := e.until(ctx)
	for {
		if err := e.viewReady(ctx, state); err != nil || after.IsZero() {
			return err
		}
		waited, err := e.wait(ctx, &state.waits, waiterFor(after), end, func() error {
			return &Error{ErrBehind.Code, fmt.Sprintf("%s is not consolidated as far as that position yet: ask again later", state.view.Name)}
		})
		if err != nil || !waited {
			return err
		}
	}
}

// viewReady returns an error unless the view is complete. It asks the store if what is known does not tell, one caller at a time: the others take what a look found that began after
// they had come.
func (e *Engine) viewReady(ctx context.Context, state *viewState) error {
	if state.ready() {
		return nil
	}
	came := time.Now()
	if err := state.take(ctx); err != nil {
		return err
	}
	defer state.give()
	if told, err := state.since(came); told {
		return err
	}
	return e.lookAtView(ctx, state)
}

// pollView is what the poller does for those who wait for a view.
func (e *Engine) pollView(ctx context.Context, state *viewState) error {
	if err := state.take(ctx); err != nil {
		return err
	}
	defer state.give()
	if !state.ready() {
		if err := e.lookAtView(ctx, state); !errors.Is(err, ErrBehind) {
			return err
		}
		return nil // who waited was told
	}
	seen, err := e.cfg.Store.ViewCheckpoints(ctx, state.view.Name)
	if err != nil {
		return err
	}
	state.waits.news(progressOf(seen)...)
	return nil
}

// lookAtView finds out in the store how a view is. An error of ErrBehind's code says that it is not complete: then nobody waits for it any more. Whoever calls it has the turn.
func (e *Engine) lookAtView(ctx context.Context, state *viewState) error {
	state.waits.forget() // if it has begun again, that was before
	began := time.Now()
	ready, err := e.cfg.Store.ViewReady(ctx, state.view.Name)
	if err != nil {
		return err
	}
	all, err := e.cfg.Store.Checkpoints(ctx) // first these: a view in step is ahead of them
	if err != nil {
		return err
	}
	seen, err := e.cfg.Store.ViewCheckpoints(ctx, state.view.Name)
	if err != nil {
		return err
	}
	if !ready || lags(seen, all) {
		err := &Error{ErrBehind.Code, fmt.Sprintf("%s is being built: %d %%, ask again later", state.view.Name, percent(seen, all))}
		state.knows(began, time.Time{}, err)
		state.waits.fail(err)
		return err
	}
	state.waits.news(progressOf(seen)...)
	state.knows(began, time.Now().Add(ViewsReadyFor), nil)
	return nil
}

func (s *viewState) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *viewState) give() { <-s.turn }

func (s *viewState) ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.until)
}

// knows keeps what a look that began then has found.
func (s *viewState) knows(began, until time.Time, found error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked, s.until, s.found = began, until, found
}

// since returns what a look has found that began after a time, or what still holds, if there is any.
func (s *viewState) since(came time.Time) (told bool, found error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looked.After(came) || time.Now().Before(s.until), s.found
}
