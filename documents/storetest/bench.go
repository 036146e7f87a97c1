package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// Bench measures the reads that every GraphQL request is made of, and writes, on n documents.
func Bench(b *testing.B, open Open, n int) {
	s := open(b, Model(b))
	ctx := b.Context()
	start := time.Now()
	if err := Fill(ctx, s, n); err != nil {
		b.Fatal(err)
	}
	b.Logf("%.0f documents a second written", float64(n)/time.Since(start).Seconds())
	run := func(name string, read func(i int) (int, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if got, err := read(i); err != nil || got == 0 {
					b.Fatal(got, err)
				}
			}
		})
	}
	run("Load1", func(i int) (int, error) {
		got, err := s.Load(ctx, "Sample", []string{benchID(i % n)}, nil)
		return len(got), err
	})
	run("Load1Fields", func(i int) (int, error) {
		got, err := s.Load(ctx, "Sample", []string{benchID(i % n)}, []string{"text", "price"})
		return len(got), err
	})
	page := func(q documents.Query) func(int) (int, error) {
		q.Entity, q.Limit, q.Fields = "Sample", 20, []string{"text", "price"}
		return func(int) (int, error) {
			ds, err := s.List(ctx, q)
			return len(ds), err
		}
	}
	deep := decimal(fmt.Sprint(n / 2))
	run("List20", page(documents.Query{}))
	run("List20ByIndexed", page(documents.Query{Orders: []documents.Order{{Field: "price", Desc: true}}}))
	run("List20Deep", page(documents.Query{Orders: []documents.Order{{Field: "price"}}, After: []any{deep, benchID(n / 2)}}))
	run("List20DeepDesc", page(documents.Query{Orders: []documents.Order{{Field: "price", Desc: true}}, After: []any{deep, benchID(n / 2)}}))
	run("List20Where", page(documents.Query{Filter: documents.Compare{Field: "price", Op: documents.Gt, Value: deep}, Orders: []documents.Order{{Field: "price"}}}))
	run("ListBy20", func(int) (int, error) {
		keys := make([]string, 20)
		for k := range keys {
			keys[k] = fmt.Sprint("c", k)
		}
		got, err := s.ListBy(ctx, documents.Query{Entity: "Sample", Limit: 10, Fields: []string{"text"}}, "customer", keys)
		return len(got), err
	})
}

// Fill sets a store up and writes n documents of Bench.
func Fill(ctx context.Context, s documents.Store, n int) error {
	if err := errors.Join(s.Setup(ctx), s.Index(ctx)); err != nil {
		return err
	}
	ws := make([]documents.Write, n)
	for i := range ws {
		ws[i] = benchDocument(i)
	}
	return s.Write(ctx, "Sample", ws)
}

func benchID(i int) string { return fmt.Sprintf("o%07d", i) }

func benchDocument(i int) documents.Write {
	w := create(benchID(i), schema.Record{
		"customer": fmt.Sprint("c", i%100), "customerName": "Ana Maria", "text": fmt.Sprint("text ", i), "count": i, "price": decimal(fmt.Sprint(i)),
		"at": moment(time.Duration(i) * time.Second), "tags": []any{"a", "b"},
		"lines": []any{schema.Record{"title": "first", "price": decimal("21.33")}, schema.Record{"title": "second", "price": decimal("1.5")}},
	})
	w.Copies = []documents.Copies{copied(fmt.Sprint("c", i%100), 1, "Ana Maria")}
	return w
}

// BenchArchive measures what archiving costs, of clients' versions and of those that something caused.
func BenchArchive(b *testing.B, open Open) {
	const batch = 500
	for _, cause := range []string{"", "Sample:x@1"} {
		b.Run("cause="+cause, func(b *testing.B) {
			s := open(b, Model(b))
			if err := errors.Join(s.Setup(b.Context()), s.Index(b.Context())); err != nil {
				b.Fatal(err)
			}
			n := uint64(0)
			start := time.Now()
			for b.Loop() {
				vs := make([]documents.Version, batch)
				for i := range vs {
					n++
					vs[i] = documents.Version{ID: benchID(int(n)), Version: 1, Event: "SampleChanged", At: day0, CommandID: benchCommand(n), CausationID: cause, Partition: 1,
						Place: position.Place{Epoch: 1, Seq: n}, State: schema.Record{"text": "a text", "count": i}, Changes: []byte(`[{"op":"set","path":"text","value":"a text"}]`)}
				}
				if err := s.Archive(b.Context(), "Sample", vs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/time.Since(start).Seconds(), "versions/s")
		})
	}
}

// benchCommand is a random-looking id, as command ids are.
func benchCommand(n uint64) string {
	return fmt.Sprintf("%016x-%016x", n*0x9e3779b97f4a7c15, n)
}
