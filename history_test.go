package main

import (
	"fmt"
	"testing"
)

func TestHistory(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.do(`mutation { noteOrder(id: "o1", note: "for Bo") { errors { code } } }`)
		line := s.do(`mutation { addOrderLine(id: "o1", line: {product: "p1", seller: "s2", price: "1", freight: "0", quantity: 1}) { order { lines { line } } } }`).at("data.addOrderLine.order.lines.1.line")
		s.post("/graphql", `mutation { removeOrderLine(id: "o1", line: "`+line+`", command: {id: "rm"}) { errors { code } } }`).want("data.removeOrderLine.errors", "[]")
		at := s.do(`mutation { approveOrder(id: "o1") { receipt { position } } }`).at("data.approveOrder.receipt.position")

		const entry = `{ event { entity id name from to version at commandId actor correlationId causationId } changes { field key before after } }`
		h := s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { history `+entry+` } }`, at)).want("errors", "<nil>",
			"data.order.history.0.event.name", "OrderApproved", "data.order.history.0.event.from", "CREATED", "data.order.history.0.event.to", "APPROVED",
			"data.order.history.0.event.version", "5", "data.order.history.0.changes.0.field", "status", "data.order.history.0.changes.0.before", "CREATED",
			"data.order.history.0.changes.0.after", "APPROVED", "data.order.history.0.changes.0.key", "<nil>",
			"data.order.history.1.event.commandId", "rm", "data.order.history.1.changes.0.field", "lines", "data.order.history.1.changes.0.key", line,
			"data.order.history.1.changes.0.before.seller", "s2", "data.order.history.1.changes.0.before.price", "1", "data.order.history.1.changes.0.after", "<nil>",
			"data.order.history.1.changes.1.field", "total", "data.order.history.1.changes.1.before", "80.09", "data.order.history.1.changes.1.after", "79.09",
			"data.order.history.2.changes.0.after.seller", "s2", "data.order.history.3.event.name", "OrderNoted",
			"data.order.history.3.changes.0.before", "gift", "data.order.history.3.changes.0.after", "for Bo",
			"data.order.history.4.event.version", "1", "data.order.history.4.event.from", "<nil>", "data.order.history.4.changes.1.field", "customer", "data.order.history.4.changes.1.after", "c1")
		if _, more := h.look("data.order.history.5"); more {
			t.Error(h.raw)
		}
		s.do(`{ order(id: "o1") { history(first: 1, beforeVersion: 3) { event { name } } none: history(first: 0) { event { name } } } customers { edges { node { history(first: 3) { event { name } } orders { edges { node { history(first: 2) { event { version } } } } } } } } }`).
			want("data.order.history.0.event.name", "OrderNoted", "data.order.none", "[]", "data.customers.edges.0.node.history.0.event.name", "CustomerRegistered",
				"data.customers.edges.0.node.orders.edges.0.node.history.1.event.version", "4")

		s.do(`{ order(id: "o1") { note: changedBy(field: "note") { event { name version } changes { after } } state: changedBy(field: "status") { event { name } } ref: changedBy(field: "customerId") { event { name } }
			copy: changedBy(field: "customerName") { event { entity name } } never: changedBy(field: "carrier") { event { name } } lines: changedBy(field: "lines") { event { version } } } }`).
			want("data.order.note.event.name", "OrderNoted", "data.order.note.changes.0.after", "for Bo", "data.order.state.event.name", "OrderApproved", "data.order.ref.event.name", "OrderCreated",
				"data.order.copy.event.entity", "Order", "data.order.never", "<nil>", "data.order.lines.event.version", "4")

		// A mutation's payload has them too, once they are consolidated.
		s.do(`mutation { noteOrder(id: "o1", note: null) { order { history(first: 1) { event { name } changes { before after } } changedBy(field: "note") { event { version } } } } }`).
			want("data.noteOrder.order.history.0.event.name", "OrderNoted", "data.noteOrder.order.history.0.changes.0.after", "<nil>", "data.noteOrder.order.changedBy.event.version", "6")

		for field, message := range map[string]string{
			`order(id: "o1") { history(first: 1001) { event { name } } }`:            "first: a history has 0 to 1000 entries at once, not 1001",
			`order(id: "o1") { history(first: -1) { event { name } } }`:              "first: a history has 0 to 1000 entries at once, not -1",
			`order(id: "o1") { history(beforeVersion: 0) { event { name } } }`:       "beforeVersion: versions begin with 1",
			`order(id: "o1") { changedBy(field: "nope") { event { name } } }`:        `field: Order has no field "nope" whose changes are kept`,
			`order(id: "o1") { changedBy(field: "id") { event { name } } }`:          `field: Order has no field "id" whose changes are kept`,
			`order(id: "o1") { changedBy(field: "lines.price") { event { name } } }`: `field: "lines.price" lies inside a field: ask for "lines" as a whole; the changes of an entry name the elements of lists`,
			`history(entity: "Nope", id: "o1") { event { name } }`:                   `entity: the model has no entity "Nope"`,
			`history(entity: "Order", id: "") { event { name } }`:                    "id: is no ID: it is empty or has control characters",
		} {
			s.do(`{ `+field+` }`).want("errors.0.extensions.code", "INVALID_INPUT", "errors.0.message", message)
		}
	})
}

func TestHistoryOfWhatWasDeleted(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(`mutation { createProduct(id: "p1", category: "toys") { errors { code } } }`)
		s.do(`mutation { updateProduct(id: "p1", category: "games") { errors { code } } }`)
		at := s.do(`mutation { deleteProduct(id: "p1") { receipt { position } product { history { event { name } } changedBy(field: "category") { event { name } } } } }`).
			want("data.deleteProduct.product.history.0.event.name", "ProductDeleted", "data.deleteProduct.product.history.2.event.name", "ProductCreated", "data.deleteProduct.product.changedBy", "<nil>").at("data.deleteProduct.receipt.position")
		s.do(fmt.Sprintf(`{ product(id: "p1", atLeast: %q) { id } history(entity: "Product", id: "p1", atLeast: %q) { event { name version } changes { field before after } } none: history(entity: "Product", id: "p2") { event { name } } }`, at, at)).
			want("data.product", "<nil>", "data.history.0.event.version", "3", "data.history.0.changes.0.field", "category", "data.history.0.changes.0.before", "games", "data.history.0.changes.0.after", "<nil>",
				"data.history.1.changes.0.before", "toys", "data.history.2.changes.0.before", "<nil>", "data.none", "[]")
		s.do(`{ history(entity: "Product", id: "p1", first: 1, beforeVersion: 2) { event { version } } }`).want("data.history.0.event.version", "1")
	})
}
