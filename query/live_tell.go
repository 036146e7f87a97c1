package query

import (
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

// tells returns the type of the message that a change is to the client, "" for none.
func (l *live) tells(c *change) (string, error) {
	switch {
	case l.resyncs(c):
		return Resync, nil
	case c.Entity != l.watch.Entity.Name || c.Kind == feed.Resync || l.watch.ID != "" && c.ID != l.watch.ID:
		return "", nil
	}
	version, shown := l.shown[c.ID]
	if shown && (c.Kind == feed.Changed || l.watch.Entity.View != nil) && c.Version <= version {
		return "", nil
	}
	if c.early && (!shown || c.after.Version > version) { // that event brings the copies too, unless the snapshot did before it
		return "", nil
	}
	if l.sub.exact {
		return l.keep(c)
	}
	return l.sub.classify(c), nil
}

func (l *live) resyncs(c *change) bool {
	return c.Kind == feed.Gap || c.Kind == feed.Resync && c.Entity == l.watch.Entity.Name
}

// keep tells what a change is to a list whose filter names copies, or to a view, by what the client has: what the copies, or the view, were when it was told last, no
// entry knows.
func (l *live) keep(c *change) (string, error) {
	if c.Kind == feed.Copied && c.after == nil && l.watch.Entity.View == nil {
		return "", nil // it is gone: its own event tells
	}
	_, was := l.held[c.ID]
	is := c.after != nil && documents.Match(l.watch.Filter, c.after)
	switch {
	case is && !was:
		if len(l.held) >= MaxNodes {
			return "", errTooMuch
		}
		l.held[c.ID] = struct{}{}
	case was && !is:
		delete(l.held, c.ID)
	}
	return kindOf(was, is, c), nil
}

// wants reports whether a change may be news to a list. One that keeps what its client has decides later.
func (s *subscription) wants(c *change) bool { return s.exact || s.classify(c) != "" }

// classify tells what a change is to this subscription, "" for nothing, going by the change alone: own fields before it are known exactly. It is not for lists
// whose filter names copies, see live.keep.
func (s *subscription) classify(c *change) string {
	is := c.after != nil && (s.id != "" || documents.Match(s.filter, c.after))
	if c.Kind == feed.Copied { // no own field changed: it is as much in the list as before
		if is {
			return Updated
		}
		return ""
	}
	was := c.before != nil && (s.id != "" || documents.Match(s.filter, c.before))
	return kindOf(was, is, c)
}

func kindOf(was, is bool, c *change) string {
	switch {
	case was && is:
		return Updated
	case is:
		return Entered
	case was && c.after == nil: // of copies, only those of views come here
		return Deleted
	case was:
		return Left
	}
	return ""
}

// namesCopies reports whether a filter depends on copied fields.
func namesCopies(e *schema.Entity, f documents.Filter) bool {
	return documents.Any(f, func(f documents.Filter) bool {
		of := e.Field(documents.FieldOf(f))
		return of != nil && of.Copy != nil
	})
}
