package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

// TestPagesWhileOrdersChange goes through lists by GraphQL, in both directions, while every other order gets another note and line after line: those that don't change come once each.
func TestPagesWhileOrdersChange(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		const n = 16
		s := start(t, args...)
		s.do(`mutation { registerCustomer(id: "c1", name: "n", email: "a@x", city: "c", region: "r") { errors { code } } createProduct(id: "p1") { errors { code } } }`)
		for i := range n {
			s.do(fmt.Sprintf(`mutation { createOrder(id: "o%02d", customer: "c1", note: "%d", lines: [{product: "p1", seller: "s", price: "%d", freight: "0", quantity: 1}]) { errors { code } } }`,
				i, i%3, i/4)).want("data.createOrder.errors", "[]")
		}
		s.eventually(`{ orders { totalCount } }`, "data.orders.totalCount", fmt.Sprint(n))
		var over atomic.Bool
		var changes atomic.Int64
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for i := 0; !over.Load(); i++ {
				id, note := fmt.Sprintf("o%02d", 1+2*(i%(n/2))), fmt.Sprint(i%4)
				a := s.do(`mutation { noteOrder(id: "` + id + `", note: "` + note + `") { errors { code } } changeOrderLine(id: "` + id + `", line: {line: "1-1", price: "` + note + `"}) { errors { code } } }`)
				for _, path := range []string{"data.noteOrder.errors", "data.changeOrderLine.errors"} {
					if errors, _ := a.look(path); errors != "[]" {
						t.Error(a.raw)
						return
					}
				}
				changes.Add(1)
			}
		}()
		for round := 0; round < 50 && changes.Load() < 20 && !t.Failed(); round++ {
			for _, order := range []string{"{field: NOTE}", "{field: NOTE, direction: DESC}", "{field: TOTAL}, {field: ID, direction: DESC}", "{field: UPDATED_AT}", "{customer: {field: CITY}}, {field: NOTE}"} {
				s.throughOrders(order, false, n)
				s.throughOrders(order, true, n)
			}
		}
		over.Store(true)
		<-ended
		t.Logf("%d changes meanwhile", changes.Load())
	})
}

func (s *store) throughOrders(order string, last bool, n int) {
	s.t.Helper()
	seen := map[string]int{}
	size, from, more := "first: 3", "after", "data.orders.pageInfo.hasNextPage"
	if last {
		size, from, more = "last: 3", "before", "data.orders.pageInfo.hasPreviousPage"
	}
	page := ""
	for range 50 * n {
		a := s.do(`{ orders(orderBy: [`+order+`], `+size+page+`) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { id } } } }`).want("errors", "<nil>")
		in := map[string]bool{}
		for i := range 3 {
			if id, there := a.look(fmt.Sprintf("data.orders.edges.%d.node.id", i)); there {
				if in[id] {
					s.t.Fatalf("%s is twice in one page", id)
				}
				in[id] = true
				seen[id]++
			}
		}
		if a.at(more) != "true" {
			break
		}
		cursor := "data.orders.pageInfo.endCursor"
		if last {
			cursor = strings.Replace(cursor, "end", "start", 1)
		}
		page = fmt.Sprintf(", %s: %q", from, a.at(cursor))
	}
	for i := 0; i < n; i += 2 {
		if id := fmt.Sprintf("o%02d", i); seen[id] != 1 {
			s.t.Errorf("%s, last %v: %s, which stayed where it was, came %d times", order, last, id, seen[id])
		}
	}
}
