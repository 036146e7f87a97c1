package main

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/internal/teststore"
)

func TestMain(m *testing.M) { teststore.Main(m) }

// process is the program running as a process of its own.
type process struct {
	*store
	*teststore.Process
}

func spawn(t *testing.T, args ...string) *process {
	t.Helper()
	p := teststore.Spawn(t, args...)
	return &process{&store{t: t, addr: p.Addr}, p}
}

// TestKilledInTheMiddle kills the process again and again while clients write, and then compares what was acknowledged with what is there.
func TestKilledInTheMiddle(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		p := spawn(t, args...)
		p.seed()
		const rounds, perRound = 3, 40
		acknowledged := 0
		for round := range rounds {
			began := make(chan struct{})
			killed := make(chan struct{})
			go func() {
				defer close(killed)
				<-began
				p.Kill()
			}()
			for i := range perRound {
				if i == perRound/2 {
					close(began)
				}
				if p.try(fmt.Sprintf(`mutation { createProduct(id: "k%d-%d", photos: %d, command: {id: "c%d-%d"}) { errors { code } } }`, round, i, i, round, i)) {
					acknowledged++
				}
			}
			<-killed
			p.Restart()
			position := ""
			for i := range perRound { // what was not acknowledged is sent again, and what was is not done twice
				a := p.do(fmt.Sprintf(`mutation { createProduct(id: "k%d-%d", photos: %d, command: {id: "c%d-%d"}) { receipt { version position } errors { code } } }`, round, i, i, round, i)).
					want("data.createProduct.errors", "[]", "data.createProduct.receipt.version", "1")
				position = a.at("data.createProduct.receipt.position")
				p.do(fmt.Sprintf(`{ product(id: "k%d-%d", atLeast: %q) { version photos } }`, round, i, position)).
					want("data.product.version", "1", "data.product.photos", fmt.Sprint(i))
			}
		}
		if acknowledged < rounds {
			t.Errorf("only %d were acknowledged before the kills: nothing was tested", acknowledged)
		}
		p.do(`{ products { totalCount } }`).want("data.products.totalCount", fmt.Sprint(1+rounds*perRound))
	})
}

func TestItStopsOnSIGTERM(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		p := spawn(t, args...)
		p.socket("graphql-transport-ws", `subscription { productsChanged { type } }`)
		if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- p.Cmd.Wait() }()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("it did not stop within 10 s")
		}
	})
}

// TestFourProcesses runs each role in a process of its own.
func TestFourProcesses(t *testing.T) {
	args := servers(t)
	commands := spawn(t, append(args, "--roles", "command")...)
	spawn(t, append(args, "--roles", "consolidator")...)
	spawn(t, append(args, "--roles", "reactor")...)
	queries := spawn(t, append(args, "--roles", "query")...)
	live := queries.socket("graphql-transport-ws", `subscription { ordersChanged(snapshot: true) { type order { status customer { name } } event { name } } }`)
	next(t, live).want("data.ordersChanged.type", "LIVE")
	r := commands.seed()
	queries.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { total customerName } }`, r.at("data.createOrder.receipt.position"))).
		want("data.order.total", "79.09", "data.order.customerName", "Ana")
	nextEvent(t, live, "ordersChanged").want("data.ordersChanged.type", "ENTERED", "data.ordersChanged.event.name", "OrderCreated", "data.ordersChanged.order.customer.name", "Ana")
	commands.do(`mutation { approveOrder(id: "o1") { errors { code } } }`).want("data.approveOrder.errors", "[]")
	queries.eventually(`{ reservation(id: "o1/stock") { status } }`, "data.reservation.status", "HELD")
	commands.post("/query", `{ daybook }`).want("errors.0.extensions.code", "NOT_SERVED")
	queries.post("/command", `{ daybook }`).want("errors.0.extensions.code", "NOT_SERVED")
}
