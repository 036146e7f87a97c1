package reactor

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// What a partition's loops do.
const (
	Reacting   = "reactions"
	TimingOut  = "timeouts"
	Scheduling = "scheduled commands"
)

var works = []string{Reacting, TimingOut, Scheduling}

// PartitionStatus is how one of a partition's loops is doing.
type PartitionStatus struct {
	Partition int
	Work      string         // Reacting, TimingOut, Scheduling
	Place     position.Place // up to which events were reacted to
	Lag       int64          // events in the log after it when that was last known; -1 before that, and for timers
	Err       error          // why it doesn't get on, nil if it does
	Since     time.Time      // of Err: when that began
	Broken    bool           // Err won't pass by itself: the log doesn't continue from where it was read to
}

// Status returns how each loop is doing, by partition. It asks no server.
func (r *Reactor) Status() []PartitionStatus {
	r.status.mu.Lock()
	defer r.status.mu.Unlock()
	return append([]PartitionStatus(nil), r.status.loops...)
}

// Health returns nil if every loop gets on, else what is wrong: for each cause the first of the loops that have it.
func (r *Reactor) Health() error {
	var errs []error
	seen := map[string]bool{}
	for _, s := range r.Status() {
		if s.Err == nil || seen[s.Err.Error()] {
			continue
		}
		seen[s.Err.Error()] = true
		errs = append(errs, fmt.Errorf("%s of partition %d: %w", s.Work, s.Partition, s.Err))
	}
	return errors.Join(errs...)
}

// board keeps the status of the loops and logs its changes: an outage once when it begins and once when it ends, however many loops notice and however
// often they try.
type board struct {
	mu      sync.Mutex
	loops   []PartitionStatus
	failing int // loops with an error that may pass
	log     *slog.Logger
}

func newBoard(partitions int, log *slog.Logger) *board {
	b := &board{log: log}
	for n := range partitions {
		for _, w := range works {
			b.loops = append(b.loops, PartitionStatus{Partition: n, Work: w, Lag: -1})
		}
	}
	return b
}

// of returns the status of a loop; the caller holds mu.
func (b *board) of(n int, work string) *PartitionStatus {
	for i := range works {
		if s := &b.loops[n*len(works)+i]; s.Work == work {
			return s
		}
	}
	panic("no work is called " + work)
}

// fine says that a loop gets on.
func (b *board) fine(n int, work string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone(b.of(n, work))
}

func (b *board) gone(s *PartitionStatus) {
	if s.Err == nil {
		return
	}
	if s.Broken {
		b.log.Info("reactions go on where they were broken", "partition", s.Partition)
	} else if b.failing--; b.failing == 0 {
		b.log.Info("reactions and timers go on", "outage", time.Since(s.Since).Round(time.Millisecond))
	}
	s.Err, s.Since, s.Broken = nil, time.Time{}, false
}

// reached says that a partition's events have been reacted to up to a place.
func (b *board) reached(n int, place position.Place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(n, Reacting)
	s.Place = place
	b.gone(s)
}

// failed says that a loop doesn't get on.
func (b *board) failed(n int, work string, err error, broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(n, work)
	if broken && (s.Err == nil || s.Err.Error() != err.Error()) {
		b.log.Error("the reactions of a partition are broken; the others go on", "partition", n, "error", err)
	}
	if s.Err != nil && !s.Broken {
		b.failing--
	}
	if !broken {
		if b.failing++; b.failing == 1 && (s.Err == nil || s.Broken) {
			b.log.Warn("reactions or timers wait: something they need fails", "partition", n, "work", work, "error", err)
		}
	}
	if s.Err == nil || s.Broken != broken {
		s.Since = time.Now()
	}
	s.Err, s.Broken = err, broken
}

// lags says how many events are after the partition's place.
func (b *board) lags(n int, events int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(n, Reacting).Lag = max(0, events)
}
