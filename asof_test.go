package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// timeOf returns when the last event of an entity happened.
func (s *store) timeOf(entity, id string) time.Time {
	s.t.Helper()
	text := s.do(fmt.Sprintf(`{ history(entity: %q, id: %q, first: 1) { event { at } } }`, entity, id)).at("data.history.0.event.at")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		s.t.Fatal(err)
	}
	return at
}

func TestAsOf(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed() // c1, p1, o1
		position := s.do(`mutation { createOrder(id: "o2", customer: "c1", lines: [{product: "p1", seller: "s2", price: "2", freight: "0", quantity: 1}]) { receipt { position } } }`).at("data.createOrder.receipt.position")
		s.do(fmt.Sprintf(`{ order(id: "o2", atLeast: %q) { id } }`, position)).want("data.order.id", "o2")
		s.settle()
		before := s.timeOf("Customer", "c1").Add(-1).Format(time.RFC3339Nano)
		first := s.timeOf("Order", "o1").Format(time.RFC3339Nano)
		two := s.timeOf("Order", "o2").Format(time.RFC3339Nano)
		last := ""
		for _, m := range []string{
			`noteOrder(id: "o1", note: "later") { receipt { position } }`, `approveOrder(id: "o2") { receipt { position } }`, `updateProduct(id: "p1", category: "games") { receipt { position } }`,
			`blockCustomer(id: "c1") { receipt { position } }`, `cancelOrder(id: "o1") { receipt { position } }`,
		} {
			last = s.do("mutation { m: " + m + " }").at("data.m.receipt.position")
			s.do(fmt.Sprintf(`{ customer(id: "c1", atLeast: %q) { id } }`, last))
		}

		s.asOfInstants(before, first, two)
		at := fmt.Sprintf("asOf: %q", two)
		s.asOfFilters(at, first)
		s.asOfPages(at, first)
		s.do(fmt.Sprintf(`{ order(id: "o1", %[1]s) { status note customerName history { event { name } } changedBy(field: "note") { event { name } } } gone: order(id: "o9", %[1]s) { id }
			product(id: "p1", %[1]s, atLeast: %[2]q) { category } node(id: "Customer:c1", %[1]s) { ... on Customer { status orders { totalCount } } } history(entity: "Order", id: "o1", %[1]s) { event { name } } }`, at, last)).
			want("data.order.status", "CREATED", "data.order.note", "gift", "data.order.history.0.event.name", "OrderCreated", "data.order.changedBy.event.name", "OrderCreated", "data.gone", "<nil>",
				"data.product.category", "toys", "data.node.status", "ACTIVE", "data.node.orders.totalCount", "2", "data.history.0.event.name", "OrderCreated")

		s.asOfGarbage()
	})
}

// What was deleted is there as of before, with what it was.
func TestAsOfBeforeADelete(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(`mutation { createProduct(id: "p1", category: "toys") { errors { code } } }`)
		position := s.do(`mutation { deleteProduct(id: "p1") { receipt { position } } }`).at("data.deleteProduct.receipt.position")
		s.do(fmt.Sprintf(`{ product(id: "p1", atLeast: %q) { id } }`, position)).want("data.product", "<nil>")
		gone := s.timeOf("Product", "p1")
		for at, want := range map[string]string{gone.Format(time.RFC3339Nano): "0", gone.Add(-1).Format(time.RFC3339Nano): "1"} {
			s.do(fmt.Sprintf(`{ products(asOf: %q) { totalCount } }`, at)).want("data.products.totalCount", want)
		}
		s.do(fmt.Sprintf(`{ product(id: "p1", asOf: %q) { category history { event { name } } } }`, gone.Add(-1).Format(time.RFC3339Nano))).
			want("data.product.category", "toys", "data.product.history.0.event.name", "ProductCreated")
	})
}

// asOfInstants asks for everything at once, as of three instants.
func (s *store) asOfInstants(before, first, two string) {
	s.t.Helper()
	const all = `{ a: orders(asOf: %[1]q, orderBy: [{field: TOTAL, direction: DESC}]) { totalCount pageInfo { hasNextPage }
		edges { node { id version status note total customerName createdAt updatedAt customer { status orders(first: 1) { totalCount edges { node { id status } } } } lines { product { category } } possibleCommands { name } } } } }`
	then := s.do(fmt.Sprintf(all, two)).want("data.a.totalCount", "2",
		"data.a.edges.0.node.id", "o1", "data.a.edges.0.node.version", "1", "data.a.edges.0.node.status", "CREATED", "data.a.edges.0.node.note", "gift", "data.a.edges.0.node.customerName", "Ana",
		"data.a.edges.0.node.updatedAt", first, "data.a.edges.0.node.createdAt", first, "data.a.edges.0.node.customer.status", "ACTIVE", "data.a.edges.0.node.customer.orders.totalCount", "2",
		"data.a.edges.0.node.customer.orders.edges.0.node.status", "CREATED", "data.a.edges.0.node.lines.0.product.category", "toys",
		"data.a.edges.0.node.possibleCommands.0.name", "approveOrder", "data.a.edges.1.node.id", "o2", "data.a.edges.1.node.status", "CREATED")
	s.do(fmt.Sprintf(all, first)).want("data.a.totalCount", "1", "data.a.edges.0.node.customer.orders.totalCount", "1")
	s.do(fmt.Sprintf(all, before)).want("data.a.totalCount", "0", "data.a.edges", "[]")
	s.do(fmt.Sprintf(all, "0001-01-01T00:00:00Z")).want("data.a.totalCount", "0")

	// What was answered once is answered again, whatever happens meanwhile.
	s.do(`mutation { a: noteOrder(id: "o2", note: "x") { errors { code } } }`)
	if again := s.do(fmt.Sprintf(all, two)); again.at("data") != then.at("data") {
		s.t.Errorf("the past changed:\n%s\n%s", then.raw, again.raw)
	}
}

