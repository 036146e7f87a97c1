package consolidator

import (
	"context"
	"errors"
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
	looked  time.Time // when it was last looked whether views are complete
}

const (
	completeEvery = time.Second // how often a partition looks whether views are complete that were not
	completeAgain = time.Minute // and how often whether those still are that were: a process that found one far behind may have withdrawn it, and died
)

// lateView is a view that has not taken in all that is consolidated.
type lateView struct {
	*view
	at      documents.Checkpoint // zero before the first event
	err     error                // why it doesn't come nearer, nil if it does
	retry   time.Time            // when it is tried again, after a failure
	backoff backoff
}

// leave puts a view that can't take in an event behind, so that all else goes on, and reports whether it is that of which err tells.
func (p *partition) leave(err error) bool {
	var stuck *viewError
	if !errors.As(err, &stuck) {
		return false
	}
	i := slices.IndexFunc(p.views.current, func(v *view) bool { return v.entity.Name == stuck.view })
	if i < 0 {
		return false
	}
	p.views.behind = append(p.views.behind, &lateView{view: p.views.current[i], at: p.at})
	p.views.current = slices.Delete(p.views.current, i, i+1)
	return true
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
		p.views.behind = append(p.views.behind, &lateView{view: v, at: at})
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
	if len(p.views.furthest()) > 0 {
		return 0
	}
	return p.c.o.Wait
}

// catchUp brings the views that are furthest behind forward by one batch. If that fails, only they wait; if one of them is to blame, only that.
func (p *partition) catchUp(ctx context.Context) error {
	late := p.views.furthest()
	if len(late) == 0 {
		return p.complete(ctx)
	}
	err := p.catchUpBatch(ctx, late)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var stuck *viewError
	one := errors.As(err, &stuck)
	for _, v := range late {
		if !one || stuck.view == v.entity.Name {
			v.tried(err, &p.c.o)
		}
	}
	p.c.status.viewsFail(p.n, p.views.failure())
	if err != nil {
		return nil //nolint:nilerr // the status has it
	}
	return p.complete(ctx)
}

// tried says how a try to bring the view nearer ended. After a failure views are not tried all at the same time again: what only one of them needs may have failed.
func (v *lateView) tried(err error, o *Options) {
	if v.err = err; err == nil {
		v.backoff = 0
		return
	}
	d := v.backoff.next(o)
	if isBroken(err) {
		d = jitter(o.BrokenRetry)
	}
	v.retry = time.Now().Add(d)
}

// failure returns why views don't come nearer, nil if all do.
func (vs *viewsOfPartition) failure() error {
	for _, v := range vs.behind {
		if v.err != nil {
			return v.err
		}
	}
	return nil
}

func (p *partition) catchUpBatch(ctx context.Context, late []*lateView) error {
	c, at := p.c, late[0].at
	views := make([]*view, len(late))
	for i, v := range late {
		views[i] = v.view
	}
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

// furthest returns, of the views that don't wait for another try, those that are furthest behind, all of them at the same place.
func (vs *viewsOfPartition) furthest() (out []*lateView) {
	now := time.Now()
	for _, v := range vs.behind {
		switch {
		case now.Before(v.retry):
		case len(out) == 0 || v.at.Place.Before(out[0].at.Place):
			out = []*lateView{v}
		case v.at.Place == out[0].at.Place:
			out = append(out, v)
		}
	}
	return out
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
	c.announce(ctx, p.n, at, views)
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
