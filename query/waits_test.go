package query

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
)

// TestLinesLetGoWhoIsContent compares the lines with looking at everybody, over random news, callers and callers who leave.
func TestLinesLetGoWhoIsContent(t *testing.T) {
	const partitions = 4
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		w := &waits{}
		w.init(partitions, make(chan struct{}, 1))
		type caller struct {
			*waiter
			want   position.Position
			gone   bool // left, or
			failed bool
		}
		var callers []*caller
		reached, marks := position.Position{}, map[int]time.Time{}
		content := func(c *caller) bool {
			if !c.past.IsZero() {
				for n := range partitions {
					if !c.past.Before(marks[n]) {
						return false
					}
				}
				return true
			}
			return reached.Includes(c.want)
		}
		for range 100 {
			switch random.IntN(20) {
			case 0: // whoever waits for a place waits for nothing any more
				w.fail(ErrBehind)
				for _, c := range callers {
					if c.past.IsZero() && !c.gone && !content(c) {
						if <-c.done; c.err == nil {
							t.Fatalf("seed %d: let go without an error", seed)
						}
						c.gone, c.failed = true, true
					}
				}
			case 1, 2, 3, 4, 5: // somebody comes
				c := &caller{waiter: &waiter{done: make(chan struct{})}}
				if random.IntN(3) == 0 {
					c.past = time.Unix(random.Int64N(50)+1, 0)
				} else {
					for range 1 + random.IntN(3) {
						c.want = c.want.Join(position.At(random.IntN(partitions), position.Place{Epoch: random.Uint64N(2), Seq: random.Uint64N(50)}))
					}
				}
				for _, n := range c.want.Partitions() {
					place, _ := c.want.Place(n)
					c.goals = append(c.goals, goal{n, place})
				}
				if w.add(c.waiter) == content(c) {
					t.Fatalf("seed %d: who has all does not wait, and nobody else", seed)
				}
				if !content(c) {
					callers = append(callers, c)
				}
			case 6, 7, 8, 9, 10: // or leaves
				if len(callers) > 0 {
					c := callers[random.IntN(len(callers))]
					if w.remove(c.waiter) == (c.gone || content(c)) {
						t.Fatalf("seed %d: removed though let go, or the other way round", seed)
					}
					c.gone = true
				}
			default:
				p := feed.Progress{Partition: random.IntN(partitions), Place: position.Place{Epoch: random.Uint64N(2), Seq: random.Uint64N(50)}, Watermark: time.Unix(random.Int64N(60), 0)}
				w.news(p)
				reached = reached.Join(position.At(p.Partition, p.Place))
				if p.Watermark.After(marks[p.Partition]) {
					marks[p.Partition] = p.Watermark
				}
			}
			waiting := 0
			for _, c := range callers {
				select {
				case <-c.done:
					if !content(c) && !c.failed || c.failed != (c.err != nil) {
						t.Fatalf("seed %d: let go too early, or with %v", seed, c.err)
					}
				default:
					if content(c) && !c.gone {
						t.Fatalf("seed %d: kept waiting", seed)
					}
					if !c.gone {
						waiting++
					}
				}
			}
			if w.waiting != waiting || w.at().String() != reached.String() {
				t.Fatalf("seed %d: %d wait, not %d; reached %v, not %v", seed, w.waiting, waiting, w.at(), reached)
			}
		}
	}
}

// BenchmarkNews is one announcement that lets one caller go, while so many others wait for what does not come.
func BenchmarkNews(b *testing.B) {
	for _, n := range []int{1, 100, 10_000, 100_000} {
		b.Run(fmt.Sprint(n, " waiting"), func(b *testing.B) {
			w := &waits{}
			w.init(16, make(chan struct{}, 1))
			for i := range n {
				w.add(&waiter{goals: []goal{{i % 16, position.Place{Epoch: 1, Seq: uint64(i)}}}, done: make(chan struct{})})
			}
			b.ReportAllocs()
			seq := uint64(0)
			for b.Loop() {
				seq++
				me := &waiter{goals: []goal{{int(seq % 16), position.Place{Seq: seq}}}, done: make(chan struct{})}
				w.add(me)
				w.news(feed.Progress{Partition: int(seq % 16), Place: position.Place{Seq: seq}})
				<-me.done
			}
		})
	}
}

// BenchmarkWait is so many callers who wait for one place, which is announced, and who all go on.
func BenchmarkWait(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(n, " waiting"), func(b *testing.B) {
			e := &Engine{cfg: Config{WaitBound: time.Minute}}
			e.waits.init(16, make(chan struct{}, 1))
			seq := uint64(0)
			for b.Loop() {
				seq++
				var running sync.WaitGroup
				for range n {
					running.Go(func() {
						if err := e.Wait(b.Context(), position.At(3, position.Place{Seq: seq})); err != nil {
							b.Error(err)
						}
					})
				}
				e.waits.news(feed.Progress{Partition: 3, Place: position.Place{Seq: seq}})
				running.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/caller")
		})
	}
}
