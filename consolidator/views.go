package consolidator

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/schema"
)

// view is one view of the model, and what keeping it needs.
type view struct {
	entity  *schema.Entity
	sources map[string]int             // by entity: the index in View.Sources
	project map[string]projection.Func // by entity; nil of a view with aggregates
	turn    chan struct{}              // held by whichever partition of this process writes it, so that they don't get in each other's way
	ready   atomic.Int64               // until then, in nanoseconds of Unix time, it counts as complete
}

func viewsOf(m *schema.Model, projections projection.Table) []*view {
	var out []*view
	for _, e := range m.Views {
		v := &view{entity: e, sources: map[string]int{}, turn: make(chan struct{}, 1)}
		for i, s := range e.View.Sources {
			v.sources[s.Entity.Name] = i
		}
		if e.View.Project {
			v.project = projections[e.Name]
		}
		out = append(out, v)
	}
	return out
}

// viewError is a view that can't take in an event, now or on another try.
type viewError struct {
	view, id string
	err      error
}

func (e *viewError) Error() string {
	of := ""
	if e.id != "" {
		of = " " + e.id
	}
	return fmt.Sprintf("the view %s%s can't be kept: %v", e.view, of, e.err)
}

func (e *viewError) Unwrap() error { return e.err }

// viewDoc is a document of a view, and what a batch of events means for it.
type viewDoc struct {
	id      string
	of      []any // the values of its group, of a view with aggregates
	changes []viewChange
}

// viewChange is what one event changes in a document of a view.
type viewChange struct {
	event *eventlog.Event
	parts []aggregate.Change // of a view with aggregates
	steps []projection.Step  // of one with a function
}

// since returns the changes that a document which has seen so much lacks.
func (d *viewDoc) since(seen position.Position, partition int) []viewChange {
	place, ok := seen.Place(partition)
	if !ok {
		return d.changes
	}
	n, _ := slices.BinarySearchFunc(d.changes, place, func(c viewChange, place position.Place) int {
		if place.Before(c.event.Place()) {
			return 1
		}
		return -1
	})
	return d.changes[n:]
}

// viewEvent is one event of an entity that a view is made of.
type viewEvent struct {
	in            *folded
	event         *eventlog.Event
	before, after *state // nil if it was not there, or is not any more
}

// viewEvents returns the batch's events of the entities that a view is made of, in order.
func (b *batch) viewEvents(v *view) []viewEvent {
	var out []viewEvent
	for _, g := range b.groups {
		if _, ok := v.sources[g.entity.Name]; !ok {
			continue
		}
		for _, f := range g.docs {
			before := there(f.before)
			for i := range f.steps {
				after := there(f.steps[i].after)
				out = append(out, viewEvent{f, f.steps[i].event, before, after})
				before = after
			}
		}
	}
	slices.SortFunc(out, func(a, b viewEvent) int {
		if a.event.Seq < b.event.Seq {
			return -1
		}
		return 1
	})
	return out
}

func there(s *state) *state {
	if s == nil || s.deleted {
		return nil
	}
	return s
}

// viewDocs returns the documents of a view that the batch concerns, in the order in which it meets them, and what it changes in each. An event that leaves what an entity gives to a
// group as it was does not concern the group.
func (b *batch) viewDocs(v *view) ([]*viewDoc, error) {
	docs := viewDocs{byID: map[string]*viewDoc{}}
	parts := map[*folded][]aggregate.Part{} // after the entity's last event so far
	for _, e := range b.viewEvents(v) {
		if v.entity.View.Project {
			if err := v.projected(&docs, e); err != nil {
				return nil, err
			}
			continue
		}
		source := v.sources[e.event.Entity]
		before, known := parts[e.in]
		if !known {
			before = aggregate.Parts(v.entity.View, source, e.event.ID, e.before.record())
		}
		after := aggregate.Parts(v.entity.View, source, e.event.ID, e.after.record())
		parts[e.in] = after
		for _, c := range aggregate.Diff(before, after) {
			change := docs.change(c.Group, c.Of, e.event)
			change.parts = append(change.parts, c)
		}
	}
	return docs.all, nil
}

// record is nil for an entity that is not there.
func (s *state) record() schema.Record {
	if s == nil {
		return nil
	}
	return s.fields
}

// viewDocs gathers what concerns documents of a view.
type viewDocs struct {
	all  []*viewDoc
	byID map[string]*viewDoc
}

// change returns what an event changes in a document, to be added to.
func (ds *viewDocs) change(id string, of []any, e *eventlog.Event) *viewChange {
	d := ds.byID[id]
	if d == nil {
		d = &viewDoc{id: id, of: of}
		ds.byID[id] = d
		ds.all = append(ds.all, d)
	}
	if n := len(d.changes); n == 0 || d.changes[n-1].event != e {
		d.changes = append(d.changes, viewChange{event: e})
	}
	return &d.changes[len(d.changes)-1]
}

// begin returns the write of a document after changes, at least one, without what it then holds.
func (d *viewDoc) begin(have documents.ViewDocument, partition int, changes []viewChange) documents.ViewWrite {
	w := documents.ViewWrite{Was: have.Seen}
	w.ID, w.Version, w.CreatedAt, w.UpdatedAt = d.id, have.Version+1, have.CreatedAt, have.UpdatedAt
	w.Seen = have.Seen.Join(position.At(partition, changes[len(changes)-1].event.Place()))
	for i := range changes { // partitions are not ordered among each other
		at := changes[i].event.At
		if have.Version == 0 && i == 0 || at.Before(w.CreatedAt) {
			w.CreatedAt = at
		}
		w.UpdatedAt = later(w.UpdatedAt, at)
	}
	return w
}

// take waits for the turn to write the view.
func (v *view) take(ctx context.Context) (give func(), err error) {
	select {
	case v.turn <- struct{}{}:
		return func() { <-v.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// resync tells whoever follows a view to read it again.
func (v *view) resync(cause position.Place) feed.Entry {
	return feed.Entry{Kind: feed.Resync, Cause: cause, Entity: v.entity.Name}
}

// viewPause waits before documents that others wrote meanwhile are tried again.
func viewPause(ctx context.Context, try int) error {
	select {
	case <-time.After(jitter(min(time.Millisecond<<try, 100*time.Millisecond))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
