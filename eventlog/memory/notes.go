package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// notes are those of one kind.
type notes struct {
	byID  map[string]eventlog.Note
	order []string // ids, the oldest first
}

// remove reports whether the note was there.
func (n *notes) remove(id string) bool {
	if _, is := n.byID[id]; !is {
		return false
	}
	delete(n.byID, id)
	i := slices.Index(n.order, id)
	n.order = slices.Delete(n.order, i, i+1)
	return true
}

// ofKind returns the notes of the kind, an empty set if there are none.
func (l *Log) ofKind(kind string) *notes {
	if n := l.notes[kind]; n != nil {
		return n
	}
	return &notes{byID: map[string]eventlog.Note{}}
}

// AddNote implements eventlog.Log.
func (l *Log) AddNote(ctx context.Context, kind string, n eventlog.Note, keep int, refuse bool) error {
	if err := errors.Join(n.Check(kind, keep), l.usable(ctx, "add a note")); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.ofKind(kind)
	if _, replaces := all.byID[n.ID]; refuse && !replaces && len(all.order) >= keep {
		return fmt.Errorf("%w: %d of %s", eventlog.ErrManyNotes, len(all.order), kind)
	}
	all.remove(n.ID)
	all.byID[n.ID] = eventlog.Note{ID: n.ID, At: l.utc().Truncate(time.Millisecond), Data: bytes.Clone(n.Data)}
	all.order = append(all.order, n.ID)
	for !refuse && len(all.order) > keep {
		all.remove(all.order[0])
	}
	l.notes[kind] = all
	return nil
}

// Notes implements eventlog.Log.
func (l *Log) Notes(ctx context.Context, p eventlog.NotePage) ([]eventlog.Note, error) {
	if err := errors.Join(p.Check(), l.usable(ctx, "notes")); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := l.ofKind(p.Kind)
	end := len(all.order)
	if p.After != "" {
		if end = slices.Index(all.order, p.After); end < 0 {
			return nil, noNote(p.Kind, p.After)
		}
	}
	out := make([]eventlog.Note, 0, min(p.Limit, end))
	for size := 0; end > 0 && len(out) < p.Limit && size < eventlog.MaxReadBytes; end-- {
		n := copyNote(all.byID[all.order[end-1]])
		out, size = append(out, n), size+len(n.Data)
	}
	return out, nil
}

// Note implements eventlog.Log.
func (l *Log) Note(ctx context.Context, kind, id string) (*eventlog.Note, error) {
	if err := errors.Join(eventlog.CheckNote(kind, id), l.usable(ctx, "note")); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	n, is := l.ofKind(kind).byID[id]
	if !is {
		return nil, noNote(kind, id)
	}
	n = copyNote(n)
	return &n, nil
}

// RemoveNote implements eventlog.Log.
func (l *Log) RemoveNote(ctx context.Context, kind, id string) (bool, error) {
	if err := errors.Join(eventlog.CheckNote(kind, id), l.usable(ctx, "remove a note")); err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ofKind(kind).remove(id), nil
}

func noNote(kind, id string) error { return fmt.Errorf("%w: %s %s", eventlog.ErrNoNote, kind, id) }

// copyNote returns what a caller may change.
func copyNote(n eventlog.Note) eventlog.Note {
	n.Data = bytes.Clone(n.Data)
	return n
}
