package consolidator

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// PartitionStatus is how one partition is doing.
type PartitionStatus struct {
	Partition int
	Place     position.Place // of the checkpoint
	Lag       int64          // events in the log after it when that was last known; -1 before that
	Err       error          // why it doesn't get on, nil if it does
	Since     time.Time      // of Err: when that began
	Views     error          // why views that are behind don't come nearer, nil if they do; the others go on
	Broken    bool           // Err won't pass by itself: the log doesn't continue from the checkpoint or went on differently, or an event, or what it meets in the store, can't be consolidated
}

// Status returns how each partition is doing, in order. It asks no server.
func (c *Consolidator) Status() []PartitionStatus {
	c.status.mu.Lock()
	defer c.status.mu.Unlock()
	return append([]PartitionStatus(nil), c.status.partitions...)
}

// Health returns nil if every partition gets on, else what is wrong: for each cause the first of the partitions that have it.
func (c *Consolidator) Health() error {
	var errs []error
	seen := map[string]bool{}
	for _, s := range c.Status() {
		for _, err := range []error{s.Err, s.Views} {
			if err == nil || seen[err.Error()] {
				continue
			}
			seen[err.Error()] = true
			errs = append(errs, fmt.Errorf("consolidating partition %d: %w", s.Partition, err))
		}
	}
	return errors.Join(errs...)
}

// board keeps the status of the partitions and logs its changes: an outage once when it begins and once when it ends, however many
// partitions notice and however often they try.
type board struct {
	mu         sync.Mutex
	partitions []PartitionStatus
	failing    int // partitions with an error that may pass
	log        *slog.Logger
}

func newBoard(n int, log *slog.Logger) *board {
	b := &board{partitions: make([]PartitionStatus, n), log: log}
	for i := range b.partitions {
		b.partitions[i] = PartitionStatus{Partition: i, Lag: -1}
	}
	return b
}

// reached says that a partition gets on.
func (b *board) reached(n int, place position.Place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.partitions[n]
	s.Place = place
	if s.Err == nil {
		return
	}
	if s.Broken {
		b.log.Info("consolidation goes on where it was broken", "partition", n, "after", place.Seq)
	} else if b.failing--; b.failing == 0 {
		b.log.Info("consolidation goes on", "outage", time.Since(s.Since).Round(time.Millisecond))
	}
	s.Err, s.Since, s.Broken = nil, time.Time{}, false
}

// failed says that a partition doesn't get on.
func (b *board) failed(n int, err error, broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.partitions[n]
	if broken && (s.Err == nil || s.Err.Error() != err.Error()) {
		b.log.Error("consolidation of a partition is broken; the others go on", "partition", n, "error", err)
	}
	if s.Err != nil && !s.Broken {
		b.failing--
	}
	if !broken {
		if b.failing++; b.failing == 1 && (s.Err == nil || s.Broken) {
			b.log.Warn("consolidation waits: something it needs fails", "partition", n, "error", err)
		}
	}
	if s.Err == nil || s.Broken != broken {
		s.Since = time.Now()
	}
	s.Err, s.Broken = err, broken
}

// viewsFail says that views of a partition that are behind don't come nearer, or with nil that they do.
func (b *board) viewsFail(n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.partitions[n]
	switch {
	case err != nil && (s.Views == nil || s.Views.Error() != err.Error()):
		b.log.Error("views that are behind don't catch up; the others go on", "partition", n, "error", err)
	case err == nil && s.Views != nil:
		b.log.Info("views that are behind catch up again", "partition", n)
	}
	s.Views = err
}

// lags says how many events are after the partition's checkpoint.
func (b *board) lags(n int, events int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.partitions[n].Lag = max(0, events)
}
