package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/position"
)

// command executes a mutation and returns the position that includes it and all commands before it.
func (s *store) command(mutation string) string {
	s.t.Helper()
	name := mutation[:strings.IndexByte(mutation, '(')]
	text := s.do("mutation { "+mutation+" { receipt { position } errors { code message } } }").want("data."+name+".errors", "[]").at("data." + name + ".receipt.position")
	p, err := position.Parse(text)
	if err != nil {
		s.t.Fatal(err)
	}
	s.done = s.done.Join(p)
	return s.done.String()
}

// buy makes an order with one line of so many of a product for 10 each, and pays for it.
func (s *store) buy(id, customer, product string, quantity int) string {
	s.t.Helper()
	s.command(fmt.Sprintf(`createOrder(id: %q, customer: %q, lines: [{product: %q, seller: "s", price: "10", freight: "0", quantity: %d}])`, id, customer, product, quantity))
	return s.command(fmt.Sprintf(`approveOrder(id: %q)`, id))
}

// shop makes two customers and two products.
func (s *store) shop() {
	s.t.Helper()
	for _, n := range []string{"1", "2"} {
		s.command(`registerCustomer(id: "c` + n + `", name: "n` + n + `", email: "e` + n + `@example.org", city: "x", region: "y")`)
		s.command(`createProduct(id: "p` + n + `")`)
	}
}

const revenue = `{ customerRevenue(id: "c1", atLeast: %q) { nodeId id orders revenue averageOrder largestOrder version customerId customer { name } } }`

func TestViews(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.shop()
		s.command(`createOrder(id: "o0", customer: "c1", lines: [{product: "p1", seller: "s", price: "1", freight: "0", quantity: 1}])`)
		s.buy("o1", "c1", "p1", 3)
		at := s.buy("o2", "c1", "p2", 1)
		s.do(fmt.Sprintf(revenue, at)).want("data.customerRevenue.nodeId", "CustomerRevenue:c1", "data.customerRevenue.orders", "2", "data.customerRevenue.revenue", "40",
			"data.customerRevenue.averageOrder", "20", "data.customerRevenue.largestOrder", "30", "data.customerRevenue.customerId", "c1", "data.customerRevenue.customer.name", "n1")
		at = s.buy("o3", "c2", "p1", 9)
		s.do(fmt.Sprintf(`{ customerRevenues(where: {revenue: {gt: "39"}}, orderBy: [{field: REVENUE, direction: DESC}], atLeast: %q) { totalCount edges { node { id revenue } } } }`, at)).
			want("data.customerRevenues.totalCount", "2", "data.customerRevenues.edges.0.node.id", "c2", "data.customerRevenues.edges.0.node.revenue", "90",
				"data.customerRevenues.edges.1.node.revenue", "40")
		s.do(fmt.Sprintf(`{ customer(id: "c2", atLeast: %q) { revenue { totalCount edges { node { orders customer { name } } } } } node(id: "CustomerRevenue:c1") { ... on CustomerRevenue { orders } } }`, at)).
			want("data.customer.revenue.totalCount", "1", "data.customer.revenue.edges.0.node.customer.name", "n2", "data.node.orders", "2")
		s.do(fmt.Sprintf(`{ product(id: "p1", atLeast: %q) { sales(orderBy: [{field: MONTH}]) { edges { node { lines quantity product { id } } } } } }`, at)).
			want("data.product.sales.edges.0.node.quantity", "12", "data.product.sales.edges.0.node.lines", "2", "data.product.sales.edges.0.node.product.id", "p1")

		s.do(fmt.Sprintf(`{ customerRevenues(where: {customer: {name: {startsWith: "n"}, region: {eq: "y"}}}, orderBy: [{customer: {field: NAME, direction: DESC}}], atLeast: %q) { edges { node { id } } } }`, at)).
			want("data.customerRevenues.edges.0.node.id", "c2", "data.customerRevenues.edges.1.node.id", "c1")

		at = s.command(`cancelOrder(id: "o1")`)
		s.do(fmt.Sprintf(revenue, at)).want("data.customerRevenue.orders", "1", "data.customerRevenue.revenue", "10", "data.customerRevenue.largestOrder", "10")
		s.do(`mutation { cancelOrder(id: "o2") { order { customer { revenue { totalCount } } } errors { code } } }`).
			want("data.cancelOrder.errors", "[]", "data.cancelOrder.order.customer.revenue.totalCount", "0")
		s.do(fmt.Sprintf(revenue, at)).want("data.customerRevenue", "<nil>") // nothing is left that counts
		at = s.buy("o4", "c1", "p1", 5)
		s.do(fmt.Sprintf(revenue, at)).want("data.customerRevenue.orders", "1", "data.customerRevenue.revenue", "50", "data.customerRevenue.largestOrder", "50")
	})
}

