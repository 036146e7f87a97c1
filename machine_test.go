package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// eventually asks until the answer has what is wanted, and fails after 20 s.
func (s *store) eventually(query string, pairs ...string) answer {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		a, fits := s.do(query), true
		for i := 0; i < len(pairs); i += 2 {
			fits = fits && a.has(pairs[i], pairs[i+1])
		}
		if fits {
			return a
		}
		if time.Now().After(deadline) {
			return a.want(pairs...)
		}
	}
}

// has is want without a failure.
func (a answer) has(path, text string) bool {
	got, there := a.look(path)
	return there && got == text
}

func TestCreatedUpdatedDeleted(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.do(`mutation { updateProduct(id: "p1", weightGrams: null, photos: 3) { product { category weightGrams photos version } receipt { events { name } } errors { code } } }`).
			want("data.updateProduct.product.category", "toys", "data.updateProduct.product.weightGrams", "<nil>", "data.updateProduct.product.photos", "3",
				"data.updateProduct.receipt.events.0.name", "ProductUpdated")
		s.do(`mutation { createProduct(id: "p2") { receipt { version } errors { code } } }`).want("data.createProduct.errors", "[]")
		r := s.do(`mutation { deleteProduct(id: "p2") { product { id } receipt { position version } errors { code } } }`).
			want("data.deleteProduct.receipt.version", "2", "data.deleteProduct.errors", "[]")
		s.do(fmt.Sprintf(`{ product(id: "p2", atLeast: %q) { id } }`, r.at("data.deleteProduct.receipt.position"))).want("data.product", "<nil>")
		for _, m := range []string{`updateProduct(id: "p2", photos: 1)`, `deleteProduct(id: "p2")`, `takeStock(id: "p2", quantity: 1)`} {
			name, _, _ := strings.Cut(m, "(")
			s.do("mutation { "+m+" { receipt { version } errors { code } } }").want("data."+name+".errors.0.code", "NOT_FOUND")
		}
		s.do(`mutation { createProduct(id: "p2") { errors { code } } }`).want("data.createProduct.errors.0.code", "ALREADY_EXISTS")
	})
}

func TestADryRunWritesNothing(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		const dry = `mutation { approveOrder(id: "o1", command: {dryRun: true}) { order { status version } receipt { version durability events { name from to version } } errors { code } } }`
		for range 2 {
			s.do(dry).want("data.approveOrder.order.status", "APPROVED", "data.approveOrder.receipt.durability", "none", "data.approveOrder.receipt.events.0.name", "OrderApproved",
				"data.approveOrder.receipt.events.0.from", "CREATED", "data.approveOrder.receipt.events.0.version", "2")
		}
		s.do(`mutation { reserveStock(order: "o1", command: {dryRun: true}) { reservation { id } errors { code reason field } } }`).
			want("data.reserveStock.errors.0.code", "RULE_VIOLATED", "data.reserveStock.errors.0.reason", "ORDER_CREATED", "data.reserveStock.errors.0.field", "order")
		s.do(`mutation { noteOrder(id: "o1", note: "x") { order { status version } } }`).want("data.noteOrder.order.version", "2", "data.noteOrder.order.status", "CREATED")
	})
}

