package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/daybook-cqrs/daybook/internal/teststore"
)

// pairs runs a test on every pair of engines; servers returns the arguments for a Redis and a MongoDB of the test's own.
var (
	pairs   = teststore.Pairs
	servers = teststore.Servers
)

func TestTheStore(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.settle()
		r := s.do(`mutation { approveOrder(id: "o1", payments: [{type: "credit_card", installments: 2, value: "79.09"}], command: {id: "cmd-7", expectedVersion: 1}) { order { status approvedAt } receipt { version duplicate position } errors { code } } }`).
			want("data.approveOrder.order.status", "APPROVED", "data.approveOrder.receipt.version", "2", "data.approveOrder.receipt.duplicate", "false")
		s.do(fmt.Sprintf(`query { order(id: "o1", atLeast: %q) { id nodeId status total customerName customerId customer { name orders(first: 10) { totalCount edges { node { id } } } } version createdAt updatedAt } }`, r.at("data.approveOrder.receipt.position"))).
			want("data.order.nodeId", "Order:o1", "data.order.status", "APPROVED", "data.order.customerName", "Ana", "data.order.customer.orders.totalCount", "1",
				"data.order.customer.orders.edges.0.node.id", "o1", "data.order.version", "2")
		s.do(`query { orders(where: {status: {in: [CREATED, APPROVED]}, total: {gt: "50"}}, orderBy: [{field: TOTAL, direction: DESC}], first: 20) { totalCount edges { cursor node { id status total } } pageInfo { hasNextPage endCursor } } }`).
			want("data.orders.totalCount", "1", "data.orders.edges.0.node.total", "79.09", "data.orders.pageInfo.hasNextPage", "false")
		s.do(`{ node(id: "Order:o1") { nodeId ... on Order { lines { product { category } } } } }`).want("data.node.lines.0.product.category", "toys")
		// The same command again says what it did then, although the order moved on.
		s.do(`mutation { shipOrder(id: "o1", carrier: "x") { errors { code } } }`).want("data.shipOrder.errors", "[]")
		s.do(`mutation { approveOrder(id: "o1", payments: [{type: "credit_card", installments: 2, value: "79.09"}], command: {id: "cmd-7", expectedVersion: 1}) { order { status version } receipt { version duplicate } errors { code } } }`).
			want("data.approveOrder.order.status", "APPROVED", "data.approveOrder.order.version", "2", "data.approveOrder.receipt.duplicate", "true")
	})
}

func TestRejections(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		reject := func(mutation, code string, more ...string) {
			t.Helper()
			name := mutation[:strings.IndexByte(mutation, '(')]
			a := s.do("mutation { " + mutation + " { receipt { version } errors { code reason message field state allowed } } }")
			a.want("data."+name+".errors.0.code", code, "data."+name+".receipt", "<nil>")
			for i := 0; i < len(more); i += 2 {
				a.want("data."+name+".errors.0."+more[i], more[i+1])
			}
		}
		line := `{product: "p1", seller: "s1", price: "1", freight: "1", quantity: 1}`
		reject(`shipOrder(id: "o1")`, "INVALID_TRANSITION", "state", "CREATED", "allowed", "[approveOrder markOrderUnavailable cancelOrder expireOrder addOrderLine changeOrderLine removeOrderLine noteOrder]")
		reject(`shipOrder(id: "nothing")`, "NOT_FOUND")
		reject(`createOrder(id: "o1", customer: "c1", lines: [])`, "ALREADY_EXISTS")
		reject(`createOrder(customer: "nobody", lines: [])`, "REFERENCE_NOT_FOUND", "field", "customer")
		reject(`createOrder(customer: "c1", lines: [`+line+`, {product: "p9", seller: "s", price: "1", freight: "1", quantity: 1}])`, "REFERENCE_NOT_FOUND", "field", "lines[1].product")
		reject(`createOrder(customer: "c1", lines: [{product: "p1", seller: "s1", price: "1", freight: "1", quantity: 0}])`, "RULE_VIOLATED", "reason", "BAD_QUANTITY", "field", "lines[0].quantity")
		reject(`noteOrder(id: "o1", note: "x", command: {expectedVersion: 7})`, "VERSION_CONFLICT")
		reject(`registerCustomer(name: "Bo", email: "ana@example.org", city: "x", region: "y")`, "NOT_UNIQUE", "field", "email")
		reject(`noteOrder(id: "o1", note: "x", command: {occurredAt: "2020-01-01T00:00:00Z"})`, "INVALID_INPUT", "field", "command.occurredAt")
		// With nothing before it, only the lack of --allow-import speaks against it.
		reject(`createProduct(id: "p2", command: {occurredAt: "2020-01-01T00:00:00Z"})`, "INVALID_INPUT", "field", "command.occurredAt")
		s.do(`{ product(id: "p2") { id } }`).want("data.product", "<nil>")
		s.do(`mutation { noteOrder(id: "o1", note: "x", command: {id: "k"}) { errors { code } } }`).want("data.noteOrder.errors", "[]")
		reject(`noteOrder(id: "o1", note: "y", command: {id: "k"})`, "COMMAND_ID_REUSED")
		s.do(`mutation { blockCustomer(id: "c1") { errors { code } } }`).want("data.blockCustomer.errors", "[]")
		reject(`createOrder(customer: "c1", lines: [`+line+`])`, "RULE_VIOLATED", "reason", "CUSTOMER_BLOCKED", "field", "customer")
		s.do(`mutation { unblockCustomer(id: "c1") { errors { code } } createOrder(id: "o2", customer: "c1", lines: []) { errors { code } } approveOrder(id: "o2") { errors { code } } }`).
			want("data.createOrder.errors", "[]", "data.approveOrder.errors", "[]")
		reject(`shipOrder(id: "o2")`, "RULE_VIOLATED", "reason", "EMPTY_ORDER")
	})
}

