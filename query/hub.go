package query

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// hub hands what the one follower of this process reads from the feed to the subscriptions that it concerns.
type hub struct {
	mu     sync.Mutex
	cursor feed.Cursor // the follower's
	last   map[int]position.Place
	all    map[string]map[*subscription]struct{} // by entity
	byID   map[string]map[*subscription]struct{} // by entity and id
	ready  chan struct{}                         // closed once the follower has a cursor
}

func (h *hub) init() {
	h.last = map[int]position.Place{}
	h.all = map[string]map[*subscription]struct{}{}
	h.byID = map[string]map[*subscription]struct{}{}
	h.ready = make(chan struct{})
}

// change is a decoded feed entry. It is shared by subscriptions and read-only.
type change struct {
	feed.Entry
	before, after *documents.Document
}

// Run follows the feed and serves waits until ctx ends. It returns nil then. It survives failures of feed and store.
func (e *Engine) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return e.serveWaits(ctx) })
	if e.cfg.Feed != nil {
		g.Go(func() error { return e.follow(ctx) })
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
			e.cfg.Logger.Warn("the feed can't be read: live queries are late", "error", err)
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
		cursor, err := e.cfg.Feed.Tail(ctx)
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.cursor = cursor.Clone()
		h.mu.Unlock()
		close(h.ready)
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
	e.waits.poke()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, entry := range entries {
		h.cursor.Seen(entry)
		if h.repeated(entry) {
			continue
		}
		e.dispatch(entry)
	}
	return nil
}

// repeated reports whether an event's change was seen before: a consolidator that starts again publishes its last batch again. Copies have no
// sequence of their own, and showing one twice does no harm.
func (h *hub) repeated(entry feed.Entry) bool {
	if entry.Kind == feed.Gap {
		delete(h.last, entry.Partition)
		return false
	}
	if entry.Kind != feed.Changed {
		return false
	}
	if last, ok := h.last[entry.Partition]; ok && !last.Before(entry.Cause) {
		return true
	}
	h.last[entry.Partition] = entry.Cause
	return false
}

// dispatch gives an entry to the subscriptions it concerns. The entry is decoded once, and not at all if there are none.
func (e *Engine) dispatch(entry feed.Entry) {
	h := &e.hub
	c := &change{Entry: entry}
	switch entry.Kind {
	case feed.Gap:
		for _, subs := range h.all {
			for s := range subs {
				s.push(c)
			}
		}
		for _, subs := range h.byID {
			for s := range subs {
				s.push(c)
			}
		}
		return
	case feed.Resync:
		for _, m := range []map[string]map[*subscription]struct{}{h.all, h.byID} {
			for _, subs := range m {
				for s := range subs {
					if s.entity.Name == entry.Entity {
						s.push(c)
					}
				}
			}
		}
		return
	}
	lists, ones := h.all[entry.Entity], h.byID[entry.Entity+":"+entry.ID]
	if len(lists)+len(ones) == 0 {
		return
	}
	if err := e.decode(c); err != nil {
		e.cfg.Logger.Error("a feed entry can't be read: its subscribers resync", "entity", entry.Entity, "id", entry.ID, "error", err)
		c = &change{Entry: feed.Entry{Kind: feed.Gap, Partition: entry.Partition, Offset: entry.Offset, Link: entry.Link, Epoch: h.cursor.Epoch}}
	}
	for s := range lists {
		if c.Kind == feed.Gap || s.classify(c) != "" {
			s.push(c)
		}
	}
	for s := range ones {
		s.push(c)
	}
}

func (e *Engine) decode(c *change) (err error) {
	entity := e.cfg.Model.Entity(c.Entity)
	if entity == nil {
		return errors.New("the model has no such entity")
	}
	if c.before, err = e.snapshot(entity, c.ID, c.Before); err != nil {
		return err
	}
	c.after, err = e.snapshot(entity, c.ID, c.After)
	return err
}

func (e *Engine) snapshot(entity *schema.Entity, id string, raw []byte) (*documents.Document, error) {
	s, err := feed.DecodeSnapshot(raw)
	if err != nil || s == nil {
		return nil, err
	}
	fields, err := e.cfg.Model.DecodeRecord(entity.Fields, s.Fields)
	if err != nil {
		return nil, err
	}
	return &documents.Document{ID: id, Version: s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Fields: fields}, nil
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
