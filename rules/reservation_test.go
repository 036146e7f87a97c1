package rules_test

import (
	"testing"

	"github.com/daybook-cqrs/daybook/daybooktest"
)

var reserve = command{Name: "reserveStock", ID: "o/stock", Input: values{"order": "o"}}

// basket is a kit with an approved order of 2 bears, 3 balls and a voucher, which nobody counts.
func basket(t daybooktest.TB, bears, balls int) *daybooktest.Kit {
	lines := []any{
		line(values{"line": "1-1"}), line(values{"line": "1-2", "product": "voucher"}), line(values{"line": "1-3", "product": "ball", "quantity": 3}),
	}
	return newKit(t).Given(ana, bear(bears),
		event{Name: "ProductCreated", ID: "ball", Set: values{"stock": balls}},
		event{Name: "ProductCreated", ID: "voucher"},
		event{Name: "OrderCreated", ID: "o", Set: values{"customer": "ana", "lines": lines, "total": "1"}},
		event{Name: "OrderApproved", ID: "o"})
}

func TestReserveStock(t *testing.T) {
	basket(t, 10, 3).When(reserve).
		Then(
			event{Name: "StockReserved", ID: "o/stock", To: "HELD", Set: values{"order": "o", "lines": []any{
				values{"product": "bear", "quantity": 2}, values{"product": "ball", "quantity": 3},
			}}},
			event{Name: "StockTaken", ID: "bear", Set: values{"stock": 8}},
			event{Name: "StockTaken", ID: "ball", Set: values{"stock": 0}},
		).
		When(command{Name: "releaseStock", ID: "o/stock"}).
		Then(
			event{Name: "StockReleased", From: "HELD", To: "RELEASED", Set: values{}},
			event{Name: "StockReturned", ID: "bear", Set: values{"stock": 10}},
			event{Name: "StockReturned", ID: "ball", Set: values{"stock": 3}},
		)
}

// TestReserveStockTakesAllOrNothing: there are enough bears, and not enough balls.
func TestReserveStockTakesAllOrNothing(t *testing.T) {
	k := basket(t, 10, 2)
	k.When(reserve).ThenRejected("OUT_OF_STOCK").At("")
	k.ThenEntityOf("Product", "bear", values{"stock": 10}).ThenEntityOf("Reservation", "o/stock", nil)
}

func TestReserveStockIsForOrdersThatAreApproved(t *testing.T) {
	newKit(t).Given(ana, bear(10), ordered).When(reserve).ThenRejected("ORDER_CREATED").At("order")
}