func TestPresenceAndDryRun(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.settle()
		s.do(`mutation { noteOrder(id: "o1") { order { note } } }`).want("data.noteOrder.order.note", "gift")
		s.do(`mutation { noteOrder(id: "o1", note: "n", command: {dryRun: true}) { order { note version } receipt { durability version } } }`).
			want("data.noteOrder.order.note", "n", "data.noteOrder.receipt.durability", "none", "data.noteOrder.receipt.version", "3")
		s.do(`mutation { noteOrder(id: "o1", note: null) { order { note version } } }`).want("data.noteOrder.order.note", "<nil>", "data.noteOrder.order.version", "3")
		s.do(`mutation { updateProduct(id: "p1", photos: 3) { product { category photos } } }`).want("data.updateProduct.product.category", "toys", "data.updateProduct.product.photos", "3")
		s.do(`mutation { updateProduct(id: "p1", category: null) { product { category photos } } }`).want("data.updateProduct.product.category", "<nil>", "data.updateProduct.product.photos", "3")
		r := s.do(`mutation { deleteProduct(id: "p1") { receipt { position } errors { code } } }`).want("data.deleteProduct.errors", "[]")
		s.do(fmt.Sprintf(`{ product(id: "p1", atLeast: %q) { id } }`, r.at("data.deleteProduct.receipt.position"))).want("data.product", "<nil>")
		s.do(`{ order(id: "o1") { lines { product { id } } } }`).want("data.order.lines.0.product", "<nil>")
		s.do(`mutation { createProduct(id: "p1") { errors { code } } }`).want("data.createProduct.errors.0.code", "ALREADY_EXISTS")
	})
}

func TestRaces(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		count := func(query func(i int) string, path string) map[string]int {
			var mu sync.Mutex
			got := map[string]int{}
			var wg sync.WaitGroup
			for i := range 32 {
				wg.Go(func() {
					v := s.do(query(i)).at(path)
					mu.Lock()
					defer mu.Unlock()
					got[v]++
				})
			}
			wg.Wait()
			return got
		}
		same := count(func(int) string {
			return `mutation { noteOrder(id: "o1", note: "same", command: {id: "once"}) { receipt { version duplicate } errors { code } } }`
		}, "data.noteOrder.receipt")
		if same["map[duplicate:false version:2]"] != 1 || same["map[duplicate:true version:2]"] != 31 {
			t.Errorf("32 clients with one command id: %v", same)
		}
		race := count(func(i int) string {
			return fmt.Sprintf(`mutation { noteOrder(id: "o1", note: "%d", command: {expectedVersion: 2}) { errors { code } } }`, i)
		}, "data.noteOrder.errors")
		if race["[]"] != 1 || race["[map[code:VERSION_CONFLICT]]"] != 31 {
			t.Errorf("32 clients at one version: %v", race)
		}
		all := count(func(i int) string {
			return fmt.Sprintf(`mutation { noteOrder(id: "o1", note: "%d") { errors { code } } }`, i)
		}, "data.noteOrder.errors")
		if all["[]"] != 32 {
			t.Errorf("32 clients that name no version: %v", all)
		}
		s.do(`mutation { noteOrder(id: "o1", note: "end") { receipt { version } } }`).want("data.noteOrder.receipt.version", "36")
	})
}

