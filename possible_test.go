package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestWhatIsPossible asks what can be done with an order: as clients that show buttons do.
func TestWhatIsPossible(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.settle()
		const possible = `possibleCommands { name to allowed code }`
		const approve, ship = `{"name":"approveOrder","to":"APPROVED","allowed":%v,"code":%s}`, `{"name":"shipOrder","to":"SHIPPED","allowed":%v,"code":%s}`
		says := func(a answer, command string, allowed bool) {
			t.Helper()
			code := "null"
			if !allowed {
				code = `"INVALID_TRANSITION"`
			}
			if want := fmt.Sprintf(command, allowed, code); !strings.Contains(a.raw, want) {
				t.Errorf("%s is not in %s", want, a.raw)
			}
		}
		for _, a := range []answer{s.do(`{ order(id: "o1") { ` + possible + ` } }`), s.post("/query", `{ orders { edges { node { `+possible+` } } } }`)} {
			says(a, approve, true)
			says(a, ship, false)
		}
		a := s.post("/command", `mutation { approveOrder(id: "o1") { order { `+possible+` } receipt { position events { eventId } } } }`).
			want("data.approveOrder.receipt.events.0.eventId", "Order:o1@2")
		says(a, approve, false)
		says(a, ship, true)
		a = s.do(`mutation { cancelOrder(id: "o1", command: {dryRun: true}) { order { status `+possible+` } } }`).want("data.cancelOrder.order.status", "CANCELED")
		says(a, ship, false)
		s.do(`mutation { createProduct(id: "gone") { errors { code } } deleteProduct(id: "gone") { product { possibleCommands { name } } } }`).want("data.deleteProduct.product.possibleCommands", "[]")
	})
}

func TestStateMachines(t *testing.T) {
	s := start(t, "--data", t.TempDir())
	for _, endpoint := range []string{"/command", "/query", "/graphql"} {
		s.post(endpoint, `{ stateMachine(entity: "Customer") { states { name initial } transitions { command from to } mermaid } none: stateMachine(entity: "Nothing") { entity } }`).
			want("data.stateMachine.states.0", "map[initial:true name:ACTIVE]", "data.stateMachine.transitions.1", "map[command:blockCustomer from:ACTIVE to:BLOCKED]", "data.none", "<nil>")
	}
	s.post("/command", `{ orders { totalCount } }`).want("errors.0.extensions.code", "WRONG_ENDPOINT")
}

func TestCommandsForLater(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.post("/command", `mutation { noteOrder(id: "o1", note: "later", command: {id: "k", runAt: "2999-01-01T00:00:00Z"}) { order { note version } receipt { runAt version events { name } } errors { code } } }`).
			want("data.noteOrder.order", "map[note:gift version:1]", "data.noteOrder.receipt", "map[events:[] runAt:2999-01-01T00:00:00Z version:1]", "data.noteOrder.errors", "[]")
		const all = `{ scheduledCommands(entity: "Order", id: "o1") { commandId command entity id input runAt } }`
		s.post("/command", all).want("data.scheduledCommands", "[map[command:noteOrder commandId:k entity:Order id:o1 input:map[note:later] runAt:2999-01-01T00:00:00Z]]")
		cursor := s.do(`{ scheduledCommands { cursor } }`).at("data.scheduledCommands.0.cursor")
		s.do(fmt.Sprintf(`{ scheduledCommands(after: %q) { id } }`, cursor)).want("data.scheduledCommands", "[]")
		s.do(`{ scheduledCommands(after: "nonsense") { id } }`).want("errors.0.extensions.code", "INVALID_INPUT")
		s.do(`mutation { cancelScheduledCommand(commandId: "k") }`).want("data.cancelScheduledCommand", "true")
		s.do(`mutation { cancelScheduledCommand(commandId: "k") }`).want("data.cancelScheduledCommand", "false")
		s.do(all).want("data.scheduledCommands", "[]")
	})
}

func TestRejectionsAreKept(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, append(args, "--keep-rejected", "2")...)
		s.seed()
		for i := range 3 {
			s.do(fmt.Sprintf(`mutation { shipOrder(id: "o1", carrier: "c%d", command: {id: "k%[1]d"}) { errors { code } } }`, i)).want("data.shipOrder.errors.0.code", "INVALID_TRANSITION")
		}
		a := s.post("/command", `{ rejectedCommands { id command entityId commandId input error { code state } } }`).
			want("data.rejectedCommands.0.input.carrier", "c2", "data.rejectedCommands.0.error", "map[code:INVALID_TRANSITION state:CREATED]", "data.rejectedCommands.1.commandId", "k1")
		if strings.Contains(a.raw, `"k0"`) {
			t.Error("more are kept than asked for", a.raw)
		}
		s.do(fmt.Sprintf(`{ rejectedCommands(first: 1, after: %q) { commandId } }`, a.at("data.rejectedCommands.0.id"))).want("data.rejectedCommands", "[map[commandId:k1]]")
		s.do(`{ rejectedCommands(after: "nothing") { id } }`).want("errors.0.extensions.code", "INVALID_INPUT")
	})
}

func TestCauses(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		position := s.do(`mutation { noteOrder(id: "o1", note: "n", command: {id: "k"}) { receipt { position } } }`).at("data.noteOrder.receipt.position")
		s.do(fmt.Sprintf(`{ causationOf(event: "Order:o1@2", atLeast: %q) { eventId name commandId causationId } }`, position)).
			want("data.causationOf", "[map[causationId:<nil> commandId:k eventId:Order:o1@2 name:OrderNoted]]")
		s.do(`{ causationOf(event: "Order:o1@9") { id } }`).want("errors.0.extensions.code", "NOT_FOUND")
		s.do(`{ causationOf(event: "o1") { id } }`).want("errors.0.extensions.code", "INVALID_INPUT")
	})
}

// TestFailedReactionsAreDecided: an order that can't be had is tried again, in vain, and forgotten.
func TestFailedReactionsAreDecided(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		s.do(`mutation { updateProduct(id: "p1", stock: 1) { errors { code } } approveOrder(id: "o1") { errors { code } } }`).want("data.approveOrder.errors", "[]")
		s.eventually(`{ order(id: "o1") { status } }`, "data.order.status", "UNAVAILABLE")
		id := s.post("/command", `{ failedReactions { id event error { reason } } }`).
			want("data.failedReactions.0.event", "Order:o1@2", "data.failedReactions.0.error.reason", "OUT_OF_STOCK").at("data.failedReactions.0.id")
		s.do(fmt.Sprintf(`{ failedReactions(after: %q) { id } }`, id)).want("data.failedReactions", "[]")
		s.do(`{ failedReactions(after: "nothing") { id } }`).want("errors.0.extensions.code", "INVALID_INPUT")
		const resume = `mutation { resumeReaction(id: %q) { receipt { version } errors { code } } }`
		if a := s.do(fmt.Sprintf(resume, id)).want("data.resumeReaction.receipt", "<nil>"); a.at("data.resumeReaction.errors") == "[]" {
			t.Error(a.raw)
		}
		s.do(fmt.Sprintf(`mutation { discardReaction(id: %q) }`, id)).want("data.discardReaction", "true")
		s.do(fmt.Sprintf(`mutation { discardReaction(id: %q) }`, id)).want("data.discardReaction", "false")
		s.do(fmt.Sprintf(resume, id)).want("data.resumeReaction.receipt", "<nil>", "data.resumeReaction.errors", "[map[code:NOT_FOUND]]")
	})
}
