package consolidator

import "sync"

// progress tells the partitions of one consolidator how far the others are, so that they can wait for each other without ever closing a circle: a
// partition does not wait for one that is waiting, nor for one that has failed.
type progress struct {
	mu      sync.Mutex
	at      []uint64       // sequence of each partition's checkpoint
	stuck   []bool         // waits for another partition, or after a failure
	waiters map[int]waiter // by the partition that waits
}

type waiter struct {
	moved chan struct{}
	goals map[int]uint64
}

func newProgress(partitions int) *progress {
	return &progress{at: make([]uint64, partitions), stuck: make([]bool, partitions), waiters: map[int]waiter{}}
}

// reached says that a partition's checkpoint is at seq.
func (p *progress) reached(partition int, seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[partition], p.stuck[partition] = seq, false
	p.wake(partition)
}

// failed says that a partition won't move on for a while.
func (p *progress) failed(partition int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stuck[partition] = true
	p.wake(partition)
}

func (p *progress) wake(partition int) {
	for n, w := range p.waiters {
		if _, ok := w.goals[partition]; ok {
			close(w.moved)
			delete(p.waiters, n)
		}
	}
}

// wait returns a channel that is closed when one of the goals' partitions moves on, and what to call after waiting. The channel is nil if
// none of them is worth waiting for: it is past its goal, waits itself, or has failed.
func (p *progress) wait(partition int, goals map[int]uint64) (moved <-chan struct{}, done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	worth := false
	for n, goal := range goals {
		worth = worth || p.at[n] < goal && !p.stuck[n]
	}
	if !worth {
		return nil, nil
	}
	w := waiter{moved: make(chan struct{}), goals: goals}
	p.stuck[partition] = true
	p.waiters[partition] = w
	return w.moved, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stuck[partition] = false
		delete(p.waiters, partition)
	}
}
