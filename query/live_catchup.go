package query

import (
	"context"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
)

// await waits until the follower has read all that a token has seen: one of a process that is ahead of this one. Else the client would be told again what it knows.
// It does not wait for what the feed doesn't have either: that is a token of another history, which catchUp notices.
func (e *Engine) await(ctx context.Context, token feed.Cursor) error {
	for {
		at, moved := e.hub.at()
		if includes(at, token) {
			return nil
		}
		tail, err := e.cfg.Feed.Tail(ctx)
		if err != nil || !includes(tail, token) {
			return err
		}
		select {
		case <-moved:
		case <-time.After(followWait): // the feed may have lost its tail
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// includes reports whether who is at a cursor has seen all that the token has. The links tell only whether the newest entries of both are the same.
func includes(at, token feed.Cursor) bool {
	if at.Epoch != token.Epoch {
		return false
	}
	for p, m := range token.At {
		if a := at.At[p]; m.Offset > a.Offset || m.Offset == a.Offset && m.Link != a.Link {
			return false
		}
	}
	return true
}

// catchUp delivers what the feed has between a token and where the follower was when the subscription began; from there on the queue has it.
func (l *live) catchUp(ctx context.Context, from feed.Cursor) error {
	until := l.cursor
	if !includes(until, from) { // of another history of the feed, or of a snapshot that was not complete
		return l.send(ctx, Change{Type: Resync, Token: until.String()})
	}
	l.cursor = from.Clone()
	at := from.Clone()
	seen := told{}
	for at.Epoch == until.Epoch && !reached(at, until) {
		entries, err := l.engine.cfg.Feed.Read(ctx, at, followBatch, followWait)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			break // what the follower has seen is gone, which it will notice too
		}
		var mine []feed.Entry
		for _, e := range entries {
			at.Seen(e)
			if e.Kind == feed.Gap || e.Offset <= until.At[e.Partition].Offset {
				mine = append(mine, e)
			}
		}
		changes, err := l.changes(ctx, mine, seen)
		if err != nil {
			return err
		}
		if err := l.deliver(ctx, changes); err != nil {
			return err
		}
	}
	l.cursor = until
	return nil
}

func reached(at, until feed.Cursor) bool {
	for p, m := range until.At {
		if at.At[p].Offset < m.Offset {
			return false
		}
	}
	return true
}

// changes leaves out what was told before, and decodes the entries that concern the subscription.
func (l *live) changes(ctx context.Context, entries []feed.Entry, seen told) ([]*change, error) {
	mine := func(e feed.Entry) bool {
		return e.Entity == l.watch.Entity.Name && (l.watch.ID == "" || l.watch.ID == e.ID) && e.Kind != feed.Gap && e.Kind != feed.Resync
	}
	m, now := missing{}, current{}
	for _, e := range entries {
		if mine(e) && l.engine.mustLook(e) {
			m.note(e)
		}
	}
	if err := l.engine.look(ctx, m, now); err != nil {
		return nil, err
	}
	seen.expect(entries)
	out := make([]*change, 0, len(entries))
	for _, e := range entries {
		if seen.repeats(e) {
			continue
		}
		c := &change{Entry: e}
		if mine(e) {
			if err := l.engine.decode(c, now, seen); err != nil {
				c = unread(e, l.cursor.Epoch)
			}
		}
		out = append(out, c)
	}
	return out, nil
}