// TestViewsAsOfAnInstant asks what views were while they changed: the same as they answered then, in every way in which they are read.
func TestViewsAsOfAnInstant(t *testing.T) {
	const fields = `id orders revenue averageOrder largestOrder customerId customer { name status }`
	views := func(extra string) string {
		return fmt.Sprintf(`{
			list: customerRevenues(%[1]s, where: {revenue: {gt: "9"}}, orderBy: [{field: REVENUE, direction: DESC}], first: 1) { totalCount pageInfo { hasNextPage } edges { node { %[2]s } } }
			byName: customerRevenues(%[1]s, where: {customer: {region: {eq: "y"}}}, orderBy: [{customer: {field: NAME, direction: DESC}}]) { edges { node { %[2]s } } }
			one: customerRevenue(id: "c1", %[1]s) { %[2]s }
			node(id: "CustomerRevenue:c2", %[1]s) { ... on CustomerRevenue { %[2]s } }
			customers(orderBy: [{field: ID}], %[1]s) { edges { node { revenue { totalCount edges { node { %[2]s } } } } } }
			sold: productSalesByMonth(orderBy: [{field: QUANTITY}], %[1]s) { edges { node { id month lines quantity productId } } }
			regions: regionSalesByMonth(where: {region: {eq: "y"}}, %[1]s) { totalCount edges { node { id orders revenue } } }
		}`, extra, fields)
	}
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.shop()
		var was []string
		var instants []time.Time
		look := func() {
			t.Helper()
			was = append(was, s.do(views(fmt.Sprintf("atLeast: %q", s.done))).at("data"))
			instants = append(instants, time.Now())
			time.Sleep(2 * time.Millisecond)
		}
		look()
		s.buy("o1", "c1", "p1", 3)
		look()
		s.buy("o2", "c2", "p2", 1)
		s.buy("o3", "c1", "p2", 7)
		look()
		s.command(`cancelOrder(id: "o3")`)
		look()
		s.command(`blockCustomer(id: "c1")`)
		s.command(`cancelOrder(id: "o1")`)
		s.buy("o4", "c2", "p1", 2)
		look()
		for i, at := range instants {
			got := s.do(views(fmt.Sprintf("asOf: %q", at.UTC().Format(time.RFC3339Nano)))).at("data")
			if got != was[i] {
				t.Errorf("as of step %d:\n%s\nit was\n%s", i, got, was[i])
			}
		}
		if was[1] == was[2] || was[2] == was[3] || was[3] == was[4] {
			t.Error("nothing changed", was)
		}
		at := fmt.Sprintf("asOf: %q", instants[2].UTC().Format(time.RFC3339Nano))
		for query, want := range map[string]string{
			`customerRevenue(id: "c1", ` + at + `) { version }`:                                                                                      "tells no version, createdAt and updatedAt",
			`customers(` + at + `) { edges { node { revenue { edges { node { updatedAt } } } } } }`:                                                  "tells no version, createdAt and updatedAt",
			`node(id: "CustomerRevenue:c1", ` + at + `) { nodeId ... on CustomerRevenue { ... { since: createdAt } } }`:                              "tells no version, createdAt and updatedAt",
			`orders(` + at + `) { edges { node { customer { revenue { edges { row: node { v: version } } } } } } }`:                                  "tells no version, createdAt and updatedAt",
			`customerRevenues(` + at + `, where: {or: [{customer: {version: {gte: 1}}}, {updatedAt: {gt: "2020-01-01T00:00:00Z"}}]}) { totalCount }`: "tells no version, createdAt and updatedAt",
			`customerRevenues(` + at + `, orderBy: [{field: CREATED_AT}]) { totalCount }`:                                                            "tells no version, createdAt and updatedAt",
			`customerRevenues(` + at + `, where: {not: {version: {eq: 1}}}) { totalCount }`:                                                          "tells no version, createdAt and updatedAt",
			`node(id: "CustomerActivity:c1", ` + at + `) { nodeId }`:                                                                                 "asOf: CustomerActivity is a view that functions make",
			`customerRevenues(asOf: "2100-01-01T00:00:00Z") { totalCount }`:                                                                          "asOf is in the future",
		} {
			if message := s.do("{ "+query+" }").want("errors.0.extensions.code", "INVALID_INPUT").at("errors.0.message"); !strings.Contains(message, want) {
				t.Errorf("%s: %s", query, message)
			}
		}
		s.do(`{ customerRevenues(`+at+`, where: {customer: {version: {gte: 1}}}, orderBy: [{customer: {field: VERSION}}], first: 1) { edges { node { id customer { version updatedAt } } } } }`).
			want("data.customerRevenues.edges.0.node.customer.version", "1")
		s.do(`{ customerRevenues(asOf: "1999-01-01T00:00:00Z") { totalCount } customerRevenue(id: "c1", asOf: "1999-01-01T00:00:00Z") { id } }`).
			want("data.customerRevenues.totalCount", "0", "data.customerRevenue", "<nil>")
	})
}

