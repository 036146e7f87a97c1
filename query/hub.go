package query

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/feed"
)

// hub hands what the one follower of this process reads from the feed to the subscriptions that it concerns.
type hub struct {
	mu     sync.Mutex
	cursor feed.Cursor // the follower's
	told   told
	all    map[string]map[*subscription]struct{} // by entity
	byID   map[string]map[*subscription]struct{} // by entity and id
	ready  chan struct{}                         // closed once the follower has a cursor
	moved  chan struct{}                         // closed and replaced whenever the cursor moves
}

func (h *hub) init() {
	h.told = told{}
	h.all = map[string]map[*subscription]struct{}{}
	h.byID = map[string]map[*subscription]struct{}{}
	h.ready = make(chan struct{})
	h.moved = make(chan struct{})
}

// Run follows the feed and serves waits until ctx ends. It returns nil then. It survives failures of feed and store.
func (e *Engine) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return e.serveWaits(ctx) })
	if e.cfg.Feed != nil {
		g.Go(func() error { return e.follow(ctx) })
		g.Go(func() error {
			e.listen(ctx)
			return nil
		})
	}
	return g.Wait()
}

const (
	followBatch = 1000
	followWait  = time.Second
)

func (e *Engine) follow(ctx context.Context) error {
	failing := false
	for ctx.Err() == nil {
		err := e.followOnce(ctx)
		switch {
		case err == nil:
			failing = false
			continue
		case ctx.Err() != nil || errors.Is(err, feed.ErrClosed):
			return nil //nolint:nilerr // that is how it ends
		case !failing:
			e.cfg.Logger.Warn("the feed, or a document that it tells of, can't be read: live queries are late", "error", err)
		}
		failing = true
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil
}

func (e *Engine) followOnce(ctx context.Context) error {
	h := &e.hub
	select {
	case <-h.ready:
	default:
		if err := e.join(ctx); err != nil {
			return err
		}
	}
	h.mu.Lock()
	cursor := h.cursor.Clone()
	h.mu.Unlock()
	entries, err := e.cfg.Feed.Read(ctx, cursor, followBatch, followWait)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	for now := (current{}); ; {
		missing := e.handOut(entries, now)
		if missing == nil {
			return nil
		}
		if err := e.look(ctx, missing, now); err != nil {
			return err // nothing was handed out: the entries are read again
		}
	}
}

// join begins to follow at the newest entries. Of a partition without any, it is known how far its events have been told of: a checkpoint moves after the entries
// were published, so what is beyond one that was read before is still to come.
func (e *Engine) join(ctx context.Context) error {
	checkpoints, err := e.cfg.Store.Checkpoints(ctx)
	if err != nil {
		return err
	}
	cursor, err := e.cfg.Feed.Tail(ctx)
	if err != nil {
		return err
	}
	h := &e.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cursor = cursor.Clone()
	for p, m := range cursor.At {
		if m.Offset == 0 {
			h.told[p] = checkpoints[p].Place
		}
	}
	close(h.ready)
	return nil
}

// at returns where the follower is, and a channel that is closed when it has moved on.
func (h *hub) at() (at feed.Cursor, moved <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cursor.Clone(), h.moved
}

func (h *hub) add(s *subscription) (feed.Cursor, func()) {
	index, key := h.all, s.entity.Name
	if s.id != "" {
		index, key = h.byID, s.entity.Name+":"+s.id
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if index[key] == nil {
		index[key] = map[*subscription]struct{}{}
	}
	index[key][s] = struct{}{}
	return h.cursor.Clone(), func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(index[key], s)
		if len(index[key]) == 0 {
			delete(index, key)
		}
	}
}
