package feed

import (
	"context"
	"sync"
	"time"
)

// slowest is how much a listener of a Memory may be behind before it misses some.
const slowest = 4096

// board hands what is posted to all who listen at that moment. The zero board is ready.
type board[T any] struct {
	mu        sync.Mutex
	listeners map[chan T]struct{}
}

func (b *board[T]) post(what T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := range b.listeners {
		select {
		case l <- what:
		default: // it is too slow
		}
	}
}

func (b *board[T]) listen(ctx context.Context, closed <-chan struct{}, ready func(), each func(T)) error {
	l := make(chan T, slowest)
	b.mu.Lock()
	if b.listeners == nil {
		b.listeners = map[chan T]struct{}{}
	}
	b.listeners[l] = struct{}{}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners, l)
	}()
	ready()
	for {
		select {
		case what := <-l:
			each(what)
		case <-ctx.Done():
			return nil
		case <-closed:
			return ErrClosed
		}
	}
}

// Announce implements Feed.
func (m *Memory) Announce(ctx context.Context, p Progress) error {
	if err := m.Ping(ctx); err != nil {
		return err
	}
	m.progress.post(p)
	return nil
}

// Listen implements Feed.
func (m *Memory) Listen(ctx context.Context, ready func(), each func(Progress)) error {
	return m.progress.listen(ctx, m.closed, ready, each)
}

// Ask implements Feed.
func (m *Memory) Ask(ctx context.Context, past time.Time) error {
	if err := m.Ping(ctx); err != nil {
		return err
	}
	m.asked.post(past)
	return nil
}

// Asked implements Feed.
func (m *Memory) Asked(ctx context.Context, ready func(), each func(past time.Time)) error {
	return m.asked.listen(ctx, m.closed, ready, each)
}
