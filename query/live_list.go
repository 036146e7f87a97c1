package query

import (
	"context"
	"errors"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
)

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

// holdPause is how long a subscription waits at least before it reads again what its client has.
const holdPause = time.Second

// hold notes what matches now: what a client has that reads now.
func (l *live) hold(ctx context.Context) error {
	select {
	case <-time.After(time.Until(l.rests)):
	case <-ctx.Done():
		return errGone
	}
	l.held = map[string]struct{}{}
	err := l.list(ctx, &Selection{}, func(n *Node) error {
		l.held[n.ID] = struct{}{}
		return nil
	})
	l.rests = time.Now().Add(holdPause)
	return err
}

var errTooMuch = &Error{"TOO_MUCH", "the snapshot has more than 20,000 entities: subscribe with a narrower filter, or without a snapshot"}

// list reads what the subscription matches now.
func (l *live) list(ctx context.Context, node *Selection, each func(*Node) error) error {
	filter := l.watch.Filter
	if l.watch.ID != "" {
		filter = documents.Compare{Field: documents.FieldID, Op: documents.Eq, Value: l.watch.ID}
	}
	args := ListArgs{Filter: filter}
	rows := portionOf(node)
	for n := 0; n < MaxNodes; {
		size := min(rows.size, MaxNodes-n)
		args.First = &size
		page, err := l.engine.List(ctx, l.watch.Entity, args, Connection{Node: node})
		if rows.less(size, err) {
			continue
		}
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
		n += len(page.Nodes)
		args.After = page.Cursors[len(page.Cursors)-1]
		rows.more()
	}
	return errTooMuch
}

// portion is how many documents are loaded at once with what is selected below them: MaxNodes bounds a read, and only the data tells how much that is.
type portion struct{ size int }

func portionOf(s *Selection) portion {
	if len(s.Refs)+len(s.Objects)+len(s.Lists) > 0 {
		return portion{100} // each may have many: what is too much has been read by the time that is known
	}
	return portion{MaxPage}
}

// less reports whether n documents that were too much are to be tried again as fewer. One that is too much by itself is an error.
func (p *portion) less(n int, err error) bool {
	if n <= 1 || !errors.Is(err, errManyNodes) {
		return false
	}
	p.size = n / 2
	return true
}

// more is for a portion that was not too much. It grows slowly, so that few are tried in vain.
func (p *portion) more() { p.size = min(p.size+p.size/8+1, MaxPage) }
