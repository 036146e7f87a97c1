package main

import (
	"fmt"
	"strings"
	"testing"
)

// list returns the ids of the orders that a list's arguments give, in order.
func (s *store) list(args string) string {
	s.t.Helper()
	a := s.do(`{ orders(`+args+`) { edges { node { id } } } }`).want("errors", "<nil>")
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

// traded has orders o1 to o5 of customers Bo, Al, Al, Cy and Bo, of the regions SP, RJ, RJ, SP and SP. Product p3, which o3 and o5 are of, is deleted.
func traded(s *store) {
	s.t.Helper()
	customer := func(id, name, region string) string {
		return fmt.Sprintf(`%s: registerCustomer(id: %q, name: %q, email: %q, city: "c", region: %q) { errors { code } }`, id, id, name, id+"@x", region)
	}
	s.do(`mutation { ` + customer("c1", "Bo", "SP") + customer("c2", "Al", "RJ") + customer("c3", "Cy", "SP") + `
		p1: createProduct(id: "p1", category: "toys") { errors { code } } p2: createProduct(id: "p2") { errors { code } } p3: createProduct(id: "p3", category: "toys") { errors { code } } }`)
	for i, of := range [][2]string{{"c1", "p1"}, {"c2", "p2"}, {"c2", "p3"}, {"c3", "p1"}, {"c1", "p3"}} {
		s.do(fmt.Sprintf(`mutation { createOrder(id: "o%d", customer: %q, lines: [{product: %q, seller: "s", price: "%d", freight: "0", quantity: 1}]) { errors { code } } }`,
			i+1, of[0], of[1], 9-i)).want("data.createOrder.errors", "[]")
	}
	s.do(`mutation { deleteProduct(id: "p3") { errors { code } } }`).want("data.deleteProduct.errors", "[]")
	s.eventually(`{ orders(where: {customerName: {isNull: false}}) { totalCount } product(id: "p3") { id } customers { totalCount } }`, "data.orders.totalCount", "5")
	s.eventually(`{ products { totalCount } }`, "data.products.totalCount", "2")
}

func TestFiltersAndOrdersThroughRefs(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		traded(s)
		for list, want := range map[string]string{
			`where: {customer: {region: {eq: "SP"}}}`:                                                   "o1 o4 o5",
			`where: {not: {customer: {region: {eq: "SP"}}}}`:                                            "o2 o3",
			`where: {customer: {name: {eq: "Al"}}}`:                                                     "o2 o3",
			`where: {customer: {or: [{name: {eq: "Al"}}, {region: {eq: "SP"}, id: {ne: "c1"}}]}}`:       "o2 o3 o4",
			`where: {customer: {status: {eq: BLOCKED}}}`:                                                "",
			`where: {customer: {}}`:                                                                     "o1 o2 o3 o4 o5",
			`where: {lines: {some: {product: {category: {eq: "toys"}}}}}`:                               "o1 o4", // p3 is gone
			`where: {lines: {none: {product: {category: {eq: "toys"}}}}}`:                               "o2 o3 o5",
			`where: {lines: {some: {product: {category: {isNull: true}}}}}`:                             "o2",
			`where: {lines: {every: {product: {version: {gt: 0}}}}, customer: {region: {eq: "SP"}}}`:    "o1 o4",
			`orderBy: [{customer: {field: NAME}}]`:                                                      "o2 o3 o1 o5 o4",
			`orderBy: [{customer: {field: NAME, direction: DESC}}]`:                                     "o4 o5 o1 o3 o2",
			`orderBy: [{customer: {field: REGION}}, {field: TOTAL}]`:                                    "o3 o2 o5 o4 o1",
			`orderBy: [{customer: {field: REGION}}, {customer: {field: ID, direction: DESC}}], last: 3`: "o4 o5 o1",
			`orderBy: [{customer: {field: REGION}}], where: {customer: {name: {ne: "Cy"}}}, first: 3`:   "o2 o3 o1",
		} {
			if got := s.list(list); got != want {
				t.Errorf("%s: %s, want %s", list, got, want)
			}
		}
		s.do(`{ orders(where: {customer: {region: {eq: "SP"}}}) { totalCount } customers(where: {id: {eq: "c1"}}) { edges { node {
			orders(where: {lines: {some: {product: {category: {eq: "toys"}}}}}, orderBy: [{customer: {field: CITY}}, {field: ID, direction: DESC}]) { totalCount edges { node { id total } } } } } } }`).
			want("data.orders.totalCount", "3").want("data.customers.edges.0.node.orders.totalCount", "1").want("data.customers.edges.0.node.orders.edges.0.node.id", "o1").
			want("data.customers.edges.0.node.orders.edges.0.node.total", "9")
		for list, want := range map[string]string{
			`where: {customer: {street: {eq: "x"}}}`:                                      "street",
			`orderBy: [{direction: DESC}]`:                                                "each key has a field, or one ref",
			`orderBy: [{field: TOTAL, customer: {field: NAME}}]`:                          "not 2 of them",
			`orderBy: [{direction: DESC, customer: {field: NAME}}]`:                       "the direction stands beside the field",
			`where: {or: [` + strings.Repeat(`{customer: {city: {eq: "x"}}} `, 17) + `]}`: "looks through 16 refs at most",
		} {
			if a := s.do(`{ orders(` + list + `) { totalCount } }`); !strings.Contains(a.raw, want) || strings.Contains(a.raw, "INTERNAL") || !strings.Contains(a.raw, `"code":`) {
				t.Errorf("%.80s: %s, want %s", list, a.raw, want)
			}
		}
		read := s.stream(`subscription { ordersChanged(where: {customer: {region: {eq: "SP"}}}, snapshot: true) { type id } }`)
		read().want("errors.0.message", `where: a subscription asks what customer leads to only by copies: give Order a field with @copy(of: "customer.region") @indexed, and ask for that`,
			"errors.0.extensions.code", "INVALID_INPUT")
		read = s.stream(`subscription { ordersChanged(where: {customer: {name: {eq: "Cy"}}}, snapshot: true) { type id } }`)
		read().want("data.ordersChanged.type", "SNAPSHOT", "data.ordersChanged.id", "o4")
		read().want("data.ordersChanged.type", "LIVE")
		many := strings.Builder{}
		for i := range 33 {
			fmt.Fprintf(&many, `a%d: orders(where: {customer: {city: {eq: "x"}}}) { totalCount } `, i)
		}
		if a := s.do(`{ ` + many.String() + `}`); !strings.Contains(a.raw, "where and orderBy go through more than 32 refs in one request") || !strings.Contains(a.raw, "TOO_MUCH") {
			t.Error(a.raw)
		}
	})
}
