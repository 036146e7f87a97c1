package rules_test

import "testing"

func TestAStockIsNotNegative(t *testing.T) {
	newKit(t).When(command{Name: "createProduct", ID: "bear", Input: values{"category": "toys", "stock": 1}}).
		Then(event{Name: "ProductCreated", Set: values{"category": "toys", "stock": 1}}).
		When(command{Name: "updateProduct", ID: "bear", Input: values{"stock": nil}}).
		Then(event{Name: "ProductUpdated", Set: values{"stock": nil}}).
		When(command{Name: "updateProduct", ID: "bear", Input: values{"stock": -1}}).
		ThenRejected("NEGATIVE_STOCK").At("stock")
	newKit(t).When(command{Name: "createProduct", ID: "bear", Input: values{"stock": -1}}).ThenRejected("NEGATIVE_STOCK").At("stock")
}

func TestStockIsTakenAndReturned(t *testing.T) {
	move := func(name string, n int) command {
		return command{Name: name, ID: "bear", Input: values{"quantity": n}}
	}
	k := newKit(t).Given(bear(2))
	k.When(move("takeStock", 2)).Then(event{Name: "StockTaken", Set: values{"stock": 0}}).
		When(move("takeStock", 1)).ThenRejected("OUT_OF_STOCK").At("quantity").Saying("there are 0 of product bear, not 1")
	k.When(move("takeStock", 0)).ThenRejected("BAD_QUANTITY").At("quantity")
	k.When(move("returnStock", 3)).Then(event{Name: "StockReturned", Set: values{"stock": 3}})
	k.When(move("returnStock", 0)).ThenRejected("BAD_QUANTITY").At("quantity")
}

func TestWhatNobodyCountsIsNeverOut(t *testing.T) {
	k := newKit(t).Given(event{Name: "ProductCreated", ID: "bear"})
	for _, name := range []string{"takeStock", "returnStock"} {
		k.When(command{Name: name, ID: "bear", Input: values{"quantity": 1000}})
	}
	k.ThenEntityOf("Product", "bear", values{"stock": nil})
}
