package entry

import (
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
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

// History checks that entries, newest first, are the whole life of ref up to place's event, and returns their events oldest first.
func History(ref eventlog.Ref, partition int, at uint64, entries []Entry) ([]eventlog.Event, error) {
	broken := func(format string, args ...any) error {
		return &eventlog.BrokenError{Partition: partition, After: at, Reason: fmt.Sprintf(format, args...)}
	}
	events := make([]eventlog.Event, len(entries))
	next := at
	for i := range entries {
		ev, err := entries[i].Event()
		if err != nil {
			return nil, broken("%v", err)
		}
		if ev.Ref() != ref && i == 0 {
			return nil, fmt.Errorf("%w: event %d of partition %d is of %s, not of %s", eventlog.ErrInvalid, at, partition, ev.Ref(), ref)
		}
		if ev.Ref() != ref || ev.Seq != next || ev.Version != int64(len(entries)-i) {
			return nil, broken("the history of %s is broken at event %d", ref, ev.Seq)
		}
		next = entries[i].Back
		events[len(entries)-1-i] = ev
	}
	if len(entries) == 0 || next != 0 {
		return nil, broken("event %d in the history of %s is gone", next, ref)
	}
	return events, nil
}
