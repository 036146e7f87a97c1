package versus

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// Latency times every call by itself, of one caller, the ways taking turns call by call, and reports the median and the 95th percentile of each way's nanoseconds under the units
// "<name>-ns" and "<name>-p95-ns". A tenth of the calls, before the others, is not counted. Each iteration of the benchmark makes calls of each way.
func Latency(b *testing.B, calls int, ways ...Way) {
	b.Helper()
	took := make([][]float64, len(ways))
	n := 0
	once := func(counted bool) {
		for k := range ways {
			i := (k + n) % len(ways) // nobody always comes first
			begun := time.Now()
			err := ways[i].Do(n)
			d := time.Since(begun)
			if err != nil {
				b.Fatalf("%s: %v", ways[i].Name, err)
			}
			if counted {
				took[i] = append(took[i], float64(d.Nanoseconds()))
			}
		}
		n++
	}
	for range calls/10 + 1 {
		once(false)
	}
	runtime.GC()
	for b.Loop() {
		for range calls {
			once(true)
		}
	}
	for i := range ways {
		b.ReportMetric(quantile(took[i], 0.5), ways[i].Name+"-ns")
		b.ReportMetric(quantile(took[i], 0.95), ways[i].Name+"-p95-ns")
	}
}

// quantile returns the smallest x that so large a part of xs is not above.
func quantile(xs []float64, part float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	slices.Sort(xs)
	return xs[min(int(part*float64(len(xs))), len(xs)-1)]
}
