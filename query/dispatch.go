package query

import (
	"errors"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

// The entries about a document with copies come from several partitions: its own events from one, what happened to the sources of its copies from others. Nothing
// orders those, so an entry can't tell the copies: what comes last may be older. The store can: everything was written before it was published. So for entities
// with copies the follower looks at the documents after it has read the entries, once per batch and entity for all subscriptions, and tells the copies as they
// are then. Whatever the order, after the last entry about a document clients have it as the store has it. Own fields come from the entry of the event: their
// order is the partition's. Views are told likewise: their documents change with events of several partitions. An entry about copies shows the document only if the event that it is from has been told of; else that event tells the copies too.

// change is a decoded feed entry. It is shared by subscriptions and read-only.
type change struct {
	feed.Entry
	before, after *documents.Document // of Copied: after only, as the store has it; none if the document is gone, which an event of its own tells
	early         bool                // of Copied: the document is from an event that has yet to be told of
}

// handOut gives the entries to the subscriptions they concern and moves the cursor, unless it has to look at documents first: then it does nothing but name them.
func (e *Engine) handOut(entries []feed.Entry, now current) missing {
	h := &e.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	m := missing{}
	for _, entry := range entries {
		if lists, ones := h.concerned(entry); len(lists)+len(ones) > 0 && e.mustLook(entry) {
			if _, there := now[entry.Entity][entry.ID]; !there {
				m.note(entry)
			}
		}
	}
	if len(m) > 0 {
		return m
	}
	h.told.expect(entries)
	for _, entry := range entries {
		h.cursor.Seen(entry)
		if !h.told.repeats(entry) {
			e.dispatch(entry, now)
		}
	}
	close(h.moved)
	h.moved = make(chan struct{})
	return nil
}

// mustLook reports whether an entry alone doesn't tell how its document is.
func (e *Engine) mustLook(entry feed.Entry) bool {
	if entry.Kind == feed.Copied && e.views.of(entry.Entity) != nil {
		return true
	}
	return e.copying[entry.Entity] != nil && (entry.Kind == feed.Copied || entry.Kind == feed.Changed && len(entry.After) > 0)
}

func (h *hub) concerned(entry feed.Entry) (lists, ones map[*subscription]struct{}) {
	return h.all[entry.Entity], h.byID[entry.Entity+":"+entry.ID]
}

// dispatch gives an entry to the subscriptions it concerns. The entry is decoded once, and not at all if there are none.
func (e *Engine) dispatch(entry feed.Entry, now current) {
	h := &e.hub
	c := &change{Entry: entry}
	if entry.Kind == feed.Gap || entry.Kind == feed.Resync {
		for _, m := range []map[string]map[*subscription]struct{}{h.all, h.byID} {
			for _, subs := range m {
				for s := range subs {
					if entry.Kind == feed.Gap || s.entity.Name == entry.Entity {
						s.push(c)
					}
				}
			}
		}
		return
	}
	lists, ones := h.concerned(entry)
	if len(lists)+len(ones) == 0 {
		return
	}
	if err := e.decode(c, now, h.told); err != nil {
		e.cfg.Logger.Error("a feed entry can't be read: its subscribers resync", "entity", entry.Entity, "id", entry.ID, "error", err)
		c = unread(entry, h.cursor.Epoch)
	}
	for s := range lists {
		if c.Kind == feed.Gap || s.wants(c) {
			s.push(c)
		}
	}
	for s := range ones {
		s.push(c)
	}
}

// unread stands for an entry that can't be read.
func unread(e feed.Entry, epoch string) *change {
	return &change{Entry: feed.Entry{Kind: feed.Gap, Partition: e.Partition, Offset: e.Offset, Link: e.Link, Epoch: epoch}}
}

// decode makes the documents of a change from its entry, and from what is in the store now. Events were told up to t.
func (e *Engine) decode(c *change, now current, t told) (err error) {
	entity := e.cfg.Model.Readable(c.Entity)
	if entity == nil {
		return errors.New("the model has no such entity or view")
	}
	found := now[c.Entity][c.ID]
	if found.err != nil {
		return found.err
	}
	d := found.doc
	if c.Kind == feed.Copied {
		c.after, c.early = d, found.early(t)
		return nil
	}
	if c.before, err = e.snapshot(entity, c.ID, c.Before); err != nil {
		return err
	}
	if c.after, err = e.snapshot(entity, c.ID, c.After); err != nil || c.after == nil || d == nil {
		return err
	}
	for _, f := range entity.Fields {
		if f.Copy == nil || c.after.Fields[f.Copy.Via] != d.Fields[f.Copy.Via] {
			continue // no copy, or the document has gone on to refer to another source: its next event is under way
		}
		if v, ok := d.Fields[f.Name]; ok {
			c.after.Fields[f.Name] = v
		} else {
			delete(c.after.Fields, f.Name)
		}
	}
	return nil
}

func (e *Engine) snapshot(entity *schema.Entity, id string, raw []byte) (*documents.Document, error) {
	s, err := feed.DecodeSnapshot(raw)
	if err != nil || s == nil {
		return nil, err
	}
	fields, err := e.cfg.Model.DecodeRecord(entity.Fields, s.Fields)
	if err != nil {
		return nil, err
	}
	return &documents.Document{ID: id, Version: s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Fields: fields}, nil
}
