package query

import (
	"context"

	"github.com/daybook-cqrs/daybook/feed"
)

// catchUp delivers what the feed has between a token and where the follower was when the subscription began; from there on the queue has it. It reads at least once,
// so that a token of another history of the feed is noticed.
func (l *live) catchUp(ctx context.Context, from feed.Cursor) error {
	until := l.cursor
	l.cursor = from.Clone()
	at := from.Clone()
	seen := told{}
	for first := true; first || !reached(at, until); first = false {
		wait := followWait
		if reached(at, until) {
			wait = 0
		}
		entries, err := l.engine.cfg.Feed.Read(ctx, at, followBatch, wait)
		if err != nil {
			return err
		}
		if len(entries) == 0 && at.Epoch == until.Epoch {
			break // what the follower has seen is gone
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
