package consolidator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
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
			Event: &feed.Event{
				Name: e.Name, From: e.From, To: e.To, Version: e.Version, CommandID: e.CommandID,
				Actor: e.Actor, CorrelationID: e.CorrelationID, CausationID: e.CausationID, At: e.At,
			},
		}
		before = after
	}
	return nil
}

// stateSnapshot is nil for an entity that isn't there. Own fields are as the log has them: nothing is encoded again.
func (b *batch) stateSnapshot(p *plan, s *state, found sources) (json.RawMessage, error) {
	if s == nil || s.deleted {
		return nil, nil
	}
	w := beginSnapshot(s.version, s.createdAt, s.updatedAt)
	for i, f := range p.stored {
		raw := s.raws[i]
		if f.Copy != nil {
			v := found.copied(p.linkOf(f.Copy.Via), f, s)
			if v == nil {
				continue
			}
			var err error
			if raw, err = b.model.EncodeStored(f.Type, v); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		w.field(f.Name, raw)
	}
	return w.end(), nil
}

// copied returns the value of a copy: the field of the source that the ref leads to, nil if there is none.
func (found sources) copied(l *link, f *schema.Field, s *state) any {
	id, ok := s.fields[l.ref].(string)
	if !ok {
		return nil
	}
	return found[eventlog.Ref{Entity: l.source, ID: id}].fields[f.Copy.Field]
}

// snapshotWriter writes the JSON of a feed.Snapshot around values that are JSON already.
type snapshotWriter struct {
	b     []byte
	empty int // length without any field
}

func beginSnapshot(version int64, created, updated time.Time) *snapshotWriter {
	b := strconv.AppendInt(append(make([]byte, 0, 512), `{"version":`...), version, 10)
	b = created.UTC().AppendFormat(append(b, `,"createdAt":"`...), time.RFC3339Nano)
	b = updated.UTC().AppendFormat(append(b, `","updatedAt":"`...), time.RFC3339Nano)
	b = append(b, `","fields":{`...)
	return &snapshotWriter{b, len(b)}
}

// field adds a field, unless it is null.
func (w *snapshotWriter) field(name string, raw json.RawMessage) {
	if raw == nil {
		return
	}
	if len(w.b) > w.empty {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
	w.b = append(w.b, raw...)
}

func (w *snapshotWriter) end() json.RawMessage { return append(w.b, '}', '}') }

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
