package resolve_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestCommandsForLater(t *testing.T) {
	w := newWorld(t)
	later := scalar.NewDateTime(noon.Add(time.Hour))
	w.write.result = &command.Result{Receipt: &command.Receipt{CommandID: "k", Version: 1, Durability: "fsync", RunAt: later.Time()}}
	const mutation = `mutation { noteOrder(id: "o1", note: "n", command: {%s}) { receipt { runAt version events { name } } errors { code field } } }`
	w.want(fmt.Sprintf(mutation, `runAt: "2026-01-01T13:00:00Z"`), `{"noteOrder": {"receipt": {"runAt": "2026-01-01T13:00:00Z", "version": 1, "events": []}, "errors": []}}`)
	input := schema.Record{"note": "n"}
	w.wasAsked(command.Command{Name: "noteOrder", ID: "o1", Input: input, RunAt: &later})
	w.want(fmt.Sprintf(mutation, `runAt: "2026-01-01T13:00:00Z", occurredAt: "2026-01-01T11:00:00Z"`), `{"noteOrder": {"receipt": null, "errors": [{"code": "INVALID_INPUT", "field": "command.runAt"}]}}`)
	w.want(fmt.Sprintf(mutation, `runAt: "soon"`), `{"noteOrder": {"receipt": null, "errors": [{"code": "INVALID_INPUT", "field": "command.runAt"}]}}`)
	w.wasAsked("refused", "noteOrder", command.InvalidInput, "refused", "noteOrder", command.InvalidInput)
	w.write.result.Receipt.RunAt = time.Time{}
	w.want(fmt.Sprintf(mutation, `runAt: "2026-01-01T13:00:00Z", dryRun: true`), `{"noteOrder": {"receipt": {"runAt": null, "version": 1, "events": []}, "errors": []}}`)
	w.wasAsked(command.Command{Name: "noteOrder", ID: "o1", Input: input, DryRun: true})
}

func TestScheduledCommands(t *testing.T) {
	w := newWorld(t)
	note := command.Command{Name: "noteOrder", ID: "o1", Input: schema.Record{"note": nil}, CommandID: "k", Actor: "ana"}
	w.write.scheduled = []command.Scheduled{{Command: note, RunAt: noon.Add(time.Hour), CreatedAt: noon, Cursor: "x"}}
	w.want(`{ scheduledCommands(entity: "Order", id: "o1", after: "w") { commandId command entity id input actor runAt createdAt cursor } }`, `{"scheduledCommands": [
		{"commandId": "k", "command": "noteOrder", "entity": "Order", "id": "o1", "input": {"note": null}, "actor": "ana", "runAt": "2026-01-01T13:00:00Z", "createdAt": "2026-01-01T12:00:00Z", "cursor": "x"}]}`)
	w.wasAsked(command.ScheduledQuery{Entity: "Order", ID: "o1", First: 50, After: "w"})
	w.write.scheduled = nil
	w.want(`{ all: scheduledCommands(first: 1000) { id } }`, `{"all": []}`)
	w.want(`{ orders: scheduledCommands(entity: "Order", first: null) { id } }`, `{"orders": []}`)
	w.wasAsked(command.ScheduledQuery{First: 1000}, command.ScheduledQuery{Entity: "Order", First: 50})
	w.fails(`{ scheduledCommands(first: 0) { id } }`, "INVALID_INPUT first: a page has 1 to 1000 elements")
	w.fails(`{ scheduledCommands(id: "o1") { id } }`, "INVALID_INPUT id: say of which entity")
	w.fails(`{ scheduledCommands(entity: "Odor", id: "o1") { id } }`, "INVALID_INPUT entity: the model has no Odor")
	w.fails(`{ scheduledCommands(entity: "Order", id: "") { id } }`, "INVALID_INPUT")
	w.write.fails = fmt.Errorf("%w: cursor", command.ErrInvalid)
	w.fails(`{ scheduledCommands(after: "x") { id } }`, "INVALID_INPUT after: ")
	w.write.asked = nil
	w.want(`mutation { a: cancelScheduledCommand(commandId: "c1") b: cancelScheduledCommand(commandId: 2) }`, `{"a": true, "b": false}`)
	w.wasAsked("c1", "2")
}