func TestIdempotencyKey(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		m := `mutation { noteOrder(id: "o1", note: "k") { receipt { duplicate commandId } } }`
		s.post("/command", m, "Idempotency-Key", "key-1").want("data.noteOrder.receipt.duplicate", "false", "data.noteOrder.receipt.commandId", "key-1")
		s.post("/command", m, "Idempotency-Key", "key-1").want("data.noteOrder.receipt.duplicate", "true")
		create := `mutation { createProduct { product { id } receipt { duplicate } } }`
		first := s.post("/command", create, "Idempotency-Key", "key-2").at("data.createProduct.product.id")
		s.post("/command", create, "Idempotency-Key", "key-2").want("data.createProduct.product.id", first, "data.createProduct.receipt.duplicate", "true")
	})
}

func TestHalves(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.post("/query", `{ scheduledCommands { commandId } }`).want("errors.0.extensions.code", "WRONG_ENDPOINT")
		s.post("/query", `mutation { blockCustomer(id: "c1") { errors { code } } }`).want("errors.0.extensions.code", "WRONG_ENDPOINT")
		s.post("/command", `{ orders { totalCount } }`).want("errors.0.extensions.code", "WRONG_ENDPOINT")
		s.post("/command", `subscription { orderChanged(id: "o1") { type } }`).want("errors.0.extensions.code", "WRONG_ENDPOINT")
		s.post("/command", `{ __schema { subscriptionType { name } mutationType { name } } filter: __type(name: "OrderFilter") { name } }`).
			want("data.__schema.subscriptionType", "<nil>", "data.__schema.mutationType.name", "Mutation", "data.filter", "<nil>")
		s.post("/query", `{ __schema { subscriptionType { name } mutationType { name } } payload: __type(name: "OrderPayload") { name } }`).
			want("data.__schema.mutationType", "<nil>", "data.__schema.subscriptionType.name", "Subscription", "data.payload", "<nil>")
		s.do(`{ daybook }`).want("data.daybook", "0.1.0")
	})
}

func TestImportedHistory(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--allow-import")...)
		at := func(command, id, when string) answer {
			t.Helper()
			return s.do(fmt.Sprintf(`mutation { m: %s(id: %q, command: {occurredAt: %q}) { product { createdAt updatedAt } receipt { position } errors { code field } } }`, command, id, when))
		}
		at("createProduct", "p1", "2017-10-02T10:56:33Z").want("data.m.errors", "[]", "data.m.product.createdAt", "2017-10-02T10:56:33Z")
		at("updateProduct", "p1", "2017-10-02T10:56:32Z").want("data.m.errors.0.code", "INVALID_INPUT", "data.m.errors.0.field", "command.occurredAt")
		at("updateProduct", "p1", "2999-01-01T00:00:00Z").want("data.m.errors.0.code", "INVALID_INPUT")
		at("updateProduct", "p1", "2017-10-02T10:56:33Z").want("data.m.errors", "[]")
		r := at("updateProduct", "p1", "2017-10-03T12:00:00.000000001+02:00").want("data.m.errors", "[]", "data.m.product.createdAt", "2017-10-02T10:56:33Z")
		s.do(fmt.Sprintf(`{ product(id: "p1", atLeast: %q) { version createdAt updatedAt } }`, r.at("data.m.receipt.position"))).
			want("data.product.version", "3", "data.product.createdAt", "2017-10-02T10:56:33Z", "data.product.updatedAt", "2017-10-03T10:00:00.000000001Z")
		// What happens now is not held back by history, nor the other way round.
		s.do(`mutation { updateProduct(id: "p1", photos: 1) { errors { code } } }`).want("data.updateProduct.errors", "[]")
		at("createProduct", "p2", "2016-01-01T00:00:00Z").want("data.m.errors", "[]")
	})
}
