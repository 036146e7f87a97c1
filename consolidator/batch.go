package consolidator

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/feed"
)

// batch is some consecutive events of one partition on their way into the store.
type batch struct {
	*Consolidator
	partition int
	events    []eventlog.Event
	groups    []*group
	found     sources // those of the refs that it sets, read before the write
	fresh     sources // the same, read after the write
}

// group is what a batch holds of one entity type.
type group struct {
	*plan
	docs []*folded // by first event
	byID map[string]*folded
}

// consolidate brings the events, or those before the first that can't be folded or that another partition has to come before, into the store, and returns
// how many. So it does with the views, which have all events before them. An error means that nothing is certain: the same events must come again. It is a *poison if the
// first event can't be folded.
func (c *Consolidator) consolidate(ctx context.Context, partition int, events []eventlog.Event, views []*view) (int, error) {
	b := &batch{Consolidator: c, partition: partition, events: events}
	if err := b.gather(ctx); err != nil {
		return 0, err
	}
	for _, do := range []func(context.Context) error{b.findSources, b.archive, b.write, b.verify} {
		if err := do(ctx); err != nil {
			return 0, err
		}
	}
	copied, err := b.fanOut(ctx)
	if err != nil {
		return 0, err
	}
	kept, err := b.keepViews(ctx, views)
	if err != nil {
		return 0, err
	}
	if err := b.publish(ctx, append(copied, kept...)); err != nil {
		return 0, err
	}
	last := &b.events[len(b.events)-1]
	if err := c.advanceViews(ctx, partition, views, documents.Checkpoint{Place: last.Place(), Hash: last.Hash}); err != nil {
		return 0, err
	}
	if err := c.advance(ctx, partition, documents.Checkpoint{Place: last.Place(), Hash: last.Hash, Watermark: c.marks.after(partition, b.events)}, views); err != nil {
		return 0, err
	}
	b.remember()
	return len(b.events), nil
}

// archive inserts every version, entity types at once.
func (b *batch) archive(ctx context.Context) error {
	return b.each(ctx, func(ctx context.Context, g *group) error {
		vs := make([]documents.Version, 0, len(b.events))
		for _, f := range g.docs {
			vs = f.versions(vs)
		}
		return b.store.Archive(ctx, g.entity.Name, vs)
	})
}

// write writes the documents, with the copies that their refs call for.
func (b *batch) write(ctx context.Context) error {
	return b.each(ctx, func(ctx context.Context, g *group) error {
		ws := make([]documents.Write, 0, len(g.docs))
		for _, f := range g.docs {
			w := f.write(g.plan)
			for _, l := range g.refs {
				if id, ok := f.refSet(l); ok {
					w.Copies = append(w.Copies, l.copies(id, b.found[eventlog.Ref{Entity: l.source, ID: id}]))
				}
			}
			ws = append(ws, w)
		}
		return b.store.Write(ctx, g.entity.Name, ws)
	})
}

func (b *batch) publish(ctx context.Context, copied []feed.Entry) error {
	entries, err := b.changedEntries(ctx)
	if err != nil {
		return err
	}
	entries = append(entries, copied...)
	if len(entries) == 0 {
		return nil
	}
	return b.feed.Publish(ctx, b.partition, entries)
}

// remember keeps the states for the batches to come, once they are certain to be in the store.
func (b *batch) remember() {
	for _, g := range b.groups {
		for _, f := range g.docs {
			b.states.add(f.ref, f.last())
		}
	}
}

// each runs do for every entity type of the batch, at once.
func (b *batch) each(ctx context.Context, do func(context.Context, *group) error) error {
	if len(b.groups) == 1 {
		return do(ctx, b.groups[0])
	}
	eg, ctx := errgroup.WithContext(ctx)
	for _, g := range b.groups {
		eg.Go(func() error { return do(ctx, g) })
	}
	return eg.Wait()
}

// refSet reports which source the link's ref leads to, if this batch set the ref and the entity is alive.
func (f *folded) refSet(l *link) (string, bool) {
	if !f.touched[l.ref] || f.last().deleted {
		return "", false
	}
	id, ok := f.last().fields[l.ref].(string)
	return id, ok
}
