package export

import (
	"container/heap"
	"context"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// bufferedEvents is how many events are read ahead, all partitions together, if they are small.
const bufferedEvents = 4096

// reader reads one partition up to an end.
type reader struct {
	log       eventlog.Log
	partition int
	limit     int             // of one read
	read      eventlog.Cursor // of the last event in ahead
	passed    position.Place  // of the last event that next returned
	end       uint64
	ahead     []eventlog.Event
}

// fill makes sure that ahead has an event, unless the end is reached.
func (r *reader) fill(ctx context.Context) error {
	if len(r.ahead) > 0 || r.read.Place.Seq >= r.end {
		return nil
	}
	events, err := r.log.Read(ctx, r.partition, r.read.Place.Seq, r.read.Hash, int(min(uint64(r.limit), r.end-r.read.Place.Seq)), 0)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return fmt.Errorf("partition %d of the log ended at %d, and had %d events before", r.partition, r.read.Place.Seq, r.end)
	}
	last := events[len(events)-1]
	r.ahead, r.read = events, eventlog.Cursor{Place: last.Place(), Hash: last.Hash}
	return nil
}

// merge is the events of several partitions by time: a heap of the readers that have events ahead.
type merge struct {
	readers []*reader
	all     []*reader // by partition
	taken   bool      // the first event of the first reader was returned
	total   int64     // events from the beginning to the end
}

// newMerge begins behind q.From and ends at q.To.
func newMerge(ctx context.Context, log eventlog.Log, q *EventsQuery) (*merge, error) {
	n := log.Partitions()
	for _, p := range []position.Position{q.From, q.To} {
		if named := p.Partitions(); len(named) > 0 && named[len(named)-1] >= n {
			return nil, usage("the position names partition %d, and the log has %d: it is the position of another log", named[len(named)-1], n)
		}
	}
	m := &merge{}
	for p := range n {
		r := &reader{log: log, partition: p, limit: max(16, bufferedEvents/n)}
		if err := r.place(ctx, q); err != nil {
			return nil, err
		}
		m.all = append(m.all, r)
		if r.end > r.read.Place.Seq {
			m.total += int64(r.end - r.read.Place.Seq)
		}
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if len(r.ahead) > 0 {
			m.readers = append(m.readers, r)
		}
	}
	heap.Init(m)
	return m, nil
}

// place finds where the partition begins and ends.
func (r *reader) place(ctx context.Context, q *EventsQuery) error {
	from, _ := q.From.Place(r.partition)
	hash, err := r.log.HashAt(ctx, r.partition, from)
	if isBroken(err) {
		return usage("what was exported is not of this log, or the log lost its tail since: %v", err)
	}
	if err != nil {
		return err
	}
	if want, there := q.Hashes[r.partition]; there && want != hash {
		return usage("what was exported is not of this log, or the log went on differently since: event %d of partition %d has the hash %s, not %s", from.Seq, r.partition, hash, want)
	}
	r.read, r.passed = eventlog.Cursor{Place: from, Hash: hash}, from
	if q.To.IsZero() {
		tail, err := r.log.Tail(ctx, r.partition)
		r.end = tail.Place.Seq
		return err
	}
	to, _ := q.To.Place(r.partition)
	if _, err := r.log.HashAt(ctx, r.partition, to); isBroken(err) {
		return usage("the log does not have the position that is the end: %v", err)
	} else if err != nil {
		return err
	}
	r.end = to.Seq
	return nil
}

// next returns the next event, nil after the last.
func (m *merge) next(ctx context.Context) (*eventlog.Event, error) {
	if m.taken {
		r := m.readers[0]
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if m.taken = false; len(r.ahead) > 0 {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
	}
	if len(m.readers) == 0 {
		return nil, nil //nolint:nilnil // the end
	}
	r := m.readers[0]
	e := &r.ahead[0]
	r.ahead, r.passed, m.taken = r.ahead[1:], e.Place(), true
	return e, nil
}

// places returns up to where events were returned, by partition.
func (m *merge) places() []position.Place {
	out := make([]position.Place, len(m.all))
	for p, r := range m.all {
		out[p] = r.passed
	}
	return out
}

// Len implements heap.Interface.
func (m *merge) Len() int { return len(m.readers) }

// Less implements heap.Interface.
func (m *merge) Less(i, j int) bool {
	a, b := m.readers[i], m.readers[j]
	if d := a.ahead[0].At.Compare(b.ahead[0].At); d != 0 {
		return d < 0
	}
	return a.partition < b.partition
}

// Swap implements heap.Interface.
func (m *merge) Swap(i, j int) { m.readers[i], m.readers[j] = m.readers[j], m.readers[i] }

// Push implements heap.Interface; readers are never added.
func (m *merge) Push(any) {}

// Pop implements heap.Interface.
func (m *merge) Pop() any {
	last := m.readers[len(m.readers)-1]
	m.readers = m.readers[:len(m.readers)-1]
	return last
}
