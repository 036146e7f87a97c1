package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestPagesWhileRowsMove goes through lists in both directions while every other deal gets other values, and a few are deleted: those that don't change come once each, and none
// comes twice in one page. The lists are sorted by own fields, by copies and by what is looked up, and filtered so that who moves comes and goes.
func TestPagesWhileRowsMove(t *testing.T) {
	const deals = 60
	m := newMarket(t, deals)
	e := m.engine(0)
	ctx, stop := context.WithCancel(t.Context())
	var moving sync.WaitGroup
	moving.Go(func() {
		for v := int64(1); ctx.Err() == nil; v++ {
			var ws []documents.Write
			for i := 1; i < deals; i += 2 {
				w := documents.Write{ID: fmt.Sprintf("d%02d", i), Since: v, Version: v + 1, UpdatedAt: m.docs["Deal"]["d00"].UpdatedAt}
				if w.Deleted = v > 20 && i < 6; !w.Deleted {
					w.Set = schema.Record{"size": rand.IntN(4), "firm": fmt.Sprint("f", rand.IntN(6))}
					m.copies(&w, "firm", "Firm", "firmName", "firmRank", "firmBox")
				}
				ws = append(ws, w)
			}
			if err := m.store.Write(t.Context(), "Deal", ws); err != nil {
				t.Error(err)
				return
			}
		}
	})
	defer moving.Wait()
	defer stop()
	for name, args := range map[string]query.ListArgs{
		"own field": m.args(e, nil, object{"field": "SIZE"}),
		"falling":   m.args(e, nil, object{"field": "SIZE", "direction": "DESC"}),
		"filtered":  m.args(e, object{"size": object{"gte": 2}}, object{"field": "SIZE"}, object{"field": "FIRM_ID", "direction": "DESC"}),
		"copies":    m.args(e, object{"firm": object{"rank": object{"gte": 1}}}, beyond("firm", "NAME", "DESC")),
		"looked up": m.args(e, object{"firm": object{"city": object{"ne": "a"}}}, beyond("firm", "CITY", "ASC"), object{"field": "SIZE"}),
	} {
		for round := range 4 {
			m.throughMoving(e, name, args, round%2 == 1)
		}
	}
}

func (m *market) throughMoving(e *query.Engine, name string, args query.ListArgs, last bool) {
	m.Helper()
	size, seen := 4, map[string]int{}
	if args.First = &size; last {
		args.First, args.Last = nil, &size
	}
	for more := true; more; {
		page, err := e.List(m.Context(), m.model.Entity("Deal"), args, query.Connection{Node: &query.Selection{}})
		if err != nil {
			m.Fatal(err)
		}
		in := map[string]bool{}
		for _, n := range page.Nodes {
			if in[n.ID] {
				m.Fatalf("%s: %s is twice in one page", name, n.ID)
			}
			in[n.ID] = true
			seen[n.ID]++
		}
		if more = page.HasNext; last {
			more = page.HasPrevious
		}
		if !more {
			break
		}
		if args.After = page.Cursors[len(page.Cursors)-1]; last {
			args.After, args.Before = "", page.Cursors[0]
		}
	}
	expected := 0
	for i := 0; i < 60; i += 2 {
		d := m.docs["Deal"][fmt.Sprintf("d%02d", i)]
		want := 0
		if args.Filter == nil || m.holds(args.Filter, &d) {
			want = 1
		}
		expected += want
		if seen[d.ID] != want {
			m.Fatalf("%s, last %v: %s, which stayed where it was, came %d times, not %d", name, last, d.ID, seen[d.ID], want)
		}
	}
	if expected < 2*size {
		m.Fatalf("%s: %d that stay are no test", name, expected)
	}
}
