package query

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
)

// live runs one subscription.
type live struct {
	engine  *Engine
	watch   Watch
	sub     *subscription
	out     chan<- Change
	cursor  feed.Cursor         // up to where the client has been told
	shown   map[string]int64    // versions in the snapshot: changes at or below them are old news
	held    map[string]struct{} // of an exact subscription: what the client has
	rests   time.Time           // before that, what is held is not read again
	portion portion             // of changes
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

// deliver sends what of a batch concerns the client, with its relations loaded for many changes at once.
func (l *live) deliver(ctx context.Context, batch []*change) error {
	batch, err := l.fromResync(ctx, batch)
	if err != nil {
		return err
	}
	kinds := make([]string, len(batch))
	for i, c := range batch {
		if kinds[i], err = l.tells(c); err != nil {
			return err
		}
	}
	for len(batch) > 0 {
		n := min(l.portion.size, len(batch))
		nodes, err := l.load(ctx, batch[:n], kinds[:n])
		if l.portion.less(n, err) {
			continue
		}
		if err != nil {
			return err
		}
		for i, c := range batch[:n] {
			l.sees(c)
			if err := l.tell(ctx, c, kinds[i], nodes[i]); err != nil {
				return err
			}
		}
		batch, kinds = batch[n:], kinds[n:]
		l.portion.more()
	}
	return nil
}

// fromResync returns what a batch has from its last resync on: the client reads again then, so what came before is old news. What an exact subscription's client
// has then is read before it is told: what the client reads is at least as new. That is one read for all that was queued, and hold makes it wait: however slow a
// client is and whatever goes on, the server doesn't read all the time what that client will not keep up with.
func (l *live) fromResync(ctx context.Context, batch []*change) ([]*change, error) {
	for i := len(batch) - 1; i >= 0; i-- {
		if !l.resyncs(batch[i]) {
			continue
		}
		for _, c := range batch[:i] {
			l.sees(c)
		}
		if l.watch.Entity.View != nil {
			l.shown = nil // it may be built anew, with versions from 1 on
		}
		if l.sub.exact {
			return batch[i:], l.hold(ctx)
		}
		return batch[i:], nil
	}
	return batch, nil
}

// load returns the node of each change that is told and leaves something. What is asked of an entity's past is another for each of its versions, and a read knows one
// of them: changes of the same entity are not read together then.
func (l *live) load(ctx context.Context, batch []*change, kinds []string) ([]*Node, error) {
	apart := len(l.watch.Node.Histories)+len(l.watch.Node.Blames) > 0
	nodes := make([]*Node, len(batch))
	var docs []documents.Document
	var of []int
	read := func() error {
		loaded, err := l.engine.expand(ctx, l.engine.now(), l.watch.Entity, l.watch.Node, docs)
		if err != nil {
			return err
		}
		for i, at := range of {
			nodes[at] = loaded[i]
		}
		docs, of = nil, nil
		return nil
	}
	for i, c := range batch {
		if c.after == nil || kinds[i] == "" {
			continue
		}
		if apart && slices.ContainsFunc(docs, func(d documents.Document) bool { return d.ID == c.after.ID }) {
			if err := read(); err != nil {
				return nil, err
			}
		}
		docs = append(docs, *c.after)
		of = append(of, i)
	}
	return nodes, read()
}

// sees moves the cursor over a change.
func (l *live) sees(c *change) {
	if c.Partition >= 0 {
		l.cursor.Seen(c.Entry)
	} else {
		l.cursor, _ = l.engine.hub.at()
	}
}

func (l *live) tell(ctx context.Context, c *change, kind string, n *Node) error {
	if kind == "" {
		return nil
	}
	m := Change{Type: kind, Node: n, Event: c.Event, Token: l.cursor.String()}
	if kind != Resync {
		m.ID = c.ID
	}
	return l.send(ctx, m)
}
