package query

import (
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
)

// told remembers how far the events of each partition have been told of. Of a partition that is not in it, nobody knows.
type told map[int]position.Place

// expect is for entries that are about to be told of: the events of a partition of which nothing is known begin with the first among them.
func (t told) expect(entries []feed.Entry) {
	for _, e := range entries {
		if _, known := t[e.Partition]; !known && e.Kind == feed.Changed && e.Cause.Seq > 0 {
			t[e.Partition] = position.Place{Epoch: e.Cause.Epoch, Seq: e.Cause.Seq - 1}
		}
	}
}

// repeats reports whether an event's change was seen before: a consolidator that starts again publishes its last batch again. Copies have no
// sequence of their own, and showing one twice does no harm.
func (t told) repeats(entry feed.Entry) bool {
	if entry.Kind == feed.Gap {
		delete(t, entry.Partition)
		return false
	}
	if entry.Kind != feed.Changed {
		return false
	}
	if last, ok := t[entry.Partition]; ok && !last.Before(entry.Cause) {
		return true
	}
	t[entry.Partition] = entry.Cause
	return false
}
