package main

import (
	"fmt"
	"strings"
	"testing"
)

// ids returns the ids of the orders that a filter leaves, in order.
func (s *store) ids(where string) string {
	s.t.Helper()
	a := s.do(`{ orders(where: `+where+`, first: 100) { edges { node { id } } } }`).want("errors", "<nil>")
	var out []string
	for i := 0; ; i++ {
		id, there := a.look(fmt.Sprintf("data.orders.edges.%d.node.id", i))
		if !there {
			a.at("data.orders.edges") // else it failed
			return strings.Join(out, " ")
		}
		out = append(out, id)
	}
}

func TestFilters(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(`mutation { a: registerCustomer(id: "c1", name: "Ána K", email: "a@x", city: "c", region: "SP") { errors { code } }
			p: createProduct(id: "p1") { errors { code } } q: createProduct(id: "p2") { errors { code } } }`)
		line := func(product, seller, price string, n int) string {
			return fmt.Sprintf(`{product: %q, seller: %q, price: %q, freight: "0", quantity: %d}`, product, seller, price, n)
		}
		for id, lines := range map[string]string{
			"o1": line("p1", "acme", "9", 1), "o2": line("p1", "ACME", "10", 2) + line("p2", "100%_off", "2.50", 1), "o3": line("p2", `x.*\y`, "2.5", 3),
		} {
			s.do(`mutation { createOrder(id: "`+id+`", customer: "c1", lines: [`+lines+`]`+map[string]string{"o2": `, note: "Straße"`}[id]+`) { errors { code } } }`).want("data.createOrder.errors", "[]")
		}
		at := s.do(`mutation { approveOrder(id: "o3", payments: [{type: "card", installments: 2, value: "7.5"}]) { receipt { position } } }`).at("data.approveOrder.receipt.position")
		s.do(fmt.Sprintf(`{ order(id: "o3", atLeast: %q) { status } }`, at)).want("data.order.status", "APPROVED")
		s.eventually(`{ orders(where: {customerName: {eq: "Ána K"}}) { totalCount totalCountIsExact } }`, "data.orders.totalCount", "3")
		for where, want := range map[string]string{
			`{lines: {some: {seller: {eq: "acme"}}}}`:                                           "o1",
			`{lines: {some: {seller: {eq: "acme", ignoreCase: true}}}}`:                         "o1 o2",
			`{lines: {some: {price: {between: ["2.5", "9.00"]}}}}`:                              "o1 o2 o3",
			`{lines: {some: {price: {gt: "9"}}}}`:                                               "o2", // as a number, not as text
			`{lines: {some: {price: {eq: "2.5"}, quantity: {gte: 3}}}}`:                         "o3",
			`{lines: {every: {productId: {eq: "p1"}}}}`:                                         "o1",
			`{lines: {none: {productId: {in: ["p2"]}}}}`:                                        "o1",
			`{lines: {some: {or: [{seller: {contains: "%_"}}, {not: {quantity: {lt: 3}}}]}}}`:   "o2 o3",
			`{lines: {some: {seller: {matches: "x.\\*\\\\?"}}}}`:                                "o3",
			`{lines: {some: {seller: {matches: "x*"}}}}`:                                        "o3",
			`{lines: {some: {seller: {matches: "*_*"}}}}`:                                       "o2",
			`{lines: {some: {seller: {endsWith: "E"}}}}`:                                        "o2",
			`{lines: {size: {gt: 1}}}`:                                                          "o2",
			`{lines: {size: {in: [1, 3]}}}`:                                                     "o1 o3",
			`{payments: {isNull: true}}`:                                                        "o1 o2",
			`{payments: {some: {value: {gt: "7"}, installments: {ne: 1}}}}`:                     "o3",
			`{payments: {every: {value: {gt: "100"}}}}`:                                         "o1 o2", // who has none has none that is not
			`{note: {startsWith: "stra", ignoreCase: true}}`:                                    "o2",
			`{note: {eq: "STRASSE", ignoreCase: true}}`:                                         "",         // by simple case folding ß is not ss
			"{customerName: {contains: \"ÁNA \u212A\", ignoreCase: true}}":                      "o1 o2 o3", // the sign for kelvin is a k
			`{customerName: {contains: "áNA k", ignoreCase: true}}`:                             "o1 o2 o3",
			"{customerName: {contains: \"A\u0301na\"}}":                                         "", // of two code points
			`{note: {notIn: ["Straße"]}}`:                                                       "o1 o3",
			`{status: {ne: CREATED}}`:                                                           "o3",
			`{id: {matches: "o?"}, not: {total: {lt: "9"}}}`:                                    "o1 o2",
			`{createdAt: {between: ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"]}, and: []}`: "o1 o2 o3",
		} {
			if got := s.ids(where); got != want {
				t.Errorf("%s: %s, want %s", where, got, want)
			}
		}
		for where, want := range map[string]string{
			`{total: {between: ["1"]}}`:                               "takes two values",
			`{note: {lt: "a", ignoreCase: true}}`:                     "ignoreCase does not go with an order",
			`{note: {matches: "` + strings.Repeat("a*", 11) + `"}}`:   "more than 10 *",
			`{note: {contains: "` + strings.Repeat("x", 2001) + `"}}`: "more than 2000",
			`{lines: {some: {price: {eq: "much"}}}}`:                  "lines.some.price.eq",
			`{lines: {size: {eq: "many"}}}`:                           "Int",
			`{lines: {some: {and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{and: [{}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}}}`: "deeper than 16",
		} {
			a := s.do(`{ orders(where: ` + where + `) { totalCount } }`)
			if !strings.Contains(a.raw, want) || strings.Contains(a.raw, "INTERNAL") || !strings.Contains(a.raw, `"code":`) {
				t.Errorf("%.80s: %s, want %s", where, a.raw, want)
			}
		}
	})
}
