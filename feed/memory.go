package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ErrClosed is returned by methods of a feed that was closed.
var ErrClosed = errors.New("the feed is closed")

// MemoryBytes is about how much the entries of a Memory may take, all partitions together. Beyond it the partition that takes most loses its oldest:
// who has not read them gets a Gap.
const MemoryBytes = 64 << 20

// Memory is the in-process feed: a ring of entries per partition. What it holds is gone with the process; its epoch tells followers.
type Memory struct {
	mu     sync.Mutex
	epoch  string
	limit  int
	rings  []ring
	bytes  int
	wake   chan struct{} // closed and replaced by every Publish
	closed chan struct{}
	once   sync.Once

	progress board[Progress]
	asked    board[time.Time]
}

// NewMemory returns a feed of so many partitions, which keeps the newest capacity entries of each (at least 1), within MemoryBytes.
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
	r, link := &m.rings[partition], rand.Uint64()
	m.bytes -= r.bytes
	for _, e := range entries {
		e.Partition, e.Link = partition, link
		r.push(e, m.limit)
	}
	m.bytes += r.bytes
	m.shrink()
	close(m.wake)
	m.wake = make(chan struct{})
	return nil
}

// shrink drops entries until the rest is within MemoryBytes. Every partition keeps its newest.
func (m *Memory) shrink() {
	for m.bytes > MemoryBytes {
		most := &m.rings[0]
		for i := range m.rings {
			if r := &m.rings[i]; len(r.entries) > 1 && (r.bytes > most.bytes || len(most.entries) <= 1) {
				most = r
			}
		}
		if len(most.entries) <= 1 {
			return
		}
		m.bytes -= most.bytes
		most.drop()
		m.bytes += most.bytes
	}
}

// Tail implements Feed.
func (m *Memory) Tail(context.Context) (Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isClosed() {
		return Cursor{}, ErrClosed
	}
	c := Cursor{m.epoch, make(map[int]Mark, len(m.rings))}
	for p := range m.rings {
		c.At[p] = m.rings[p].tail
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
			entries = append(entries, m.rings[p].gap(p))
			continue
		}
		if len(entries) >= limit {
			break
		}
		entries = m.rings[p].after(entries, p, after.At[p], limit-len(entries))
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