func TestRejectedCommands(t *testing.T) {
	w := newWorld(t)
	w.write.rejected = []command.Rejected{
		{ID: "n2", At: noon, Command: "approveOrder", Entity: "Order", EntityID: "o1", CommandID: "k", Actor: "ana", Input: []byte(`{"payments":[]}`),
			Code: command.InvalidTransition, Message: "no", State: "UNAVAILABLE", CorrelationID: "c", CausationID: "Order:o1@1"},
		{ID: "n1", At: noon, Command: "goneThing", Entity: "Thing", Code: command.RuleViolated, Reason: "WHY", Message: "no", Field: "x"},
		{ID: "n0", At: noon, Message: "what was kept of it can't be read"},
	}
	w.want(`{ rejectedCommands(first: 2, after: "n3") { id at command entity entityId commandId actor input error { code reason message field state allowed } correlationId causationId } }`, `{"rejectedCommands": [
		{"id": "n2", "at": "2026-01-01T12:00:00Z", "command": "approveOrder", "entity": "Order", "entityId": "o1", "commandId": "k", "actor": "ana", "input": {"payments": []},
			"error": {"code": "INVALID_TRANSITION", "reason": null, "message": "no", "field": null, "state": "UNAVAILABLE", "allowed": ["cancelOrder", "noteOrder"]},
			"correlationId": "c", "causationId": "Order:o1@1"},
		{"id": "n1", "at": "2026-01-01T12:00:00Z", "command": "goneThing", "entity": "Thing", "entityId": null, "commandId": null, "actor": null, "input": null,
			"error": {"code": "RULE_VIOLATED", "reason": "WHY", "message": "no", "field": "x", "state": null, "allowed": []}, "correlationId": null, "causationId": null},
		{"id": "n0", "at": "2026-01-01T12:00:00Z", "command": "", "entity": "", "entityId": null, "commandId": null, "actor": null, "input": null,
			"error": {"code": "INVALID_INPUT", "reason": null, "message": "what was kept of it can't be read", "field": null, "state": null, "allowed": []}, "correlationId": null, "causationId": null}]}`)
	w.wasAsked(2, "n3")
	w.fails(`{ rejectedCommands(first: 1001) { id } }`, "INVALID_INPUT")
	w.write.fails = fmt.Errorf("%w", command.ErrNoNote)
	w.fails(`{ rejectedCommands(after: "x") { id } }`, "INVALID_INPUT after: ")
	w.fails(`{ failedReactions(after: "x") { id } }`, "INVALID_INPUT after: ")
}

func TestFailedReactions(t *testing.T) {
	w := newWorld(t)
	note := command.Command{Name: "noteOrder", ID: "o1"}
	w.write.failed = []command.FailedReaction{
		{ID: "r1", At: noon, Reaction: "OrderApproved/noteOrder", Event: "Order:o1@2", Status: command.ReactionRejected, Command: note, Rejection: command.Reject("NO", "no"), Tries: 1},
		{ID: "r2", At: noon, Reaction: "x", Status: command.ReactionParked, Message: "it failed", Tries: 9},
	}
	w.want(`{ failedReactions { id at reaction event status command entity entityId error { code reason } message tries } }`, `{"failedReactions": [
		{"id": "r1", "at": "2026-01-01T12:00:00Z", "reaction": "OrderApproved/noteOrder", "event": "Order:o1@2", "status": "REJECTED", "command": "noteOrder", "entity": "Order", "entityId": "o1",
			"error": {"code": "RULE_VIOLATED", "reason": "NO"}, "message": null, "tries": 1},
		{"id": "r2", "at": "2026-01-01T12:00:00Z", "reaction": "x", "event": null, "status": "PARKED", "command": null, "entity": null, "entityId": null, "error": null, "message": "it failed", "tries": 9}]}`)
	w.wasAsked(50, "")
	const resume = `mutation { resumeReaction(id: "r1") { receipt { version } errors { code field } } }`
	w.want(resume, `{"resumeReaction": {"receipt": null, "errors": [{"code": "NOT_FOUND", "field": "id"}]}}`)
	w.write.result = &command.Result{Receipt: &command.Receipt{Version: 3, Durability: "fsync"}}
	w.want(resume, `{"resumeReaction": {"receipt": {"version": 3}, "errors": []}}`)
	w.want(`mutation { a: discardReaction(id: "r1") b: discardReaction(id: "r2") }`, `{"a": true, "b": false}`)
	w.wasAsked("r1", "r1", "r1", "r2")
	w.fails(`mutation { discardReaction(id: "") }`, "INVALID_INPUT")
}

// TestWithoutTheCommandRole: what the log answers is asked elsewhere.
func TestWithoutTheCommandRole(t *testing.T) {
	w := newWorld(t)
	w.rt.Commands = nil
	for _, text := range []string{
		`{ scheduledCommands { id } }`, `{ rejectedCommands { id } }`, `{ failedReactions { id } }`,
		`mutation { cancelScheduledCommand(commandId: "x") }`, `mutation { discardReaction(id: "x") }`, `mutation { resumeReaction(id: "x") { errors { code } } }`,
	} {
		w.fails(text, "NOT_SERVED")
	}
}

// TestCommandIDsOfReactionsAreTheirs: they can be told beforehand. A client that used one first would keep the reaction from happening, and nothing would say so.
func TestCommandIDsOfReactionsAreTheirs(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"reaction:88324682-4e61-5aaa-9a15-7d0e9774e113", "timer:x"} {
		w.want(fmt.Sprintf(`mutation { blockCustomer(id: "c1", command: {id: %q}) { customer { id } errors { code field } } }`, id),
			`{"blockCustomer": {"customer": null, "errors": [{"code": "INVALID_INPUT", "field": "command.id"}]}}`)
	}
	w.wasAsked("refused", "blockCustomer", command.InvalidInput, "refused", "blockCustomer", command.InvalidInput)
}
