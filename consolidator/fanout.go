package consolidator

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
)

const (
	referrersPage = 500 // referrers read and recopied at once
	fanOuts       = 4   // sources of one batch whose referrers are dealt with at once
)

// origin is a source that the batch changed, so that the copies of it have to follow.
type origin struct {
	id    string
	cause position.Place
	after source
}

// fanOut brings the copies of what the batch changed up to date wherever they are, and returns the feed's entries about that: one for each
// document, or one Resync for an entity type of which too many changed.
func (b *batch) fanOut(ctx context.Context) ([]feed.Entry, error) {
	var out []feed.Entry
	for _, g := range b.groups {
		for _, l := range g.links {
			origins, err := b.referredTo(ctx, l, g.origins(l))
			if err != nil {
				return nil, err
			}
			entries, err := b.recopy(ctx, l, origins)
			if err != nil {
				return nil, err
			}
			out = append(out, entries...)
		}
	}
	return out, nil
}

// origins returns the entities of which the batch changed a field that the link copies. A deleted one counts as it last lived.
func (g *group) origins(l *link) []origin {
	var out []origin
	for _, f := range g.docs {
		s := f.lived()
		if s == nil || !f.touchedAny(l.fields) {
			continue
		}
		out = append(out, origin{id: f.ref.ID, cause: s.event.Place(), after: source{s.after.version, s.after.fields}})
	}
	return out
}

func (f *folded) touchedAny(fields []string) bool {
	for _, name := range fields {
		if f.touched[name] {
			return true
		}
	}
	return false
}

// referredTo leaves out the origins that nothing refers to: most, and one read tells.
func (b *batch) referredTo(ctx context.Context, l *link, origins []origin) ([]origin, error) {
	if len(origins) == 0 {
		return nil, nil
	}
	ids := make([]string, len(origins))
	for i := range origins {
		ids[i] = origins[i].id
	}
	counts, err := b.store.CountBy(ctx, documents.CountQuery{Entity: l.referrer.Name}, l.ref, ids)
	if err != nil {
		return nil, err
	}
	out := origins[:0]
	for _, o := range origins {
		if counts[o.id] > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}

func (b *batch) recopy(ctx context.Context, l *link, origins []origin) ([]feed.Entry, error) {
	if len(origins) == 0 {
		return nil, nil
	}
	t := &tally{limit: b.o.ResyncAbove}
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(fanOuts)
	for i := range origins {
		eg.Go(func() error { return b.recopyReferrers(ctx, l, &origins[i], t) })
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	if t.count > t.limit {
		return []feed.Entry{{Kind: feed.Resync, Cause: origins[len(origins)-1].cause, Entity: l.referrer.Name}}, nil
	}
	return t.entries, nil
}

// tally gathers the entries about the copies through one link, and none once there are more than limit.
type tally struct {
	mu      sync.Mutex
	limit   int
	count   int
	entries []feed.Entry
}

func (t *tally) add(l *link, o *origin, docs []documents.Document) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count += len(docs); t.count > t.limit {
		t.entries = nil
		return
	}
	for i := range docs {
		t.entries = append(t.entries, feed.Entry{Kind: feed.Copied, Cause: o.cause, Entity: l.referrer.Name, ID: docs[i].ID, Version: docs[i].Version})
	}
}

// recopyReferrers brings the copies of one source up to date, page by page, and tells of every document that has them from this version now, also of those that
// had them already. Whether this call changed a document says nothing about whether the feed knows: another consolidator, or this one before it crashed, may have
// changed it and not published. Nor does it cost more: what refers to a source that has just changed is out of date, but for what was written in between.
func (b *batch) recopyReferrers(ctx context.Context, l *link, o *origin, t *tally) error {
	for after := ""; ; {
		docs, err := b.store.Referrers(ctx, l.referrer.Name, l.ref, o.id, o.after.version, true, after, referrersPage)
		if err != nil || len(docs) == 0 {
			return err
		}
		after = docs[len(docs)-1].ID
		var rs []documents.Recopy
		for i := range docs {
			if have := docs[i].Sources[l.ref]; have.ID != o.id || have.Version < o.after.version {
				rs = append(rs, documents.Recopy{ID: docs[i].ID, Copies: l.copies(o.id, o.after)})
			}
		}
		if len(rs) > 0 {
			if _, err := b.store.Recopy(ctx, l.referrer.Name, rs); err != nil {
				return err
			}
		}
		t.add(l, o, docs)
	}
}
