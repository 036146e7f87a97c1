package resolve_test

import (
	"fmt"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// archive puts the first version of a customer into the archive.
func (w *world) archive(id, causation string) {
	w.Helper()
	v := documents.Version{
		ID: id, Version: 1, Event: "CustomerRegistered", To: "ACTIVE", At: noon, State: schema.Record{"status": "ACTIVE"}, Changes: []byte("[]"),
		CommandID: "cmd-" + id, Actor: "ana", CorrelationID: "corr", CausationID: causation, Place: position.Place{Epoch: 1, Seq: 1},
	}
	if err := w.store.Archive(w.Context(), "Customer", []documents.Version{v}); err != nil {
		w.Fatal(err)
	}
}

func TestCausationOf(t *testing.T) {
	w := newWorld(t)
	w.archive("a", "the client's own word")
	w.archive("b:@1", "Customer:a@1")
	w.archive("c", "Customer:b:@1@1")
	w.archive("d", "Customer:missing@7")
	w.archive("e", "Thing:missing@7")
	w.want(`{ causationOf(event: "Customer:c@1") { eventId entity id name from to version at commandId actor correlationId causationId } }`, `{"causationOf": [
		{"eventId": "Customer:a@1", "entity": "Customer", "id": "a", "name": "CustomerRegistered", "from": null, "to": "ACTIVE", "version": 1, "at": "2026-01-01T12:00:00Z",
			"commandId": "cmd-a", "actor": "ana", "correlationId": "corr", "causationId": "the client's own word"},
		{"eventId": "Customer:b:@1@1", "entity": "Customer", "id": "b:@1", "name": "CustomerRegistered", "from": null, "to": "ACTIVE", "version": 1, "at": "2026-01-01T12:00:00Z",
			"commandId": "cmd-b:@1", "actor": "ana", "correlationId": "corr", "causationId": "Customer:a@1"},
		{"eventId": "Customer:c@1", "entity": "Customer", "id": "c", "name": "CustomerRegistered", "from": null, "to": "ACTIVE", "version": 1, "at": "2026-01-01T12:00:00Z",
			"commandId": "cmd-c", "actor": "ana", "correlationId": "corr", "causationId": "Customer:b:@1@1"}]}`)
	w.want(`{ d: causationOf(event: "Customer:d@1") { id } e: causationOf(event: "Customer:e@1") { id } }`, `{"d": [{"id": "d"}], "e": [{"id": "e"}]}`)
	w.fails(`{ causationOf(event: "Customer:a@2") { id } }`, `NOT_FOUND event: there is no event "Customer:a@2"`)
	w.fails(`{ causationOf(event: "Thing:a@2") { id } }`, `NOT_FOUND`)
	for _, id := range []string{`"a"`, `7`, `""`, `"Customer:a"`, `"Customer:a@0"`, `"@"`} {
		w.fails(`{ causationOf(event: `+id+`) { id } }`, "INVALID_INPUT event: ")
	}
}

// TestCausesAreBounded: with a circle, which a log does not make, there is an end too.
func TestCausesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.archive("a", "Customer:b@1")
	w.archive("b", "Customer:a@1")
	want := ""
	for i := range 100 {
		if i > 0 {
			want += ","
		}
		want += fmt.Sprintf(`{"id": %q}`, []string{"b", "a"}[i%2])
	}
	w.want(`{ causationOf(event: "Customer:a@1") { id } }`, `{"causationOf": [`+want+`]}`)
}

// TestEventsOfReceipts: those of a dry run are the events that would be.
func TestEventsOfReceipts(t *testing.T) {
	w := newWorld(t)
	ref := command.Ref{Entity: "Customer", ID: "c1"}
	w.write.result = &command.Result{Receipt: &command.Receipt{CommandID: "k", Version: 2, Durability: "none"}}
	w.write.result.Receipt.Events = append(w.write.result.Receipt.Events, appended(ref))
	w.want(`mutation { blockCustomer(id: "c1", command: {dryRun: true}) { receipt { durability events { eventId name from to commandId actor causationId } } } }`, `{"blockCustomer": {"receipt": {
		"durability": "none", "events": [{"eventId": "Customer:c1@2", "name": "CustomerBlocked", "from": "ACTIVE", "to": "BLOCKED", "commandId": "k", "actor": null, "causationId": null}]}}}`)
}

func appended(ref command.Ref) eventlog.Appended {
	return eventlog.Appended{Ref: ref, Name: "CustomerBlocked", From: "ACTIVE", To: "BLOCKED", Version: 2, At: noon}
}