func TestViewsThatAreWrittenInGo(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.shop()
		at := s.buy("o1", "c1", "p1", 3)
		activity := func(at string) answer {
			t.Helper()
			return s.do(fmt.Sprintf(`{ customerActivity(id: "c1", atLeast: %q) { events lastEvent lastOrder { id status } customer { name activity { totalCount } } } }`, at))
		}
		// Of the customer's partition, what came before is consolidated by now too: the order's event was.
		s.eventually(`{ customerActivity(id: "c1") { events } }`, "data.customerActivity.events", "3")
		activity(at).want("data.customerActivity.lastEvent", "OrderApproved", "data.customerActivity.lastOrder.id", "o1", "data.customerActivity.lastOrder.status", "APPROVED",
			"data.customerActivity.customer.activity.totalCount", "1")
		at = s.command(`blockCustomer(id: "c1")`)
		activity(at).want("data.customerActivity.lastEvent", "CustomerBlocked", "data.customerActivity.events", "4")
		s.do(fmt.Sprintf(`{ customerActivities(where: {lastEvent: {eq: "CustomerBlocked"}}, atLeast: %q) { totalCount } }`, at)).want("data.customerActivities.totalCount", "1")
	})
}

func TestLiveQueriesOfViews(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.shop()
		at := s.buy("o1", "c1", "p1", 3)
		s.do(fmt.Sprintf(revenue, at)).want("data.customerRevenue.revenue", "30")
		one := s.events(`subscription { customerRevenueChanged(id: "c1") { type id customerRevenue { orders } } }`)
		rich := s.socket("graphql-transport-ws", `subscription { customerRevenuesChanged(where: {revenue: {gte: "50"}}, snapshot: true) { type id customerRevenue { revenue customer { name } } } }`)
		const ofRich, ofOne = "data.customerRevenuesChanged.", "data.customerRevenueChanged."
		next(t, rich).want(ofRich+"type", "LIVE")
		s.buy("o2", "c1", "p1", 2)
		next(t, rich).want(ofRich+"type", "ENTERED", ofRich+"id", "c1", ofRich+"customerRevenue.revenue", "50", ofRich+"customerRevenue.customer.name", "n1")
		next(t, one).want(ofOne+"type", "UPDATED", ofOne+"customerRevenue.orders", "2")
		s.command(`cancelOrder(id: "o1")`)
		next(t, rich).want(ofRich+"type", "LEFT")
		next(t, one).want(ofOne+"type", "UPDATED", ofOne+"customerRevenue.orders", "1")
		s.command(`cancelOrder(id: "o2")`)
		next(t, one).want(ofOne+"type", "DELETED", ofOne+"id", "c1", ofOne+"customerRevenue", "<nil>")
	})
}

// without is the application with a model as it was before it had views, or as change makes it.
func without(t *testing.T, change func(file, text string) string) app.Definition {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(model, "schema/*.graphql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(model, name)
		if err != nil {
			t.Fatal(err)
		}
		if changed := change(name, string(text)); changed != "" {
			files[name] = &fstest.MapFile{Data: []byte(changed)}
		}
	}
	def := definition
	def.Schema, def.Fingerprint = files, ""
	return def
}

// TestViewsThatAreAddedLater: they are built from what happened before, also when their definition changes, and when somebody wants it.
func TestViewsThatAreAddedLater(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		before := without(t, func(file, text string) string {
			if strings.Contains(text, "@view(") && !strings.HasSuffix(file, "daybook.graphql") {
				return ""
			}
			return text
		})
		before.Projections = nil
		t.Run("before", func(t *testing.T) {
			s := startAs(t, before, args...)
			s.shop()
			at := s.buy("o1", "c1", "p1", 3)
			s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { status } }`, at)).want("data.order.status", "APPROVED")
		})
		t.Run("added", func(t *testing.T) {
			s := start(t, args...)
			s.eventually(`{ customerRevenue(id: "c1") { revenue } }`, "data.customerRevenue.revenue", "30")
			s.eventually(`{ customerActivity(id: "c1") { events } }`, "data.customerActivity.events", "3")
			s.do(fmt.Sprintf(revenue, s.buy("o2", "c1", "p1", 1))).want("data.customerRevenue.revenue", "40")
		})
		t.Run("changed", func(t *testing.T) {
			s := startAs(t, without(t, func(_, text string) string {
				return strings.Replace(text, `@view(of: "Order", in: [APPROVED, PROCESSING, INVOICED, SHIPPED, DELIVERED])`, `@view(of: "Order", in: [CREATED])`, 1)
			}), args...)
			s.command(`createOrder(id: "o3", customer: "c2", lines: [{product: "p1", seller: "s", price: "7", freight: "0", quantity: 1}])`)
			s.eventually(`{ customerRevenues { edges { node { id revenue } } } }`, "data.customerRevenues.edges", "[map[node:map[id:c2 revenue:7]]]")
		})
		t.Run("rebuilt", func(t *testing.T) {
			var out, said bytes.Buffer
			if code := app.Do(t.Context(), definition, append([]string{"rebuild", "CustomerActivity", "CustomerRevenue"}, args...), nil, &out, &said); code != 0 {
				t.Fatal(code, said.String())
			}
			s := start(t, args...)
			s.eventually(`{ customerActivity(id: "c1") { events } }`, "data.customerActivity.events", "5")
			s.eventually(`{ customerRevenues { edges { node { id revenue } } } }`, "data.customerRevenues.edges", "[map[node:map[id:c1 revenue:40]]]")
		})
	})
}
