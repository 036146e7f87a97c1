package main

import (
	"fmt"
	"testing"
)

// TestReactionsOfAKilledProcess kills the process again and again while reactions run, and then counts what they did.
func TestReactionsOfAKilledProcess(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		p := spawn(t, args...)
		p.seed()
		const rounds, perRound = 4, 30
		p.do(`mutation { updateProduct(id: "p1", stock: 1000) { errors { code } } }`).want("data.updateProduct.errors", "[]")
		order := func(id string) {
			const create = `mutation { createOrder(id: %q, customer: "c1", lines: [{product: "p1", seller: "s1", price: "1", freight: "0", quantity: 2}], command: {id: "c-%s"}) { errors { code } } }`
			p.try(fmt.Sprintf(create, id, id))
			p.try(fmt.Sprintf(`mutation { approveOrder(id: %q, command: {id: "a-%s"}) { errors { code } } }`, id, id))
		}
		for round := range rounds {
			began, killed := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(killed)
				<-began
				p.Kill()
			}()
			for i := range perRound {
				if i == perRound/2 {
					close(began)
				}
				order(fmt.Sprintf("k%d-%d", round, i))
			}
			<-killed
			p.Restart()
			for i := range perRound {
				order(fmt.Sprintf("k%d-%d", round, i))
			}
		}
		p.eventually(`{ reservations { totalCount } }`, "data.reservations.totalCount", fmt.Sprint(rounds*perRound))
		p.eventually(`{ product(id: "p1") { stock } }`, "data.product.stock", fmt.Sprint(1000-2*rounds*perRound))
		p.do(`{ failedReactions { reaction error { code } } }`).want("data.failedReactions", "[]")
	})
}
