package consolidator

import (
	"context"
	"maps"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

const (
	referrersPage = 500 // referrers read and recopied at once
	fanOuts       = 4   // sources of one batch whose referrers are dealt with at once
)

// origin is a source that the batch changed, so that the copies of it have to follow.
type origin struct {
	id     string
	cause  position.Place
	before source // the zero source if the batch makes it
	after  source
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
		o := origin{id: f.ref.ID, cause: s.event.Place(), after: source{s.after.version, s.after.fields}}
		if f.before != nil {
			o.before = source{f.before.version, f.before.fields}
		}
		out = append(out, o)
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
	counts, err := b.store.CountBy(ctx, l.referrer.Name, nil, l.ref, ids)
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
	lists := make([][]feed.Entry, len(origins))
	counts := make([]int, len(origins))
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(fanOuts)
	for i := range origins {
		eg.Go(func() (err error) {
			lists[i], counts[i], err = b.recopyReferrers(ctx, l, &origins[i])
			return err
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	var out []feed.Entry
	total := 0
	for i := range lists {
		total += counts[i]
		out = append(out, lists[i]...)
	}
	if total > b.o.ResyncAbove {
		return []feed.Entry{{Kind: feed.Resync, Cause: origins[len(origins)-1].cause, Entity: l.referrer.Name}}, nil
	}
	return out, nil
}

// recopyReferrers brings the copies of one source up to date, page by page, and returns the entries (none beyond ResyncAbove) and how many changed.
// When recovering, copies that are up to date count too: they may never have been published.
func (b *batch) recopyReferrers(ctx context.Context, l *link, o *origin) ([]feed.Entry, int, error) {
	var entries []feed.Entry
	count := 0
	for after := ""; ; {
		docs, err := b.store.Referrers(ctx, l.referrer.Name, l.ref, o.id, o.after.version, b.recovering, after, referrersPage)
		if err != nil || len(docs) == 0 {
			return entries, count, err
		}
		after = docs[len(docs)-1].ID
		if docs, err = b.recopyPage(ctx, l, o, docs); err != nil {
			return nil, 0, err
		}
		count += len(docs)
		if count > b.o.ResyncAbove {
			entries = nil
			continue
		}
		for i := range docs {
			e, err := b.copiedEntry(l, o, &docs[i])
			if err != nil {
				return nil, 0, err
			}
			entries = append(entries, e)
		}
	}
}

// recopyPage returns the documents that the feed has to tell of.
func (b *batch) recopyPage(ctx context.Context, l *link, o *origin, docs []documents.Document) ([]documents.Document, error) {
	rs := make([]documents.Recopy, len(docs))
	for i := range docs {
		rs[i] = documents.Recopy{ID: docs[i].ID, Copies: l.copies(o.id, o.after)}
	}
	ids, err := b.store.Recopy(ctx, l.referrer.Name, rs)
	if err != nil || b.recovering {
		return docs, err
	}
	changed := make(map[string]bool, len(ids))
	for _, id := range ids {
		changed[id] = true
	}
	out := docs[:0]
	for _, d := range docs {
		if changed[d.ID] {
			out = append(out, d)
		}
	}
	return out, nil
}

// copiedEntry tells of a document whose copies followed their source. One that followed before (recovering) had the source's fields of before the batch.
func (b *batch) copiedEntry(l *link, o *origin, d *documents.Document) (feed.Entry, error) {
	before := d.Fields
	if have := d.Sources[l.ref]; have.ID == o.id && have.Version >= o.after.version {
		before = l.onto(d.Fields, o.before)
	}
	e := feed.Entry{Kind: feed.Copied, Cause: o.cause, Entity: l.referrer.Name, ID: d.ID, Version: d.Version}
	var err error
	p := b.plans[l.referrer.Name]
	if e.Before, err = b.snapshot(p, d.Version, d.CreatedAt, d.UpdatedAt, before); err != nil {
		return e, err
	}
	e.After, err = b.snapshot(p, d.Version, d.CreatedAt, d.UpdatedAt, l.onto(d.Fields, o.after))
	return e, err
}

// onto returns the fields with the copies through the link taken from the source.
func (l *link) onto(fields schema.Record, s source) schema.Record {
	out := maps.Clone(fields)
	l.setCopies(out, s)
	return out
}

func (l *link) setCopies(fields schema.Record, s source) {
	for i, name := range l.names {
		if v, ok := s.fields[l.fields[i]]; ok {
			fields[name] = v
		} else {
			delete(fields, name)
		}
	}
}
