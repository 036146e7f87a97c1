package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// readOwnWrite is what README.md says about reading what one wrote.
const readOwnWrite = `order(id: "o1", atLeast: "<receipt.position>")`

// readme returns the operations of README.md in their order. Blank lines part those of one block.
func readme(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), readOwnWrite) {
		t.Errorf("README does not say %s any more", readOwnWrite)
	}
	var out []string
	for _, block := range regexp.MustCompile("(?s)```graphql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, strings.Split(strings.TrimSpace(block[1]), "\n\n")...)
	}
	return out
}

// TestREADME types in what README.md says, as it is written there, and compares with what it says comes of it.
func TestREADME(t *testing.T) {
	var names []string
	operations := map[string]string{}
	for _, op := range readme(t) {
		name := strings.Join(regexp.MustCompile(`\w+`).FindAllString(op, 2), " ")
		operations[name] = op
		names = append(names, name)
	}
	if got := strings.Join(names, ", "); got != "mutation registerCustomer, mutation createProduct, mutation createOrder, query orders, subscription ordersChanged, mutation approveOrder, query order" {
		t.Fatalf("README has other operations now, teach them to this test: %s", got)
	}
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(operations["mutation registerCustomer"]).want("data.registerCustomer.customer", "map[id:c1 name:Ana status:ACTIVE]", "data.registerCustomer.errors", "[]",
			"data.registerCustomer.receipt.events", "[map[name:CustomerRegistered]]", "data.registerCustomer.receipt.version", "1")
		s.do(operations["mutation createProduct"]).want("data.createProduct.product", "map[category:toys id:p1]", "data.createProduct.errors", "[]")
		position := s.do(operations["mutation createOrder"]).want("data.createOrder.order", "map[customer:map[name:Ana] id:o1 status:CREATED total:79.09]", "data.createOrder.errors", "[]").
			at("data.createOrder.receipt.position")
		s.do("{ "+strings.Replace(readOwnWrite, "<receipt.position>", position, 1)+" { status } }").want("data.order.status", "CREATED")
		s.do(operations["query orders"]).want("data.orders.totalCount", "1", "data.orders.edges", "[map[node:map[customer:map[name:Ana] id:o1 status:CREATED total:79.09]]]", "data.orders.pageInfo.hasNextPage", "false")

		live := s.socket("graphql-transport-ws", operations["subscription ordersChanged"])
		s.untilLive(live)
		s.do(operations["mutation approveOrder"]).want("data.approveOrder.order.status", "APPROVED", "data.approveOrder.receipt", "map[duplicate:false version:2]", "data.approveOrder.errors", "[]")
		a := next(t, live)
		for a.at("data.ordersChanged.id") != "o1" { // those that were made to see whether it is live
			a = next(t, live)
		}
		a.want("data.ordersChanged.type", "ENTERED", "data.ordersChanged.order", "map[id:o1 status:APPROVED]", "data.ordersChanged.event", "map[name:OrderApproved version:2]")
		if a.at("data.ordersChanged.token") == "" {
			t.Error("no token")
		}
		s.do(operations["mutation approveOrder"]).want("data.approveOrder.order.status", "APPROVED", "data.approveOrder.receipt", "map[duplicate:true version:2]", "data.approveOrder.errors", "[]")
		s.eventually(operations["query order"], "data.order.changedBy.event", "map[commandId:cmd-7 name:OrderApproved]", "data.order.history.1.event.name", "OrderCreated",
			"data.order.history.0.changes.0", "map[after:APPROVED before:CREATED field:status]")
		s.do(`mutation { noteOrder(id: "o1", note: "n") { receipt { version } } }`).want("data.noteOrder.receipt.version", "3")
	})
}

// untilLive approves orders until the subscription tells of one: it says nothing when it begins.
func (s *store) untilLive(live <-chan answer) {
	s.t.Helper()
	for i := range 500 {
		s.do(fmt.Sprintf(`mutation { createOrder(id: "live%d", customer: "c1", lines: []) { errors { code } } approveOrder(id: "live%[1]d") { errors { code } } }`, i)).want("data.approveOrder.errors", "[]")
		select {
		case <-live:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	s.t.Fatal("nothing came")
}