func TestLinesOfAnOrder(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.do(`mutation { addOrderLine(id: "o1", line: {product: "p1", seller: "s2", price: "1", freight: "0", quantity: 2}) { order { total lines { line seller } } errors { code } } }`).
			want("data.addOrderLine.order.total", "81.09", "data.addOrderLine.order.lines.1.line", "2-1")
		s.do(`mutation { changeOrderLine(id: "o1", line: {line: "1-1", quantity: 1}) { order { total lines { line quantity seller } } errors { code } } }`).
			want("data.changeOrderLine.order.total", "38.43", "data.changeOrderLine.order.lines.0.seller", "s1", "data.changeOrderLine.order.lines.0.quantity", "1")
		s.do(`mutation { changeOrderLine(id: "o1", line: {line: "1-1", price: null}) { errors { code field } } }`).
			want("data.changeOrderLine.errors.0.code", "INVALID_INPUT", "data.changeOrderLine.errors.0.field", "line.price")
		s.do(`mutation { removeOrderLine(id: "o1", line: "7-7") { errors { code reason } } }`).
			want("data.removeOrderLine.errors.0.code", "INVALID_INPUT", "data.removeOrderLine.errors.0.reason", "NO_SUCH_ELEMENT")
		r := s.do(`mutation { removeOrderLine(id: "o1", line: "1-1") { order { total } receipt { position } errors { code } } }`).want("data.removeOrderLine.order.total", "2")
		s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { total version lines { line quantity product { id } } } }`, r.at("data.removeOrderLine.receipt.position"))).
			want("data.order.total", "2", "data.order.lines.0.line", "2-1", "data.order.lines.0.product.id", "p1", "data.order.version", "4")
	})
}

func TestStockIsReservedAndGivenBack(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.do(`mutation { updateProduct(id: "p1", stock: 4) { errors { code } } }`).want("data.updateProduct.errors", "[]")
		s.do(`mutation { approveOrder(id: "o1") { errors { code } } }`).want("data.approveOrder.errors", "[]")
		s.eventually(`{ product(id: "p1") { stock } reservation(id: "o1/stock") { status lines { quantity product { id } } order { status } } }`,
			"data.product.stock", "1", "data.reservation.status", "HELD", "data.reservation.lines.0.quantity", "3", "data.reservation.order.status", "APPROVED")
		s.do(`mutation { createOrder(id: "o2", customer: "c1", lines: [{product: "p1", seller: "s1", price: "1", freight: "1", quantity: 2}]) { errors { code } } }`)
		s.do(`mutation { approveOrder(id: "o2") { errors { code } } }`).want("data.approveOrder.errors", "[]")
		s.eventually(`{ order(id: "o2") { status } }`, "data.order.status", "UNAVAILABLE")
		s.do(`{ failedReactions { reaction event status command entity entityId error { code reason } } }`).
			want("data.failedReactions.0.status", "REJECTED", "data.failedReactions.0.command", "reserveStock", "data.failedReactions.0.error.reason", "OUT_OF_STOCK",
				"data.failedReactions.0.event", "Order:o2@2", "data.failedReactions.0.entityId", "o2/stock")
		s.do(`{ causationOf(event: "Order:o2@3") { eventId name } }`).
			want("data.causationOf.0.eventId", "Order:o2@2", "data.causationOf.0.name", "OrderApproved", "data.causationOf.1.name", "OrderMarkedUnavailable")
		s.do(`mutation { cancelOrder(id: "o1") { errors { code } } }`).want("data.cancelOrder.errors", "[]")
		s.eventually(`{ product(id: "p1") { stock } reservation(id: "o1/stock") { status } }`, "data.product.stock", "4", "data.reservation.status", "RELEASED")
	})
}

func TestCommandsAtTheirTime(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		soon, later := time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano), time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano)
		s.do(fmt.Sprintf(`mutation { cancelOrder(id: "o1", reason: "late", command: {id: "k1", runAt: %q}) { order { status } receipt { version runAt events { name } } errors { code } } }`, soon)).
			want("data.cancelOrder.order.status", "CREATED", "data.cancelOrder.receipt.events", "[]", "data.cancelOrder.errors", "[]")
		s.do(fmt.Sprintf(`mutation { noteOrder(id: "o1", note: "never", command: {id: "k2", runAt: %q}) { receipt { runAt } errors { code } } }`, later)).want("data.noteOrder.errors", "[]")
		s.do(`{ scheduledCommands(entity: "Order", id: "o1") { commandId command } }`).want("data.scheduledCommands.1.commandId", "k2", "data.scheduledCommands.1.command", "noteOrder")
		s.do(`mutation { cancelScheduledCommand(commandId: "k2") }`).want("data.cancelScheduledCommand", "true")
		s.do(`mutation { cancelScheduledCommand(commandId: "k2") }`).want("data.cancelScheduledCommand", "false")
		s.eventually(`{ order(id: "o1") { status cancelReason note } scheduledCommands { commandId } }`,
			"data.order.status", "CANCELED", "data.order.cancelReason", "late", "data.order.note", "gift", "data.scheduledCommands", "[]")
	})
}

func TestTheMachineIsVisible(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.do(`{ stateMachine(entity: "Order") { states { name initial final } transitions { command from to } timeouts { state after command } reactions { event command orElse } mermaid } }`).
			want("data.stateMachine.states.0.name", "CREATED", "data.stateMachine.states.0.initial", "true", "data.stateMachine.timeouts.0.after", "30m",
				"data.stateMachine.timeouts.0.command", "expireOrder", "data.stateMachine.reactions.0.command", "reserveStock", "data.stateMachine.reactions.0.orElse", "markOrderUnavailable")
		s.settle()
		a := s.do(`{ order(id: "o1") { possibleCommands { name to allowed code reason message asked } } }`)
		for i, c := range []string{"approveOrder", "processOrder", "invoiceOrder", "shipOrder"} {
			want := []string{"true", "<nil>"}
			if i > 0 {
				want = []string{"false", "INVALID_TRANSITION"}
			}
			at := fmt.Sprintf("data.order.possibleCommands.%d.", i)
			a.want(at+"name", c, at+"allowed", want[0], at+"code", want[1])
		}
		s.do(`mutation { createOrder(id: "o0", customer: "c1", lines: []) { order { possibleCommands { name allowed } } } }`).want("data.createOrder.order.possibleCommands.0.allowed", "true")
		s.do(`mutation { approveOrder(id: "o0") { order { possibleCommands { name allowed reason code } } } }`).
			want("data.approveOrder.order.possibleCommands.3.reason", "EMPTY_ORDER", "data.approveOrder.order.possibleCommands.3.code", "RULE_VIOLATED", "data.approveOrder.order.possibleCommands.3.allowed", "false")
	})
}

func TestRejectedCommandsAreKept(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--keep-rejected", "10", "--actor-header", "X-User")...)
		s.seed()
		s.post("/graphql", `mutation { shipOrder(id: "o1", carrier: "x", command: {id: "k"}) { errors { code } } }`, "X-User", "bo").want("data.shipOrder.errors.0.code", "INVALID_TRANSITION")
		s.post("/graphql", `mutation { noteOrder(id: "o1", note: "x") { errors { code } } }`, "X-User", "bo\u00e9").want("data.noteOrder.errors", "[]")
		s.eventually(`{ causationOf(event: "Order:o1@2") { actor } }`, "data.causationOf.0.actor", "bo\u00e9")
		s.post("/graphql", `{ daybook }`, "X-User", strings.Repeat("u", 201)).want("errors.0.extensions.code", "INVALID_INPUT")
		s.do(`{ rejectedCommands { id command entity entityId commandId actor input error { code message state } } }`).
			want("data.rejectedCommands.0.actor", "bo",
				"data.rejectedCommands.0.command", "shipOrder", "data.rejectedCommands.0.entityId", "o1", "data.rejectedCommands.0.error.code", "INVALID_TRANSITION",
				"data.rejectedCommands.0.error.state", "CREATED", "data.rejectedCommands.0.commandId", "k", "data.rejectedCommands.0.input", "map[carrier:x]")
	})
}
