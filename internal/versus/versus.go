// Package versus measures several ways of doing the same thing in one benchmark: in alternate rounds, so that whatever else the machine does meets
// all of them alike, and what counts is the ratio.
package versus

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Way is one way of doing it.
type Way struct {
	Name string
	// Before prepares a round, outside of what is timed; may be nil.
	Before func(round int) error
	// Do does it once. Calls are numbered from 0 over all rounds, every number once. It is called from several goroutines at once if there are several callers.
	Do func(i int) error
}

// Rounds says what a round is. Zero fields are 1.
type Rounds struct {
	Callers int // goroutines that call Do at once
	Calls   int // of Do in a round, all callers together
}

// Run does one round of each way in every iteration of the benchmark, and reports the median of each way's nanoseconds per call under the unit "<name>-ns".
// A round before the first is not counted.
func Run(b *testing.B, r Rounds, ways ...Way) {
	b.Helper()
	r.Callers, r.Calls = max(r.Callers, 1), max(r.Calls, 1)
	took := make([][]float64, len(ways))
	for round := 0; round == 0 || b.Loop(); round++ {
		for k := range ways {
			w := &ways[(k+round)%len(ways)] // nobody always comes first
			if w.Before != nil {
				if err := w.Before(round); err != nil {
					b.Fatalf("%s: %v", w.Name, err)
				}
			}
			runtime.GC()
			d, err := w.round(r, round*r.Calls)
			if err != nil {
				b.Fatalf("%s: %v", w.Name, err)
			}
			if round > 0 {
				i := (k + round) % len(ways)
				took[i] = append(took[i], float64(d.Nanoseconds())/float64(r.Calls))
			}
		}
	}
	for i := range ways {
		b.ReportMetric(median(took[i]), ways[i].Name+"-ns")
	}
}

// round makes the calls from first on.
func (w *Way) round(r Rounds, first int) (time.Duration, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, r.Callers)
	begun := time.Now()
	for c := range r.Callers {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(r.Calls); n = next.Add(1) {
				if errs[c] = w.Do(first + int(n) - 1); errs[c] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(begun), errors.Join(errs...)
}

func median(xs []float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	slices.Sort(xs)
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}
