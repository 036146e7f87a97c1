package resolve_test

import (
	"fmt"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

const possible = `possibleCommands { name to allowed code reason message asked }`

func TestPossibleCommandsAreTheLogs(t *testing.T) {
	w := newWorld(t)
	customer := w.rt.Model.Entity("Customer")
	w.document("Customer", "c1", schema.Record{"status": "ACTIVE", "name": "Ana"})
	w.write.possible = []command.Possibility{
		{Command: customer.Commands[1], Asked: true},
		{Command: customer.Commands[2], Rejection: command.Reject("NOT_TODAY", "not today"), Asked: true},
	}
	const want = `[{"name": "blockCustomer", "to": "BLOCKED", "allowed": true, "code": null, "reason": null, "message": null, "asked": true},
		{"name": "unblockCustomer", "to": "ACTIVE", "allowed": false, "code": "RULE_VIOLATED", "reason": "NOT_TODAY", "message": "not today", "asked": true}]`
	w.want(`{ customer(id: "c1") { `+possible+` } }`, `{"customer": {"possibleCommands": `+want+`}}`)
	w.wasAsked("Customer:c1")
	w.want(`{ customers { edges { node { name `+possible+` } } } }`, `{"customers": {"edges": [{"node": {"name": "Ana", "possibleCommands": `+want+`}}]}}`)
	w.wasAsked("Customer:c1")
	w.write.possible = nil // it was deleted, and is not consolidated yet
	w.want(`{ customer(id: "c1") { `+possible+` } }`, `{"customer": {"possibleCommands": []}}`)
}

func TestWithoutTheLogPossibleCommandsAreTheModels(t *testing.T) {
	w := newWorld(t)
	w.rt.Commands = nil
	w.document("Customer", "c1", schema.Record{"status": "ACTIVE", "name": "Ana"})
	w.document("Product", "p1", schema.Record{})
	w.want(`{ customer(id: "c1") { `+possible+` } product(id: "p1") { possibleCommands { name to allowed } } }`, `{
		"customer": {"possibleCommands": [
			{"name": "blockCustomer", "to": "BLOCKED", "allowed": true, "code": null, "reason": null, "message": null, "asked": false},
			{"name": "unblockCustomer", "to": "ACTIVE", "allowed": false, "code": "INVALID_TRANSITION", "reason": null,
				"message": "unblockCustomer is not possible: Customer \"c1\" is ACTIVE", "asked": false}]},
		"product": {"possibleCommands": [{"name": "updateProduct", "to": null, "allowed": true}, {"name": "deleteProduct", "to": null, "allowed": true},
			{"name": "takeStock", "to": null, "allowed": true}, {"name": "returnStock", "to": null, "allowed": true}]}}`)
}

func TestACommandWhoseRuleFailsIsNotAllowed(t *testing.T) {
	w := newWorld(t)
	w.document("Customer", "c1", schema.Record{"status": "ACTIVE", "name": "Ana"})
	w.write.possible = []command.Possibility{{Command: w.rt.Model.Command("blockCustomer"), Asked: true, Failed: true}}
	w.want(`{ customer(id: "c1") { `+possible+` } }`, `{"customer": {"possibleCommands": [{"name": "blockCustomer", "to": "BLOCKED", "allowed": false,
		"code": null, "reason": null, "message": "the command would fail: the server's log says why", "asked": true}]}}`)
}

// TestPayloadsSayWhatIsPossibleNow: and of a dry run what would be.
func TestPayloadsSayWhatIsPossibleNow(t *testing.T) {
	w := newWorld(t)
	ref := command.Ref{Entity: "Customer", ID: "c1"}
	w.write.result = &command.Result{
		Entity:  &command.Snapshot{Ref: ref, Version: 2, State: "BLOCKED", Fields: schema.Record{"id": "c1", "status": "BLOCKED"}},
		Receipt: &command.Receipt{CommandID: "x", Version: 2, Durability: "fsync"},
	}
	w.write.possible = []command.Possibility{{Command: w.rt.Model.Command("unblockCustomer"), Asked: true}}
	const mutation = `mutation { blockCustomer(id: "c1") { customer { possibleCommands { name allowed asked } } } }`
	w.want(mutation, `{"blockCustomer": {"customer": {"possibleCommands": [{"name": "unblockCustomer", "allowed": true, "asked": true}]}}}`)

	w.write.asked = nil
	w.write.result.Receipt.Durability = "none"
	w.want(mutation, `{"blockCustomer": {"customer": {"possibleCommands": [{"name": "blockCustomer", "allowed": false, "asked": false}, {"name": "unblockCustomer", "allowed": true, "asked": false}]}}}`)
	if len(w.write.asked) != 1 {
		t.Errorf("a dry run asked %v", w.write.asked)
	}
	w.write.result.Entity.Deleted = true
	w.want(mutation, `{"blockCustomer": {"customer": {"possibleCommands": []}}}`)
}

// TestPossibleCommandsAreBounded: lists inside entities have no pages.
func TestPossibleCommandsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.document("Product", "p1", schema.Record{})
	for id, n := range map[string]int{"enough": resolve.MaxDecisions, "many": resolve.MaxDecisions + 1} {
		lines := make([]any, n)
		for i := range lines {
			lines[i] = schema.Record{"product": "p1", "seller": "s", "price": scalar.NewDecimal(1), "freight": scalar.NewDecimal(0), "quantity": 1}
		}
		w.document("Order", id, schema.Record{"status": "CREATED", "customer": "c1", "lines": lines, "total": scalar.NewDecimal(1)})
	}
	const text = `{ order(id: %q) { lines { product { possibleCommands { name } } } } }`
	if _, errors := w.do(fmt.Sprintf(text, "enough")); errors != "" {
		t.Error(errors)
	}
	w.fails(fmt.Sprintf(text, "many"), "TOO_MUCH the answer has the possibleCommands of more than 1000 entities")
}
