package consolidator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

// changedEntries returns the feed's entries about the batch's events, one for each, in order. Before and after are folded from versions, so that they come
// out the same whenever they are published again; copies are as their sources are now.
func (b *batch) changedEntries(ctx context.Context) ([]feed.Entry, error) {
	found, err := b.sourcesToShow(ctx)
	if err != nil {
		return nil, err
	}
	bySeq := make(map[uint64]feed.Entry, len(b.events))
	for _, g := range b.groups {
		for _, f := range g.docs {
			if err := b.changed(g.plan, f, found, bySeq); err != nil {
				return nil, fmt.Errorf("%s for the feed: %w", f.ref, err)
			}
		}
	}
	out := make([]feed.Entry, len(b.events))
	for i := range b.events {
		out[i] = bySeq[b.events[i].Seq]
	}
	return out, nil
}

// changed makes the entries about one entity.
func (b *batch) changed(p *plan, f *folded, found sources, out map[uint64]feed.Entry) error {
	before, err := b.stateSnapshot(p, f.before, found)
	if err != nil {
		return err
	}
	for _, s := range f.steps {
		after, err := b.stateSnapshot(p, s.after, found)
		if err != nil {
			return err
		}
		e := s.event
		out[e.Seq] = feed.Entry{
			Kind: feed.Changed, Cause: e.Place(), Entity: e.Entity, ID: e.ID, Version: e.Version, Before: before, After: after,
			Event: &feed.Event{Name: e.Name, From: e.From, To: e.To, Version: e.Version, CommandID: e.CommandID, Actor: e.Actor, At: e.At},
		}
		before = after
	}
	return nil
}

// stateSnapshot is nil for an entity that isn't there.
func (b *batch) stateSnapshot(p *plan, s *state, found sources) (json.RawMessage, error) {
	if s == nil || s.deleted {
		return nil, nil
	}
	fields := s.fields
	if len(p.refs) > 0 {
		fields = maps.Clone(fields)
		for _, l := range p.refs {
			if id, ok := fields[l.ref].(string); ok {
				l.setCopies(fields, found[eventlog.Ref{Entity: l.source, ID: id}])
			}
		}
	}
	return b.snapshot(p, s.version, s.createdAt, s.updatedAt, fields)
}

func (b *batch) snapshot(p *plan, version int64, created, updated time.Time, fields schema.Record) (json.RawMessage, error) {
	raw, err := b.model.EncodeRecord(p.stored, fields)
	if err != nil {
		return nil, err
	}
	return json.Marshal(feed.Snapshot{Version: version, CreatedAt: created, UpdatedAt: updated, Fields: raw})
}

// sourcesToShow returns the sources of all the refs that the batch's entities had before or in it.
func (b *batch) sourcesToShow(ctx context.Context) (sources, error) {
	found := sources{}
	var refs []eventlog.Ref
	seen := map[eventlog.Ref]bool{}
	note := func(l *link, s *state) {
		if s == nil {
			return
		}
		id, ok := s.fields[l.ref].(string)
		ref := eventlog.Ref{Entity: l.source, ID: id}
		if ok && !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	for _, g := range b.groups {
		for _, l := range g.refs {
			for _, f := range g.docs {
				note(l, f.before)
				for _, s := range f.steps {
					note(l, s.after)
				}
			}
		}
	}
	maps.Copy(found, b.fresh)
	missing := b.local(absent(refs, found), found)
	return found, b.load(ctx, missing, found)
}
