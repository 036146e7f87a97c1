package resolve_test

import (
	"os"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/schema"
)

func TestStateMachine(t *testing.T) {
	w := newWorld(t)
	w.want(`{ stateMachine(entity: "Customer") { entity states { name description initial final } transitions { command event from to description } timeouts { state } reactions { event } } }`,
		`{"stateMachine": {"entity": "Customer",
			"states": [{"name": "ACTIVE", "description": "May order.", "initial": true, "final": false}, {"name": "BLOCKED", "description": "May not order.", "initial": false, "final": false}],
			"transitions": [
				{"command": "registerCustomer", "event": "CustomerRegistered", "from": null, "to": "ACTIVE", "description": null},
				{"command": "blockCustomer", "event": "CustomerBlocked", "from": "ACTIVE", "to": "BLOCKED", "description": null},
				{"command": "unblockCustomer", "event": "CustomerUnblocked", "from": "BLOCKED", "to": "ACTIVE", "description": null}],
			"timeouts": [], "reactions": []}}`)
	w.want(`{ stateMachine(entity: "order") { entity } }`, `{"stateMachine": null}`)
	w.rt.Commands, w.rt.Queries = nil, nil
	if data, errors := w.do(`{ stateMachine(entity: "Order") { mermaid } }`); errors != "" || !strings.Contains(data, `stateDiagram-v2\n    [*] --> CREATED: createOrder\n`) {
		t.Error(data, errors)
	}
}

func TestTimeoutsAndReactionsAreShown(t *testing.T) {
	w := newWorld(t)
	m, err := schema.Load(os.DirFS("../schema/testdata/machine"))
	if err != nil {
		t.Fatal(err)
	}
	w.rt.Model = m
	w.want(`{ stateMachine(entity: "Booking") { timeouts { state after command } reactions { event command entity orElse } } }`, `{"stateMachine": {
		"timeouts": [{"state": "HELD", "after": "30m", "command": "dropBooking"}, {"state": "PAID", "after": "14d", "command": "noteBooking"}],
		"reactions": [{"event": "BookingPaid", "command": "updateShow", "entity": "Show", "orElse": "dropBooking"},
			{"event": "BookingHeld", "command": "noteBooking", "entity": "Booking", "orElse": null},
			{"event": "BookingDropped", "command": "deleteShow", "entity": "Show", "orElse": null}]}}`)
	w.want(`{ stateMachine(entity: "Hall") { states { name } transitions { command from to } } }`, `{"stateMachine": {"states": [], "transitions": [
		{"command": "createHall", "from": null, "to": null}, {"command": "updateHall", "from": null, "to": null}, {"command": "deleteHall", "from": null, "to": null}]}}`)
}

// TestStateMachinesAreBounded: a few hundred aliases in a fragment that many fields spread are millions of fields.
func TestStateMachinesAreBounded(t *testing.T) {
	w := newWorld(t)
	text := "{ " + aliases("stateMachine(entity: \"Order\") { ...M }", 40) + " } fragment M on StateMachine { " + aliases("transitions { ...T }", 40) + " } fragment T on StateTransition { " + aliases("event", 20) + " }"
	if _, errors := w.do(text); !strings.HasPrefix(errors, "TOO_MUCH") {
		t.Errorf("%.200s", errors)
	}
}

func aliases(field string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("x", i) + ": " + field)
	}
	return b.String()
}
