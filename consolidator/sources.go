package consolidator

import (
	"context"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// source is an entity that others copy from, as it is or as it was when it last lived. The zero source is one that isn't consolidated yet.
type source struct {
	version int64
	fields  schema.Record
}

type sources map[eventlog.Ref]source

// findSources finds the sources of the refs that the batch sets. What it takes from memory may be out of date: verify sees to that. The batch is cut short before
// the first event whose source isn't consolidated yet: what comes before it need not wait, and other partitions may be waiting for just that. Only if that
// is the first event, it waits a while. Sources that aren't there then stay absent, and their own side will find who refers to them.
func (b *batch) findSources(ctx context.Context) error {
	b.found = sources{}
	for waited := false; ; { // ends: each round waits, which it does once, or makes the batch smaller
		missing := b.local(absent(b.refsSet(), b.found), b.found)
		if err := b.load(ctx, missing, b.found); err != nil {
			return err
		}
		if missing = absent(missing, b.found); len(missing) == 0 {
			return nil
		}
		first := b.firstOf(missing)
		switch {
		case first > 0:
			b.cut(first)
		case waited:
			return nil
		default:
			waited = true
			if err := b.await(ctx, missing, b.found); err != nil {
				return err
			}
		}
	}
}

// firstOf returns the index of the first event that sets a ref to one of these sources.
func (b *batch) firstOf(sources []eventlog.Ref) int {
	wanted := make(map[eventlog.Ref]bool, len(sources))
	for _, ref := range sources {
		wanted[ref] = true
	}
	first := len(b.events)
	for _, g := range b.groups {
		for _, l := range g.refs {
			for _, f := range g.docs {
				for i := range f.steps {
					id, ok := f.steps[i].after.fields[l.ref].(string)
					if at := int(f.steps[i].event.Seq - b.events[0].Seq); ok && at < first && wanted[eventlog.Ref{Entity: l.source, ID: id}] {
						first = at
					}
				}
			}
		}
	}
	return first
}

// refsSet returns the sources, each once, of the refs that the batch sets on entities that copy through them.
func (b *batch) refsSet() []eventlog.Ref {
	var out []eventlog.Ref
	seen := map[eventlog.Ref]bool{}
	for _, g := range b.groups {
		for _, l := range g.refs {
			for _, f := range g.docs {
				id, ok := f.refSet(l)
				ref := eventlog.Ref{Entity: l.source, ID: id}
				if ok && !seen[ref] {
					seen[ref] = true
					out = append(out, ref)
				}
			}
		}
	}
	return out
}

// local finds sources in this batch and in memory, and returns those that it didn't find.
func (b *batch) local(refs []eventlog.Ref, found sources) (missing []eventlog.Ref) {
	for _, ref := range refs {
		if s := b.folding(ref); s != nil {
			found[ref] = source{s.version, s.fields}
		} else if s, ok := b.states.get(ref); ok && !s.deleted {
			found[ref] = source{s.version, s.fields}
		} else {
			missing = append(missing, ref)
		}
	}
	return missing
}

// folding returns an entity that the batch changes as it last lived, nil if the batch doesn't change it.
func (b *batch) folding(ref eventlog.Ref) *state {
	for _, g := range b.groups {
		if g.entity.Name != ref.Entity {
			continue
		}
		f := g.byID[ref.ID]
		if f == nil {
			return nil
		}
		if s := f.lived(); s != nil {
			return s.after
		}
		if f.before != nil && !f.before.deleted {
			return f.before
		}
	}
	return nil
}

// load reads sources from the store, one read per entity type and one more for those that were deleted. Those that aren't there stay absent.
func (b *batch) load(ctx context.Context, refs []eventlog.Ref, found sources) error {
	ids := map[string][]string{}
	for _, ref := range refs {
		ids[ref.Entity] = append(ids[ref.Entity], ref.ID)
	}
	for entity, ids := range ids {
		docs, err := b.store.Load(ctx, entity, ids, b.plans[entity].copied)
		if err != nil {
			return err
		}
		var ended []documents.Document
		for id, d := range docs {
			if d.Deleted {
				ended = append(ended, d)
			} else {
				found[eventlog.Ref{Entity: entity, ID: id}] = source{d.Version, d.Fields}
			}
		}
		last, err := documents.LastLives(ctx, b.store, entity, ended)
		if err != nil {
			return err
		}
		for id, v := range last {
			found[eventlog.Ref{Entity: entity, ID: id}] = source{v.Version, v.State}
		}
	}
	return nil
}

func absent(refs []eventlog.Ref, found sources) []eventlog.Ref {
	var out []eventlog.Ref
	for _, ref := range refs {
		if _, ok := found[ref]; !ok {
			out = append(out, ref)
		}
	}
	return out
}

// await waits for sources that aren't consolidated yet: until they are, or their partitions have passed what the log held when they were first
// missed, or wait for something themselves (two that wait for each other would never end), or SourceWait is over.
func (b *batch) await(ctx context.Context, missing []eventlog.Ref, found sources) error {
	goals := map[int]uint64{}
	for _, ref := range missing {
		n := b.Consolidator.events.PartitionOf(ref)
		if _, ok := goals[n]; ok || n == b.partition {
			continue // its own later events can't be waited for
		}
		tail, err := b.Consolidator.events.Tail(ctx, n)
		if err != nil {
			return err
		}
		goals[n] = tail.Place.Seq
	}
	timeout := time.NewTimer(b.o.SourceWait)
	defer timeout.Stop()
	for len(missing) > 0 && len(goals) > 0 {
		moved, done := b.progress.wait(b.partition, goals)
		if moved == nil {
			return b.load(ctx, missing, found) // nothing to wait for: they may have come in the meantime
		}
		select {
		case <-moved:
			done()
		case <-timeout.C:
			done()
			return b.load(ctx, missing, found)
		case <-ctx.Done():
			done()
			return ctx.Err()
		}
		if err := b.load(ctx, missing, found); err != nil {
			return err
		}
		missing = absent(missing, found)
	}
	return nil
}
