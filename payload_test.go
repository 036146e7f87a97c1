package main

import (
	"fmt"
	"testing"
)

// TestListsInPayloadsSeeTheCommand: they are read from the documents, which have to have what the command did.
func TestListsInPayloadsSeeTheCommand(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { id } }`, s.seed().at("data.createOrder.receipt.position"))).want("data.order.id", "o1") // orders are in several partitions
		const list = `orders(first: 1, orderBy: [{field: CREATED_AT, direction: DESC}]) { totalCount edges { node { id total note } } }`
		for i := 2; i <= 20; i++ {
			path := "data.createOrder.order.customer.orders."
			s.do(fmt.Sprintf(`mutation { createOrder(id: "o%d", customer: "c1", note: "n%d", lines: [{product: "p1", seller: "s1", price: "%d", freight: "0", quantity: 1}]) { order { customer { %s } } errors { code } } }`, i, i, i, list)).
				want("data.createOrder.errors", "[]", path+"totalCount", fmt.Sprint(i), path+"edges.0.node.id", fmt.Sprint("o", i), path+"edges.0.node.note", fmt.Sprint("n", i))
		}
		s.do(`mutation { blockCustomer(id: "c1") { customer { status `+list+` } errors { code } } }`).
			want("data.blockCustomer.customer.status", "BLOCKED", "data.blockCustomer.customer.orders.totalCount", "20")
		s.do(`mutation { registerCustomer(id: "c2", name: "Bo", email: "bo@example.org", city: "x", region: "y") { customer { name `+list+` } errors { code } } }`).
			want("data.registerCustomer.customer.name", "Bo", "data.registerCustomer.customer.orders.totalCount", "0", "data.registerCustomer.customer.orders.edges", "[]")
	})
}

// TestSortedBothWays reads two orders by what differs, and by what does not and then by what does.
func TestSortedBothWays(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		first := s.seed().at("data.createOrder.receipt.position") // o1, of 79.09
		s.settle()
		at := s.do(`mutation { createOrder(id: "o2", customer: "c1", lines: [{product: "p1", seller: "s1", price: "100", freight: "0", quantity: 1}]) { receipt { position } errors { code } } }`).
			at("data.createOrder.receipt.position")
		s.do(fmt.Sprintf(`{ a: order(id: "o1", atLeast: %q) { id } b: order(id: "o2", atLeast: %q) { id } }`, first, at)).want("data.a.id", "o1", "data.b.id", "o2")
		for by, ids := range map[string][2]string{
			`{field: TOTAL, direction: ASC}`:                                         {"o1", "o2"},
			`{field: TOTAL, direction: DESC}`:                                        {"o2", "o1"},
			`{field: NOTE, direction: ASC}`:                                          {"o2", "o1"}, // null first
			`{field: NOTE, direction: DESC}`:                                         {"o1", "o2"},
			`{field: STATUS, direction: DESC}, {field: TOTAL, direction: ASC}`:       {"o1", "o2"},
			`{field: STATUS, direction: ASC}, {field: TOTAL, direction: DESC}`:       {"o2", "o1"},
			`{field: CUSTOMER_NAME, direction: ASC}, {field: NOTE, direction: DESC}`: {"o1", "o2"},
		} {
			edges := func(more string) string {
				return `orders(orderBy: [` + by + `]` + more + `) { edges { cursor node { id } } }`
			}
			a := s.do(`{ ` + edges("") + ` last: ` + edges(", last: 1") + ` customer(id: "c1") { ` + edges("") + ` } }`)
			for i, id := range ids {
				a.want(fmt.Sprintf("data.orders.edges.%d.node.id", i), id, fmt.Sprintf("data.customer.orders.edges.%d.node.id", i), id)
			}
			a.want("data.last.edges.0.node.id", ids[1])
			s.do(`{ `+edges(fmt.Sprintf(", first: 1, after: %q", a.at("data.orders.edges.0.cursor")))+` }`).want("data.orders.edges.0.node.id", ids[1])
			s.do(`{ `+edges(fmt.Sprintf(", last: 1, before: %q", a.at("data.orders.edges.1.cursor")))+` }`).want("data.orders.edges.0.node.id", ids[0])
		}
		s.do(`{ orders(orderBy: [{field: TOTAL, direction: ASC}, {field: TOTAL, direction: DESC}]) { totalCount } }`).want("errors.0.extensions.code", "INVALID_INPUT")
	})
}
