package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ErrClosed is returned by methods of a feed that was closed.
var ErrClosed = errors.New("the feed is closed")

// Memory is the in-process feed: a ring of entries per partition. What it holds is gone with the process; its epoch tells followers.
type Memory struct {
	mu     sync.Mutex
	epoch  string
	limit  int
	rings  []ring
	wake   chan struct{} // closed and replaced by every Publish
	closed chan struct{}
	once   sync.Once
}

// ring holds the newest entries of a partition: those with offsets tail-len(entries)+1 to tail.
type ring struct {
	entries []Entry
	start   int // index of the oldest, once the ring is full
	tail    uint64
}

// NewMemory returns a feed of so many partitions, which keeps the newest capacity entries of each (at least 1).
func NewMemory(partitions, capacity int) *Memory {
	return &Memory{
		epoch: uuid.NewString(), limit: max(capacity, 1), rings: make([]ring, partitions),
		wake: make(chan struct{}), closed: make(chan struct{}),
	}
}

// Publish implements Feed.
func (m *Memory) Publish(_ context.Context, partition int, entries []Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isClosed() {
		return ErrClosed
	}
	if partition < 0 || partition >= len(m.rings) {
		return fmt.Errorf("the feed has no partition %d", partition)
	}
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries {
		m.rings[partition].push(partition, e, m.limit)
	}
	close(m.wake)
	m.wake = make(chan struct{})
	return nil
}

func (r *ring) push(partition int, e Entry, limit int) {
	r.tail++
	e.Partition, e.Offset = partition, r.tail
	if len(r.entries) < limit {
		r.entries = append(r.entries, e)
		return
	}
	r.entries[r.start] = e
	r.start = (r.start + 1) % limit
}

// after appends up to n entries with offsets above offset, behind a Gap if some of them are gone.
func (r *ring) after(out []Entry, partition int, offset uint64, n int) []Entry {
	oldest := r.tail - uint64(len(r.entries)) + 1
	if offset > r.tail || offset+1 < oldest {
		return append(out, Entry{Kind: Gap, Partition: partition, Offset: r.tail})
	}
	for ; offset < r.tail && n > 0; n-- {
		offset++
		out = append(out, r.entries[(r.start+int(offset-oldest))%len(r.entries)]) //nolint:gosec // within the ring
	}
	return out
}

// Tail implements Feed.
func (m *Memory) Tail(context.Context) (Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isClosed() {
		return Cursor{}, ErrClosed
	}
	c := Cursor{m.epoch, make(map[int]uint64, len(m.rings))}
	for p := range m.rings {
		c.Offsets[p] = m.rings[p].tail
	}
	return c, nil
}

// Read implements Feed.
func (m *Memory) Read(ctx context.Context, after Cursor, limit int, wait time.Duration) ([]Entry, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		entries, wake, err := m.read(after, limit)
		if err != nil || len(entries) > 0 {
			return entries, err
		}
		select {
		case <-wake:
		case <-timer.C:
			return nil, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-m.closed:
			return nil, ErrClosed
		}
	}
}

func (m *Memory) read(after Cursor, limit int) (entries []Entry, wake <-chan struct{}, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isClosed() {
		return nil, nil, ErrClosed
	}
	for p := range m.rings {
		if after.Epoch != m.epoch {
			entries = append(entries, Entry{Kind: Gap, Partition: p, Offset: m.rings[p].tail})
			continue
		}
		if len(entries) >= limit {
			break
		}
		entries = m.rings[p].after(entries, p, after.Offsets[p], limit-len(entries))
	}
	for i := range entries {
		if entries[i].Kind == Gap {
			entries[i].Epoch = m.epoch
		}
	}
	return entries, m.wake, nil
}

// Ping implements Feed.
func (m *Memory) Ping(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isClosed() {
		return ErrClosed
	}
	return nil
}

// Close implements Feed.
func (m *Memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *Memory) isClosed() bool {
	select {
	case <-m.closed:
		return true
	default:
		return false
	}
}
