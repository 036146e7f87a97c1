package consolidator

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/schema"
)

const (
	viewTries   = 20   // how often a document is tried again that another process was faster with
	viewsAtOnce = 4    // views of one batch that are kept at once
	viewPage    = 1000 // documents of a view read and written at once
	talliesRead = 8    // reads of tallies at once
)

// errContended is a batch that another process was faster with time and again. It comes again.
var errContended = errors.New("another consolidator keeps changing the same documents of a view")

// keepViews brings views up to the end of the batch and returns the feed's entries about that: one for each document that the batch concerns, also if it was written
// before, because the feed may not know; or one Resync for a view of which there are too many.
func (b *batch) keepViews(ctx context.Context, views []*view) ([]feed.Entry, error) {
	var mu sync.Mutex
	var out []feed.Entry
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(viewsAtOnce)
	for _, v := range views {
		eg.Go(func() error {
			entries, err := b.keepView(ctx, v)
			if stuck := (*viewError)(nil); documents.Lasting(err) && !errors.As(err, &stuck) {
				err = &viewError{v.entity.Name, "", err} // one that nothing else need wait for
			}
			mu.Lock()
			defer mu.Unlock()
			out = append(out, entries...)
			return err
		})
	}
	err := eg.Wait()
	return out, err
}

func (b *batch) keepView(ctx context.Context, v *view) ([]feed.Entry, error) {
	docs, err := b.viewDocs(v)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	give, err := v.take(ctx)
	if err != nil {
		return nil, err
	}
	defer give()
	counted, err := b.keepTallies(ctx, v, docs)
	if err != nil {
		return nil, err
	}
	k := &keeper{batch: b, view: v, counted: counted}
	for page := range slices.Chunk(docs, viewPage) {
		if err := k.write(ctx, page); err != nil {
			return nil, err
		}
	}
	if len(docs) > b.o.ResyncAbove {
		return []feed.Entry{v.resync(b.events[len(b.events)-1].Place())}, nil
	}
	return k.entries, nil
}

// keeper writes documents of one view.
type keeper struct {
	*batch
	view    *view
	counted changedTallies
	entries []feed.Entry
}

// write writes documents, each guarded by what it was computed from, until all have been.
func (k *keeper) write(ctx context.Context, docs []*viewDoc) error {
	for try := range viewTries {
		if try > 0 {
			if err := viewPause(ctx, try); err != nil {
				return err
			}
		}
		ids := make([]string, len(docs))
		for i, d := range docs {
			ids[i] = d.id
		}
		have, err := k.store.LoadView(ctx, k.view.entity.Name, ids)
		if err != nil {
			return err
		}
		var late []*viewDoc
		if late, err = k.attempt(ctx, docs, have); err != nil || len(late) == 0 {
			return err
		}
		docs = late
	}
	return errContended
}

// attempt writes documents once, and returns those that had been written by another since they were read.
func (k *keeper) attempt(ctx context.Context, docs []*viewDoc, have map[string]documents.ViewDocument) (late []*viewDoc, err error) {
	ws := make([]documents.ViewWrite, 0, len(docs))
	todo := make([]*viewDoc, 0, len(docs))
	var tallied []map[string]any
	if tallied, err = k.tallied(ctx, docs, have); err != nil {
		return nil, err
	}
	for i, d := range docs {
		was := have[d.id]
		changes := d.since(was.Seen, k.partition)
		if len(changes) == 0 {
			k.note(d, was.Version)
			continue
		}
		w := d.begin(was, k.partition, changes)
		if k.view.entity.View.Project {
			err = k.view.step(k.model, &w, was, changes)
		} else {
			err = k.view.add(&w, was, d, changes, tallied[i])
		}
		if err != nil {
			return nil, &viewError{k.view.entity.Name, d.id, err}
		}
		ws, todo = append(ws, w), append(todo, d)
	}
	if len(ws) == 0 {
		return nil, nil
	}
	done, err := k.store.WriteView(ctx, k.view.entity.Name, ws)
	if err != nil {
		return nil, err
	}
	for i, d := range todo {
		if done[i] {
			k.note(d, ws[i].Version)
		} else {
			late = append(late, d)
		}
	}
	return late, nil
}

// note keeps what the feed is told of a document.
func (k *keeper) note(d *viewDoc, version int64) {
	last := d.changes[len(d.changes)-1].event
	k.entries = append(k.entries, feed.Entry{Kind: feed.Copied, Cause: last.Place(), Entity: k.view.entity.Name, ID: d.id, Version: version})
}

// add computes a document with aggregates. One without members is a tombstone that keeps its state.
func (v *view) add(w *documents.ViewWrite, was documents.ViewDocument, d *viewDoc, changes []viewChange, tallied map[string]any) error {
	state, err := aggregate.ReadState(was.State)
	if err != nil {
		return &documents.UnreadableError{Entity: v.entity.Name, ID: d.id, Field: "_state", Err: err}
	}
	if state, err = state.With(v.entity.View, parts(changes)); err != nil {
		return err
	}
	if w.State, err = state.Text(); err != nil {
		return err
	}
	if state.Members == 0 {
		w.Deleted = true
		return nil
	}
	w.Fields = state.Fields(v.entity.View, d.of, tallied)
	return nil
}

func parts(changes []viewChange) []aggregate.Change {
	if len(changes) == 1 {
		return changes[0].parts
	}
	var out []aggregate.Change
	for i := range changes {
		out = append(out, changes[i].parts...)
	}
	return out
}

// tallied returns, for each document, the values of the fields that need tallies, as aggregate.State.Fields takes them. What it asks the tallies for it must ask after the documents
// were read: whoever changes a tally writes the document afterwards, so that if nobody does, all is seen.
func (k *keeper) tallied(ctx context.Context, docs []*viewDoc, have map[string]documents.ViewDocument) ([]map[string]any, error) {
	out := make([]map[string]any, len(docs))
	fields := aggregate.Tallied(k.view.entity.View)
	if len(fields) == 0 {
		return out, nil
	}
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(talliesRead)
	for i, d := range docs {
		was := have[d.id]
		changes := parts(d.since(was.Seen, k.partition))
		if len(changes) == 0 {
			continue
		}
		out[i] = map[string]any{}
		values := make([]any, len(fields))
		eg.Go(func() error {
			for n, f := range fields {
				var err error
				if values[n], err = k.tally(ctx, f, was, d, changes); err != nil {
					return err
				}
				if values[n] != nil {
					out[i][f.Field.Name] = values[n]
				}
			}
			return nil
		})
	}
	return out, eg.Wait()
}

// tally returns the value of one field that needs tallies.
func (k *keeper) tally(ctx context.Context, f *schema.ViewField, was documents.ViewDocument, d *viewDoc, changes []aggregate.Change) (any, error) {
	have := was.Fields[f.Field.Name]
	if f.Aggregate == schema.CountDistinct {
		if k.counted.has(d.id, f) {
			return k.countTallies(ctx, d.id, f)
		}
		return asCount(have), nil
	}
	if v, known := aggregate.Extreme(k.view.entity.View, f, have, changes); known {
		return v, nil
	}
	return k.extreme(ctx, d.id, f)
}
