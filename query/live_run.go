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
	cursor feed.Cursor         // up to where the client has been told
	shown  map[string]int64    // versions in the snapshot: changes at or below them are old news
	held   map[string]struct{} // of an exact subscription: what the client has
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
	if err := l.begin(ctx, resume); err != nil {
		return err
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

// begin brings the client to where the queue goes on.
func (l *live) begin(ctx context.Context, resume *feed.Cursor) error {
	switch {
	case l.sub.exact && (resume != nil || !l.watch.Snapshot):
		if err := l.hold(ctx); err != nil || resume == nil {
			return err
		}
		return l.send(ctx, Change{Type: Resync, Token: l.cursor.String()}) // what it had at the token, nobody knows
	case resume != nil:
		return l.catchUp(ctx, *resume)
	case l.watch.Snapshot:
		return l.snapshot(ctx)
	}
	return nil
}

// unfinished is the token until the snapshot is complete. No feed has its epoch: who comes back with it is told to resync, for nobody knows what it got.
var unfinished = feed.Cursor{}.String()

// snapshot delivers what matches now, then LIVE.
func (l *live) snapshot(ctx context.Context) error {
	l.shown = map[string]int64{}
	l.held = map[string]struct{}{}
	err := l.list(ctx, l.watch.Node, func(n *Node) error {
		l.shown[n.ID] = n.Version
		if l.sub.exact {
			l.held[n.ID] = struct{}{}
		}
		return l.send(ctx, Change{Type: Snapshot, ID: n.ID, Node: n, Token: unfinished})
	})
	if err != nil {
		return err
	}
	return l.send(ctx, Change{Type: Live, Token: l.cursor.String()})
}

// hold notes what matches now: what a client has that reads now.
func (l *live) hold(ctx context.Context) error {
	l.held = map[string]struct{}{}
	return l.list(ctx, &Selection{}, func(n *Node) error {
		l.held[n.ID] = struct{}{}
		return nil
	})
}

var errTooMuch = &Error{"TOO_MUCH", "the snapshot has more than 20,000 entities: subscribe with a narrower filter, or without a snapshot"}

// list reads what the subscription matches now.
func (l *live) list(ctx context.Context, node *Selection, each func(*Node) error) error {
	filter := l.watch.Filter
	if l.watch.ID != "" {
		filter = documents.Compare{Field: documents.FieldID, Op: documents.Eq, Value: l.watch.ID}
	}
	size := MaxPage
	args := ListArgs{Filter: filter, First: &size}
	for n := 0; n < MaxNodes; n += size {
		page, err := l.engine.List(ctx, l.watch.Entity, args, Connection{Node: node})
		if err != nil {
			return err
		}
		for _, n := range page.Nodes {
			if err := each(n); err != nil {
				return err
			}
		}
		if !page.HasNext {
			return nil
		}
		args.After = page.Cursors[len(page.Cursors)-1]
	}
	return errTooMuch
}

// deliver sends what of a batch concerns the client, with its relations loaded for the whole batch at once.
func (l *live) deliver(ctx context.Context, batch []*change) error {
	kinds := make([]string, len(batch))
	var docs []documents.Document
	var with []int
	for i, c := range batch {
		var err error
		if kinds[i], err = l.tells(c); err != nil {
			return err
		}
		if again := i+1 < len(batch) && l.resyncs(batch[i+1]); kinds[i] == Resync && again {
			kinds[i] = "" // several in a row are one
		} else if kinds[i] == Resync && l.sub.exact {
			if err := l.hold(ctx); err != nil { // before it is told: what the client reads then is at least as new
				return err
			}
		}
		if c.after != nil && kinds[i] != "" {
			docs = append(docs, *c.after)
			with = append(with, i)
		}
	}
	expanded, err := l.engine.expand(ctx, l.watch.Entity, l.watch.Node, docs)
	if err != nil {
		return err
	}
	nodes := make([]*Node, len(batch))
	for i, at := range with {
		nodes[at] = expanded[i]
	}
	for i, c := range batch {
		if c.Partition >= 0 {
			l.cursor.Seen(c.Entry)
		} else {
			l.cursor, _ = l.engine.hub.at()
		}
		if kinds[i] == "" {
			continue
		}
		m := Change{Type: kinds[i], Node: nodes[i], Event: c.Event, Token: l.cursor.String()}
		if kinds[i] != Resync {
			m.ID = c.ID
		}
		if err := l.send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}