// asOfFilters filters by fields, by copies and through refs.
func (s *store) asOfFilters(at, first string) {
	s.t.Helper()
	for where, want := range map[string]string{
		`{status: {eq: CREATED}}`: "o1 o2", `{note: {isNull: true}}`: "o2", `{customerName: {startsWith: "A"}}`: "o1 o2", `{customerName: {ne: "Ana"}}`: "",
		`{not: {customerName: {isNull: true}}, lines: {some: {seller: {eq: "s2"}}}}`: "o2", `{customer: {status: {eq: ACTIVE}}}`: "o1 o2", `{customer: {status: {eq: BLOCKED}}}`: "",
		`{lines: {some: {product: {category: {eq: "toys"}}}}}`: "o1 o2", `{lines: {some: {product: {category: {eq: "games"}}}}}`: "", `{version: {gt: 1}}`: "",
		fmt.Sprintf(`{createdAt: {gt: %q}}`, first): "o2", fmt.Sprintf(`{updatedAt: {lte: %q}}`, first): "o1",
	} {
		a := s.do(`{ orders(`+at+`, where: `+where+`) { edges { node { id } } } }`).want("errors", "<nil>")
		var ids []string
		for i := 0; ; i++ {
			id, there := a.look(fmt.Sprintf("data.orders.edges.%d.node.id", i))
			if !there {
				break
			}
			ids = append(ids, id)
		}
		if got := strings.Join(ids, " "); got != want {
			s.t.Errorf("%s: %q, not %q", where, got, want)
		}
	}
}

// asOfPages sorts by copies and through refs, and goes on with cursors, which are of one instant.
func (s *store) asOfPages(at, first string) {
	s.t.Helper()
	sorted := s.do(`{ a: orders(`+at+`, orderBy: [{field: CUSTOMER_NAME}, {field: CREATED_AT, direction: DESC}]) { edges { node { id } } } b: orders(`+at+`, orderBy: [{customer: {field: CREATED_AT}}, {field: NOTE}], first: 1) { pageInfo { endCursor hasNextPage } edges { node { id } } } }`).
		want("data.a.edges.0.node.id", "o2", "data.a.edges.1.node.id", "o1", "data.b.edges.0.node.id", "o2", "data.b.pageInfo.hasNextPage", "true")
	cursor := sorted.at("data.b.pageInfo.endCursor")
	const next = `{ orders(%s orderBy: [{customer: {field: CREATED_AT}}, {field: NOTE}], after: %q) { edges { node { id } } } }`
	s.do(fmt.Sprintf(next, at+",", cursor)).want("data.orders.edges.0.node.id", "o1")
	for _, other := range []string{"", fmt.Sprintf("asOf: %q,", first)} {
		s.do(fmt.Sprintf(next, other, cursor)).want("errors.0.extensions.code", "INVALID_INPUT", "errors.0.message", "after is no cursor of this list in this order: send one that this list gave, unchanged")
	}
}

func (s *store) asOfGarbage() {
	s.t.Helper()
	future := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, f := range []string{`order(id: "o1", asOf: %q) { id }`, `orders(asOf: %q) { totalCount }`, `node(id: "Order:o1", asOf: %q) { nodeId }`, `history(entity: "Order", id: "o1", asOf: %q) { event { name } }`} {
		s.do(fmt.Sprintf(`{ `+f+` }`, future)).want("errors.0.extensions.code", "INVALID_INPUT", "errors.0.message", "asOf is in the future: ask for an instant that has passed")
		s.do(fmt.Sprintf(`{ `+f+` }`, "yesterday")).want("errors.0.extensions.code", "INVALID_INPUT", "errors.0.message",
			`asOf: not a DateTime: write RFC 3339 such as "2026-01-31T09:30:00Z", years 1 to 9999, with or without a fraction of up to 9 digits (got "yesterday")`)
	}
	many := strings.Repeat(`{customerName: {eq: "x"}} `, 33) // each is looked up in the past
	s.do(fmt.Sprintf(`{ orders(asOf: %q, where: {or: [%s]}) { totalCount } }`, time.Now().UTC().Format(time.RFC3339Nano), many)).want("errors.0.extensions.code", "TOO_MUCH")
	s.do(`{ orders(where: {or: [`+many+`]}) { totalCount } }`).want("data.orders.totalCount", "0")
	s.do(`{ orders(asOf: null) { totalCount } }`).want("data.orders.totalCount", "2")
}
