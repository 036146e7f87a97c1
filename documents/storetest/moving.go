package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// pagesOfMovingRows goes through pages, both ways, while every other document is moved about: those that stay come once each, whatever goes on, and no page has a document twice.
func (s *suite) pagesOfMovingRows() {
	n := min(200, s.features.Documents)
	var ws []documents.Write
	for i := range n {
		set := schema.Record{"count": i / 4} // ties
		if i%5 == 0 {
			set = schema.Record{} // nulls
		}
		ws = append(ws, create(fmt.Sprintf("d%03d", i), set))
	}
	s.write(ws...)
	ctx, stop := context.WithCancel(s.ctx)
	var moving sync.WaitGroup
	moving.Go(func() {
		for v := int64(1); ctx.Err() == nil; v++ {
			var ws []documents.Write
			for i := 1; i < n; i += 2 {
				w := documents.Write{ID: fmt.Sprintf("d%03d", i), Since: v, Version: v + 1, UpdatedAt: day0, Set: schema.Record{"count": rand.IntN(n)}}
				if rand.IntN(5) == 0 {
					w.Set, w.Clear = nil, []string{"count"}
				}
				ws = append(ws, w)
			}
			for len(ws) > 0 {
				some := min(25, len(ws))
				if err := s.store.Write(s.ctx, "Sample", ws[:some]); err != nil {
					s.Error(err)
					return
				}
				ws = ws[some:]
			}
		}
	})
	defer moving.Wait()
	defer stop()
	for round := range max(2, s.features.Rounds/50) {
		s.throughPages(n, round%2 == 1, round%4 > 1)
	}
}

func (s *suite) throughPages(n int, last, desc bool) {
	s.Helper()
	q := documents.Query{Entity: "Sample", Orders: []documents.Order{{Field: "count", Desc: desc}}, Limit: 7, Last: last}
	seen := map[string]int{}
	for range 10 * n {
		ds, err := s.store.List(s.ctx, q)
		s.ok(err)
		inPage := map[string]bool{}
		for _, d := range ds {
			if inPage[d.ID] {
				s.Fatalf("%s is twice in one page", d.ID)
			}
			inPage[d.ID] = true
			seen[d.ID]++
		}
		if len(ds) < q.Limit {
			break
		}
		end := ds[len(ds)-1]
		if last {
			end = ds[0]
			q.Before = []any{end.Value("count"), end.ID}
		} else {
			q.After = []any{end.Value("count"), end.ID}
		}
	}
	for i := 0; i < n; i += 2 {
		if id := fmt.Sprintf("d%03d", i); seen[id] != 1 {
			s.Fatalf("%s, which stayed where it was, came %d times (last %v, desc %v)", id, seen[id], last, desc)
		}
	}
}
