package reactor_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	redislog "github.com/daybook-cqrs/daybook/eventlog/redis"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/reactor"
	"github.com/daybook-cqrs/daybook/schema"
)

// BenchmarkIdle measures what events cost to which nothing reacts: the log is read through, alone and by a reactor.
func BenchmarkIdle(b *testing.B) {
	onEngines(b, func(b *testing.B, l eventlog.Log) {
		const events = 100_000
		fill(b, l, events)
		b.Run("read", func(b *testing.B) {
			for b.Loop() {
				var g errgroup.Group
				for n := range l.Partitions() {
					g.Go(func() error { return through(b.Context(), l, n) })
				}
				if err := g.Wait(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
		})
		b.Run("reactor", func(b *testing.B) {
			for b.Loop() {
				r := benchReactor(b, &meddler{Log: l, lost: true}, labels)
				reactUntil(b, r, func() bool {
					n := 0
					for _, s := range r.Status() {
						if s.Work == reactor.Reacting && s.Lag == 0 {
							n++
						}
					}
					return n == l.Partitions()
				})
			}
			b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	})
}

// BenchmarkReactions measures events that lead to one command each.
func BenchmarkReactions(b *testing.B) {
	onEngines(b, func(b *testing.B, l eventlog.Log) {
		r := benchReactor(b, l, labels)
		e := benchEngine(b, l, labels)
		const orders = 2_000
		round := 0
		for b.Loop() {
			b.StopTimer()
			for i := range orders {
				id := fmt.Sprint("o", round, "-", i)
				for _, c := range []command.Command{{Name: "openOrder", ID: id}, {Name: "payOrder", ID: id}} {
					if res, err := e.Execute(b.Context(), c); err != nil || res.Receipt == nil {
						b.Fatal(res, err)
					}
				}
			}
			round++
			b.StartTimer()
			reactUntil(b, r, func() bool { return r.Stats().Executed >= int64(orders*round) })
		}
		b.ReportMetric(float64(orders*round)/b.Elapsed().Seconds(), "commands/s")
	})
}

func onEngines(b *testing.B, bench func(b *testing.B, l eventlog.Log)) {
	for name, open := range map[string]func() (eventlog.Log, error){
		"memory": func() (eventlog.Log, error) { return memory.Open(memory.Options{Partitions: partitions}) },
		"sqlite": func() (eventlog.Log, error) {
			return sqlitelog.Open(b.Context(), filepath.Join(b.TempDir(), "log.db"), sqlitelog.Options{Partitions: partitions})
		},
		"redis": func() (eventlog.Log, error) {
			return redislog.Open(b.Context(), testredis.URL(b), redislog.Options{Prefix: testredis.Prefix(b), Partitions: partitions})
		},
	} {
		b.Run(name, func(b *testing.B) {
			l, err := open()
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			all, err := command.Reactions{}.All(benchModel(b, labels))
			if err == nil {
				err = reactor.Register(b.Context(), l, all, false)
			}
			if err != nil {
				b.Fatal(err)
			}
			bench(b, l)
		})
	}
}

// fill appends events to which nothing reacts, 100 at a time.
func fill(b *testing.B, l eventlog.Log, events int) {
	b.Helper()
	for i := 0; i < events; i += 100 {
		a := eventlog.Append{CommandID: fmt.Sprint("fill", i), InputHash: "h", Decided: time.Now(), Input: raw(schema.Record{"note": "a note"})}
		for k := range 100 {
			ref := eventlog.Ref{Entity: "Order", ID: fmt.Sprint("f", i+k)}
			a.Conditions = append(a.Conditions, eventlog.Condition{Ref: ref})
			a.Events = append(a.Events, eventlog.NewEvent{Ref: ref, Name: "OrderNoted", From: "OPEN", To: "OPEN",
				Changes: raw([]eventlog.Change{{Op: "set", Path: "note", Value: raw("a note")}})})
		}
		a.Primary = a.Events[0].Ref
		if _, err := l.Append(b.Context(), a); err != nil {
			b.Fatal(err)
		}
	}
}

// through reads a partition to its end.
func through(ctx context.Context, l eventlog.Log, n int) error {
	for at := (eventlog.Cursor{}); ; {
		events, err := l.Read(ctx, n, at.Place.Seq, at.Hash, 500, 0)
		if err != nil || len(events) == 0 {
			return err
		}
		last := &events[len(events)-1]
		at = eventlog.Cursor{Place: last.Place(), Hash: last.Hash}
	}
}

func benchModel(b *testing.B, sdl string) *schema.Model {
	b.Helper()
	m, err := schema.Load(fstest.MapFS{"order.graphql": {Data: []byte(sdl)}})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func benchEngine(b *testing.B, l eventlog.Log, sdl string) *command.Engine {
	b.Helper()
	e, err := command.New(command.Config{Model: benchModel(b, sdl), Log: l})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

func benchReactor(b *testing.B, l eventlog.Log, sdl string) *reactor.Reactor {
	b.Helper()
	r, err := reactor.New(reactor.Config{Model: benchModel(b, sdl), Log: l, Commands: benchEngine(b, l, sdl), Options: reactor.Options{Wait: time.Millisecond}})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// reactUntil runs a reactor until a condition holds.
func reactUntil(b *testing.B, r *reactor.Reactor, holds func() bool) {
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	for !holds() {
		time.Sleep(100 * time.Microsecond)
	}
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
