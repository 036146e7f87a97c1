package consolidator

import (
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
)

// marks keeps how far the partitions are, and what is known of their watermarks.
type marks struct {
	mu         sync.Mutex
	partitions []mark
}

// mark is about one partition.
type mark struct {
	writing sync.Mutex // held while its checkpoint is written: whoever raises it waits for whoever moves it. Taken before mu

	following bool                 // at is what the partition goes on from
	at        documents.Checkpoint // as this process left it in the store
	ahead     eventlog.Tail        // a watermark of a place that was not consolidated when it was taken; zero for none. It stays until that place is reached
}

func newMarks(partitions int) *marks { return &marks{partitions: make([]mark, partitions)} }

// begin says where a partition goes on from.
func (m *marks) begin(n int, at documents.Checkpoint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.partitions[n]
	p.following, p.at, p.ahead = true, at, eventlog.Tail{}
}

// failed says that nothing is certain of a partition until it begins again.
func (m *marks) failed(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.partitions[n]
	p.following, p.at, p.ahead = false, documents.Checkpoint{}, eventlog.Tail{}
}

// reached says that a checkpoint is in the store. One that another was faster than changes nothing.
func (m *marks) reached(n int, c documents.Checkpoint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.partitions[n]
	if !p.following || c.Place.Before(p.at.Place) {
		return
	}
	c.Watermark = later(c.Watermark, p.at.Watermark)
	p.at = c
}

// after returns the watermark of the checkpoint at the last of the events, which follow the one before without a gap: what a partition's clock was at an event
// no later one is before.
func (m *marks) after(n int, events []eventlog.Event) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.partitions[n]
	w := p.at.Watermark
	for i := len(events) - 1; i >= 0; i-- {
		if !events[i].Imported {
			w = later(w, events[i].At)
			break
		}
	}
	if !events[len(events)-1].Place().Before(p.ahead.Place) {
		w = later(w, p.ahead.Clock)
	}
	return w
}

// tell takes over the end of the log, with its watermark, as it was after a partition had come to a checkpoint. It returns true if that is the end.
func (m *marks) tell(n int, was documents.Checkpoint, tail eventlog.Tail) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Of a partition that stays behind, the newest one would never be reached.
	if p := &m.partitions[n]; p.following && was.Place.Before(tail.Place) && !p.at.Place.Before(p.ahead.Place) {
		p.ahead = tail
	}
	return tail.Place == was.Place && tail.Hash == was.Hash // else, if it isn't ahead, the log lost its tail: reading on says so
}

// of returns how far a partition is, and whether that is certain.
func (m *marks) of(n int) (documents.Checkpoint, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.partitions[n].at, m.partitions[n].following
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
