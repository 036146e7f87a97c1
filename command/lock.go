package command

import (
	"context"
	"sync"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// locks lets this process work on one command per entity at a time. It is for speed only: commands that would lose the race for a
// version wait their turn instead. What is correct, the conditions of the append see to.
type locks struct {
	mu   sync.Mutex
	held map[eventlog.Ref]*lock
}

type lock struct {
	turn  chan struct{} // holds one element while nobody works
	users int
}

// acquire waits for the entity's turn and returns the function that ends it.
func (l *locks) acquire(ctx context.Context, ref eventlog.Ref) (release func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[eventlog.Ref]*lock{}
	}
	k := l.held[ref]
	if k == nil {
		k = &lock{turn: make(chan struct{}, 1)}
		k.turn <- struct{}{}
		l.held[ref] = k
	}
	k.users++
	l.mu.Unlock()

	select {
	case <-k.turn:
		return func() { k.turn <- struct{}{}; l.leave(ref, k) }, nil
	case <-ctx.Done():
		l.leave(ref, k)
		return nil, context.Cause(ctx)
	}
}

func (l *locks) leave(ref eventlog.Ref, k *lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.held, ref)
	}
}

// maxHistories is how many long histories an engine reads at once.
const maxHistories = 2

// slots are taken by who does something that few may do at once.
type slots chan struct{}

func (s slots) acquire(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s slots) release() { <-s }
