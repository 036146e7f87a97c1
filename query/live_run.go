package query

import (
	"context"
	"errors"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
)

// live runs one subscription.
type live struct {
	engine *Engine
	watch  Watch
	sub    *subscription
	out    chan<- Change
	cursor feed.Cursor      // up to where the client has been told
	shown  map[string]int64 // versions in the snapshot: changes at or below them are old news
}

var errGone = errors.New("the subscriber is gone")

func (l *live) send(ctx context.Context, c Change) error {
	select {
	case l.out <- c:
		return nil
	case <-ctx.Done():
		return errGone
	}
}

func (l *live) run(ctx context.Context, resume *feed.Cursor) error {
	if resume != nil {
		if err := l.catchUp(ctx, *resume); err != nil {
			return err
		}
	}
	if l.watch.Snapshot && resume == nil {
		if err := l.snapshot(ctx); err != nil {
			return err
		}
	}
	for {
		if err := l.deliver(ctx, l.sub.take()); err != nil {
			return err
		}
		select {
		case <-l.sub.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// catchUp delivers what the feed has between a token and where the follower was when the subscription began; from there on the queue has it.
func (l *live) catchUp(ctx context.Context, from feed.Cursor) error {
	until := l.cursor
	l.cursor = from.Clone()
	at := from.Clone()
	for !reached(at, until) {
		entries, err := l.engine.cfg.Feed.Read(ctx, at, followBatch, followWait)
		if err != nil {
			return err
		}
		if len(entries) == 0 && at.Epoch == until.Epoch {
			break // what the follower has seen is gone
		}
		var changes []*change
		for _, e := range entries {
			at.Seen(e)
			if e.Kind != feed.Gap && e.Offset > until.At[e.Partition].Offset {
				continue
			}
			changes = append(changes, l.change(e))
		}
		if err := l.deliver(ctx, changes); err != nil {
			return err
		}
	}
	l.cursor = until
	return nil
}

func reached(at, until feed.Cursor) bool {
	if at.Epoch != until.Epoch {
		return false
	}
	for p, m := range until.At {
		if at.At[p].Offset < m.Offset {
			return false
		}
	}
	return true
}

// change decodes an entry if it concerns the subscription.
func (l *live) change(e feed.Entry) *change {
	c := &change{Entry: e}
	mine := e.Entity == l.watch.Entity.Name && (l.watch.ID == "" || l.watch.ID == e.ID)
	if !mine || e.Kind == feed.Gap || e.Kind == feed.Resync {
		return c
	}
	if err := l.engine.decode(c); err != nil {
		return &change{Entry: feed.Entry{Kind: feed.Gap, Partition: e.Partition, Offset: e.Offset, Link: e.Link, Epoch: l.cursor.Epoch}}
	}
	return c
}

// snapshot delivers what matches now, then LIVE.
func (l *live) snapshot(ctx context.Context) error {
	l.shown = map[string]int64{}
	token := l.cursor.String()
	filter := l.watch.Filter
	if l.watch.ID != "" {
		filter = documents.Compare{Field: documents.FieldID, Op: documents.Eq, Value: l.watch.ID}
	}
	size := MaxPage
	args := ListArgs{Filter: filter, First: &size}
	for len(l.shown) < MaxNodes {
		page, err := l.engine.List(ctx, l.watch.Entity, args, Connection{Node: l.watch.Node})
		if err != nil {
			return err
		}
		for _, n := range page.Nodes {
			l.shown[n.ID] = n.Version
			if err := l.send(ctx, Change{Type: Snapshot, ID: n.ID, Node: n, Token: token}); err != nil {
				return err
			}
		}
		if !page.HasNext {
			return l.send(ctx, Change{Type: Live, Token: token})
		}
		args.After = page.Cursors[len(page.Cursors)-1]
	}
	return &Error{"TOO_MUCH", "the snapshot has more than 20,000 entities: subscribe with a narrower filter, or without a snapshot"}
}

// deliver sends what of a batch concerns the client, with its relations loaded for the whole batch at once.
func (l *live) deliver(ctx context.Context, batch []*change) error {
	var docs []documents.Document
	var with []*change
	for _, c := range batch {
		if c.after != nil && l.tells(c) != "" {
			docs = append(docs, *c.after)
			with = append(with, c)
		}
	}
	nodes, err := l.engine.expand(ctx, l.watch.Entity, l.watch.Node, docs)
	if err != nil {
		return err
	}
	node := make(map[*change]*Node, len(nodes))
	for i, c := range with {
		node[c] = nodes[i]
	}
	for i, c := range batch {
		kind := l.tells(c)
		if c.Partition >= 0 {
			l.cursor.Seen(c.Entry)
		} else {
			l.cursor = l.engine.hub.at()
		}
		if kind == "" || kind == Resync && i+1 < len(batch) && l.tells(batch[i+1]) == Resync { // several in a row are one
			continue
		}
		m := Change{Type: kind, Node: node[c], Event: c.Event, Token: l.cursor.String()}
		if kind != Resync {
			m.ID = c.ID
		}
		if err := l.send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// tells returns the type of the message that a change is to the client, "" for none.
func (l *live) tells(c *change) string {
	switch {
	case c.Kind == feed.Gap:
		return Resync
	case c.Entity != l.watch.Entity.Name:
		return ""
	case c.Kind == feed.Resync:
		return Resync
	case l.watch.ID != "" && c.ID != l.watch.ID:
		return ""
	}
	if version, ok := l.shown[c.ID]; ok && c.Kind == feed.Changed && c.Version <= version {
		return ""
	}
	return l.sub.classify(c)
}

func (h *hub) at() feed.Cursor {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cursor.Clone()
}
