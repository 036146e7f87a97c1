package entry

import (
	"fmt"
	"iter"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// Follow checks that entries continue the partition from (after, prevHash), and returns their events without the anchor.
// With after > 0 the first entry must be the anchor, the one at after: reading it every time is how a consumer that is idle
// notices that the log lost its tail.
func Follow(partition int, after uint64, prevHash string, entries []Entry) ([]eventlog.Event, error) {
	broken := func(format string, args ...any) error {
		return &eventlog.BrokenError{Partition: partition, After: after, Reason: fmt.Sprintf(format, args...)}
	}
	if after == 0 && prevHash != "" {
		return nil, broken("nothing comes before the first event, but a hash was given")
	}
	if after > 0 {
		if len(entries) == 0 || entries[0].Seq != after {
			return nil, broken("the event there is gone")
		}
		if entries[0].Hash != prevHash {
			return nil, broken("the event there is another one: hash %s, not %s", entries[0].Hash, prevHash)
		}
		entries = entries[1:]
	}
	events := make([]eventlog.Event, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		if want := after + uint64(i) + 1; e.Seq != want {
			return nil, broken("event %d is missing, the next is %d", want, e.Seq)
		}
		if e.Prev != prevHash {
			return nil, broken("event %d follows another history: hash %s, not %s", e.Seq, e.Prev, prevHash)
		}
		ev, err := e.Event()
		if err != nil {
			return nil, broken("%v", err)
		}
		events = append(events, ev)
		prevHash = e.Hash
	}
	return events, nil
}

// HashAt returns the hash of the entry at a place. entries are what the log has from there on: the one that is there first.
func HashAt(partition int, at position.Place, entries []Entry) (string, error) {
	broken := func(format string, args ...any) (string, error) {
		return "", &eventlog.BrokenError{Partition: partition, After: at.Seq, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case at.Seq == 0:
		return "", nil
	case len(entries) == 0 || entries[0].Seq != at.Seq:
		return broken("there is no such event")
	case entries[0].Epoch != at.Epoch:
		return broken("the event there is of epoch %d, not %d", entries[0].Epoch, at.Epoch)
	}
	return entries[0].Hash, nil
}

// Walk follows the life of one entity backwards, entry by entry.
type Walk struct {
	ref       eventlog.Ref
	partition int
	from      uint64
	next      uint64 // sequence of the entry that has to come; 0 for none
	version   int64  // of the entry before it in the walk; 0 for none
}

// NewWalk begins a walk at the entry with sequence at.
func NewWalk(ref eventlog.Ref, partition int, at uint64) *Walk {
	return &Walk{ref: ref, partition: partition, from: at, next: at}
}

// Next returns the sequence of the entry that comes next, 0 after version 1.
func (w *Walk) Next() uint64 { return w.next }

// Broken is the error of a walk that can't go on.
func (w *Walk) Broken(format string, args ...any) error {
	return &eventlog.BrokenError{Partition: w.partition, After: w.from, Reason: fmt.Sprintf(format, args...)}
}

// Step checks that e is what comes next, and returns its event.
func (w *Walk) Step(e *Entry) (*eventlog.Event, error) {
	ev, err := e.Event()
	switch {
	case err != nil:
		return nil, w.Broken("%v", err)
	case ev.Ref() != w.ref && w.version == 0:
		return nil, fmt.Errorf("%w: event %d of partition %d is of %s, not of %s", eventlog.ErrInvalid, w.from, w.partition, ev.Ref(), w.ref)
	case ev.Ref() != w.ref, ev.Seq != w.next, w.version > 0 && ev.Version != w.version-1, e.Back >= e.Seq, (e.Back == 0) != (ev.Version == 1):
		return nil, w.Broken("the history of %s is broken at event %d", w.ref, ev.Seq)
	}
	w.next, w.version = e.Back, ev.Version
	return &ev, nil
}

// All walks to the end. fetch returns at least the entry at seq and, newest first, some of those before it that are the entity's too.
func (w *Walk) All(epoch uint64, fetch func(seq uint64) ([]Entry, error)) iter.Seq2[*eventlog.Event, error] {
	return func(yield func(*eventlog.Event, error) bool) {
		if w.next == 0 {
			yield(nil, w.Broken("there is no event 0"))
			return
		}
		for w.next > 0 { // ends: the sequence falls with every step
			entries, err := fetch(w.next)
			if err == nil && len(entries) == 0 {
				err = w.Broken("event %d in the history of %s is gone", w.next, w.ref)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range entries {
				ev, err := w.Step(&entries[i])
				if err == nil && ev.Seq == w.from && ev.Epoch != epoch {
					err = w.Broken("event %d is of epoch %d, not %d", ev.Seq, ev.Epoch, epoch)
				}
				if !yield(ev, err) || err != nil {
					return
				}
			}
		}
	}
}

// Failed is a history that could not begin.
func Failed(err error) iter.Seq2[*eventlog.Event, error] {
	return func(yield func(*eventlog.Event, error) bool) { yield(nil, err) }
}
