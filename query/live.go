package query

import (
	"context"
	"sync"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

// The types of changes.
const (
	Snapshot = "SNAPSHOT" // it matched when the subscription began
	Live     = "LIVE"     // the snapshot is complete
	Entered  = "ENTERED"
	Updated  = "UPDATED"
	Left     = "LEFT"
	Deleted  = "DELETED"
	Resync   = "RESYNC" // changes were missed: read again
)

// Change is one message of a live query.
type Change struct {
	Type  string
	ID    string      // "" for Live, and for a Resync of everything
	Node  *Node       // as the change left it; nil where nothing is left
	Event *feed.Event // nil for a copy that changed, and in views
	Token string      // where to resume
	Err   error       // the subscription ends with it
}

// Watch is what a live query asks for.
type Watch struct {
	Entity   *schema.Entity
	ID       string           // "" for a list
	Filter   documents.Filter // of a list
	Snapshot bool             // begin with what matches now
	Token    string           // resume where the token was given; "" begins now
	Node     *Selection
}

// subscription is one live query at work. The hub pushes, its own goroutine takes.
type subscription struct {
	entity *schema.Entity
	id     string
	filter documents.Filter
	exact  bool // entries can't tell what matched before: it depends on copies, or is a view. It is kept which documents the client has, see live.held

	mu    sync.Mutex
	queue []*change
	limit int
	wake  chan struct{}
}

// push queues a change. To one that is too slow everything it has not taken becomes a gap: it resyncs, and costs others nothing.
func (s *subscription) push(c *change) {
	s.mu.Lock()
	if len(s.queue) >= s.limit {
		s.queue = append(s.queue[:0], &change{Entry: feed.Entry{Kind: feed.Gap, Partition: -1}})
	} else {
		s.queue = append(s.queue, c)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscription) take() []*change {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.queue
	s.queue = nil
	return out
}

// Watch begins a live query. Its filter asks what refs lead to only by copies. One whose filter names copies can't be resumed, nor one of a view, nor one whose snapshot was not complete: it begins with a Resync then. The channel is
// closed when ctx ends or after a Change with Err. The receiver may be slow: it is told to resync then.
func (e *Engine) Watch(ctx context.Context, w Watch) (<-chan Change, error) {
	if e.cfg.Feed == nil {
		return nil, &Error{"NOT_SERVED", "this process has no feed to follow"}
	}
	var err error
	if w.Filter, err = (&resolver{moment: e.now(), noLooks: true}).resolve(ctx, w.Entity, w.Filter); err != nil {
		return nil, err
	}
	var resume *feed.Cursor
	if w.Token != "" {
		c, err := feed.ParseCursor(w.Token)
		if err != nil {
			return nil, invalid("token: %v", err)
		}
		resume = &c
	}
	if err := e.readable(ctx, e.now(), w.Entity); err != nil {
		return nil, err
	}
	exact := w.Entity.View != nil || namesCopies(w.Entity, w.Filter)
	if w.ID == "" && (w.Snapshot || exact) { // the list is read, at once and whenever there were changes
		if err := e.allow(ctx, scan{entity: w.Entity, filter: w.Filter, rows: true}); err != nil {
			return nil, err
		}
	}
	select {
	case <-e.hub.ready:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if resume != nil {
		if err := e.await(ctx, *resume); err != nil {
			return nil, err
		}
	}
	s := &subscription{entity: w.Entity, id: w.ID, filter: w.Filter, exact: exact, limit: e.cfg.Buffer, wake: make(chan struct{}, 1)}
	out := make(chan Change)
	cursor, remove := e.hub.add(s)
	l := &live{engine: e, watch: w, sub: s, out: out, cursor: cursor, portion: portionOf(w.Node)}
	go func() {
		defer close(out)
		defer remove()
		if err := l.run(unbounded(ctx), resume); err != nil && ctx.Err() == nil {
			_ = l.send(ctx, Change{Err: err}) // who is gone needs no error
		}
	}()
	return out, nil
}
