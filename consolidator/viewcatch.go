package consolidator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/feed"
)

// viewsOfPartition says which views a partition keeps with what is new, and which it has to bring up to that first.
type viewsOfPartition struct {
	current []*view
	behind  []*lateView
	retry   time.Time // when those behind are tried again, after a failure
	backoff time.Duration
	looked  time.Time // when it was last looked whether views are complete
}

const (
	completeEvery = time.Second // how often a partition looks whether views are complete that were not
	completeAgain = time.Minute // and how often whether those still are that were: a process that found one far behind may have withdrawn it, and died
)

// lateView is a view that has not taken in all that is consolidated.
type lateView struct {
	*view
	at documents.Checkpoint // zero before the first event
}

// findViews looks where the views are. One that is ready is withdrawn if it is behind by more than a batch: a process with an older model did without it, for longer than while it was
// being replaced.
func (p *partition) findViews(ctx context.Context) error {
	c := p.c
	p.views = viewsOfPartition{}
	for _, v := range c.views {
		all, err := c.store.ViewCheckpoints(ctx, v.entity.Name)
		if err != nil {
			return err
		}
		at := all[p.n]
		if !at.Place.Before(p.at.Place) {
			p.views.current = append(p.views.current, v)
			continue
		}
		p.views.behind = append(p.views.behind, &lateView{v, at})
		if p.at.Place.Seq-min(at.Place.Seq, p.at.Place.Seq) > uint64(c.o.BatchSize) || at.Place.Epoch < p.at.Place.Epoch {
			v.ready.Store(0)
			if err := c.store.SetViewReady(ctx, v.entity.Name, false); err != nil {
				return err
			}
		}
	}
	return p.complete(ctx)
}

// complete looks, now and then, whether views that are up to the documents in this partition are so in all others too.
func (p *partition) complete(ctx context.Context) error {
	if time.Since(p.views.looked) < completeEvery {
		return nil
	}
	p.views.looked = time.Now()
	for _, v := range p.views.current {
		if err := p.c.completed(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// completed has the view read, once it has taken in all that is consolidated of every partition. The last of the partitions to come so far sees that all others have, unless a process without
// the view is ahead just then: so it is looked again.
func (c *Consolidator) completed(ctx context.Context, v *view) error {
	if time.Now().UnixNano() < v.ready.Load() {
		return nil
	}
	all, err := c.store.Checkpoints(ctx) // first these: the views in step are ahead of them
	if err != nil {
		return err
	}
	seen, err := c.store.ViewCheckpoints(ctx, v.entity.Name)
	if err != nil {
		return err
	}
	for n, at := range all {
		if seen[n].Place.Before(at.Place) {
			return nil
		}
	}
	if err := c.store.SetViewReady(ctx, v.entity.Name, true); err != nil {
		return err
	}
	v.ready.Store(time.Now().Add(completeAgain).UnixNano())
	return nil
}

// advanceViews moves the checkpoints of views.
func (c *Consolidator) advanceViews(ctx context.Context, partition int, views []*view, at documents.Checkpoint) error {
	if len(views) == 0 {
		return nil
	}
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.entity.Name
	}
	return c.store.AdvanceViews(ctx, partition, names, at)
}

// wait returns how long a read of new events waits: not at all while there is other work.
func (p *partition) wait() time.Duration {
	if len(p.views.behind) > 0 && time.Now().After(p.views.retry) {
		return 0
	}
	return p.c.o.Wait
}

// catchUp brings the views that are furthest behind forward by one batch. If that fails, only they wait.
func (p *partition) catchUp(ctx context.Context) error {
	if len(p.views.behind) == 0 || time.Now().Before(p.views.retry) {
		return p.complete(ctx)
	}
	err := p.catchUpBatch(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.c.status.viewsFail(p.n, err)
	if err == nil {
		p.views.backoff = 0
		return p.complete(ctx)
	}
	d := max(p.views.backoff, p.c.o.MinBackoff)
	p.views.backoff = min(2*d, p.c.o.MaxBackoff)
	if isBroken(err) {
		d = p.c.o.BrokenRetry
	}
	p.views.retry = time.Now().Add(jitter(d))
	return nil
}

func (p *partition) catchUpBatch(ctx context.Context) error {
	c := p.c
	views, at := p.views.furthest()
	events, err := c.events.Read(ctx, p.n, at.Place.Seq, at.Hash, c.o.BatchSize, 0)
	if err != nil {
		return err
	}
	for len(events) > 0 && p.at.Place.Before(events[len(events)-1].Place()) {
		events = events[:len(events)-1]
	}
	if len(events) == 0 {
		return fmt.Errorf("the log has no event between %d, where views are, and %d, where documents are", at.Place.Seq, p.at.Place.Seq)
	}
	last := &events[len(events)-1]
	b := &batch{Consolidator: c, partition: p.n, events: ofSources(events, views)}
	if asked := len(b.events); asked > 0 {
		if err := b.gather(ctx); err != nil {
			return err
		}
		if len(b.events) < asked {
			last = &b.events[len(b.events)-1]
		}
		if _, err := b.keepViews(ctx, views); err != nil {
			return err
		}
	}
	return p.caughtUp(ctx, views, documents.Checkpoint{Place: last.Place(), Hash: last.Hash})
}

// furthest returns the views that are furthest behind, all of them at the same place.
func (vs *viewsOfPartition) furthest() (out []*view, at documents.Checkpoint) {
	at = vs.behind[0].at
	for _, v := range vs.behind {
		if v.at.Place.Before(at.Place) {
			at = v.at
		}
	}
	for _, v := range vs.behind {
		if v.at.Place == at.Place {
			out = append(out, v.view)
		}
	}
	return out, at
}

// ofSources returns the events of entities that one of the views is made of. Of the others the model need not even know the entity any more.
func ofSources(events []eventlog.Event, views []*view) []eventlog.Event {
	var out []eventlog.Event
	for i := range events {
		if slices.ContainsFunc(views, func(v *view) bool { _, ok := v.sources[events[i].Entity]; return ok }) {
			out = append(out, events[i])
		}
	}
	return out
}

// caughtUp says that views have come to a place. The feed is told of it when that is where the documents are, and not before of each document: nobody may read a view that is far behind.
func (p *partition) caughtUp(ctx context.Context, views []*view, at documents.Checkpoint) error {
	c := p.c
	there := !at.Place.Before(p.at.Place)
	if there {
		var entries []feed.Entry
		for _, v := range views {
			entries = append(entries, v.resync(at.Place))
		}
		if err := c.feed.Publish(ctx, p.n, entries); err != nil {
			return err
		}
	}
	if err := c.advanceViews(ctx, p.n, views, at); err != nil {
		return err
	}
	if !there {
		for _, v := range p.views.behind {
			if slices.Contains(views, v.view) {
				v.at = at
			}
		}
		return nil
	}
	p.views.behind = slices.DeleteFunc(p.views.behind, func(v *lateView) bool { return slices.Contains(views, v.view) })
	p.views.current = append(p.views.current, views...)
	p.views.looked = time.Time{}
	return nil
}
