package schema_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/schema"
)

const tickets = `
"A place." type Hall @entity @crud { id: ID! name: String }
type Ticket @entity
  @timeout(in: OPEN, after: "90s", run: "dropTicket")
  @timeout(in: OPEN, after: "14d", run: "noteTicket")
  @timeout(in: NOTE, after: "1h30m", run: "closeTicket") { id: ID! status: TicketStatus! @state a: Int b: Int c: Int }
enum TicketStatus {
  "To be done." OPEN
  NOTE
  CLOSED
}
extend type Mutation {
  openTicket: Ticket! @transition(to: OPEN, emits: "TicketOpened")
  reopenTicket(id: ID!): Ticket! @transition(from: [CLOSED, NOTE], to: OPEN, emits: "TicketReopened")
  noteTicket(id: ID!): Ticket! @transition(from: [OPEN], to: NOTE, emits: "TicketNoted")
  closeTicket(id: ID!): Ticket! @transition(from: [OPEN, NOTE], to: CLOSED, emits: "TicketClosed")
  endTicket(id: ID!): Ticket! @transition(from: [OPEN], to: CLOSED, emits: "TicketEnded")
  setA(id: ID!, a: Int): Ticket! @transition(from: [OPEN, CLOSED], emits: "ASet")
  setB(id: ID!, b: Int): Ticket! @transition(from: [OPEN], emits: "BSet")
  setC(id: ID!, c: Int): Ticket! @transition(from: [OPEN], emits: "CSet")
  clear(id: ID!, c: Int, b: Int): Ticket! @transition(from: [OPEN], emits: "Cleared")
  dropTicket(id: ID!): Ticket! @transition(from: [OPEN], deletes: true, emits: "TicketDropped")
}
`

func TestMermaid(t *testing.T) {
	m := load(t, tickets)
	for entity, want := range map[string]string{
		"Hall": `stateDiagram-v2
    [*] --> Hall: createHall
    Hall --> Hall: updateHall
    Hall --> [*]: deleteHall
`,
		"Ticket": `stateDiagram-v2
    state "NOTE" as NOTE_
    [*] --> OPEN: openTicket
    OPEN --> NOTE_: noteTicket
    OPEN --> CLOSED: closeTicket, endTicket
    OPEN --> OPEN: setA, setB, setC,<br/>clear
    OPEN --> [*]: dropTicket
    OPEN --> [*]: after 1m30s: dropTicket
    OPEN --> NOTE_: after 14d: noteTicket
    NOTE_ --> OPEN: reopenTicket
    NOTE_ --> CLOSED: closeTicket
    NOTE_ --> CLOSED: after 1h30m: closeTicket
    CLOSED --> OPEN: reopenTicket
    CLOSED --> CLOSED: setA
`,
	} {
		if d := cmp.Diff(want, m.Entity(entity).Mermaid()); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	}
}

func TestMachine(t *testing.T) {
	m := load(t, tickets)
	var got strings.Builder
	for _, e := range m.Entities {
		for _, s := range e.Machine().States {
			fmt.Fprintf(&got, "%s %q %v %v\n", s.Name, s.Description, s.Initial, s.Final)
		}
		for _, edge := range e.Machine().Edges {
			fmt.Fprintf(&got, "%s %q %q\n", edge.Command.Name, edge.From, edge.To)
		}
	}
	const want = `createHall "" ""
updateHall "" ""
deleteHall "" ""
OPEN "To be done." true false
NOTE "" false false
CLOSED "" false false
openTicket "" "OPEN"
reopenTicket "CLOSED" "OPEN"
reopenTicket "NOTE" "OPEN"
noteTicket "OPEN" "NOTE"
closeTicket "OPEN" "CLOSED"
closeTicket "NOTE" "CLOSED"
endTicket "OPEN" "CLOSED"
setA "OPEN" "OPEN"
setA "CLOSED" "CLOSED"
setB "OPEN" "OPEN"
setC "OPEN" "OPEN"
clear "OPEN" "OPEN"
dropTicket "OPEN" ""
`
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	order := store(t).Entity("Order").Machine()
	if last := order.States[len(order.States)-1]; !order.States[0].Initial || order.States[0].Final || last.Name != "CANCELED" || !last.Final || last.Initial {
		t.Errorf("%+v", order.States)
	}
}

func TestWait(t *testing.T) {
	for after, want := range map[time.Duration]string{
		90 * time.Second: "1m30s", 30 * time.Minute: "30m", 36 * time.Hour: "36h", 14 * 24 * time.Hour: "14d", 24 * time.Hour: "1d",
		90 * time.Minute: "1h30m", time.Millisecond: "1ms", time.Hour + time.Second: "1h0m1s", 100 * time.Minute: "1h40m", 20 * time.Second: "20s",
	} {
		if got := (&schema.Timeout{After: after}).Wait(); got != want {
			t.Errorf("%s is %s, not %s", after, got, want)
		}
	}
}

// TestTheStoresDiagrams compares docs/store.md with the model. With -update it writes the diagrams anew, and leaves the text around them.
func TestTheStoresDiagrams(t *testing.T) {
	const file = "../docs/store.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	was := string(text)
	is := was
	for _, e := range store(t).Entities {
		if e.State == nil {
			continue
		}
		block := regexp.MustCompile("(?s)(\n## " + e.Name + "\n(?:[^`]*\n)?)```mermaid\n.*?```\n")
		if !block.MatchString(is) {
			t.Errorf("docs/store.md has no diagram of %s: write a heading `## %s` with an empty mermaid block below, and run go test ./schema -run TestTheStoresDiagrams -update", e.Name, e.Name)
		}
		is = block.ReplaceAllString(is, "${1}```mermaid\n"+e.Mermaid()+"```\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(is), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(was, is); d != "" {
		t.Errorf("docs/store.md is not what the model says: run go test ./schema -run TestTheStoresDiagrams -update\n%s", d)
	}
}

// TestNamesThatTheLogHasNoRoomFor would have every command refused that enters the state, or sets the fields.
func TestNamesThatTheLogHasNoRoomFor(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		state, run, field int
		want              string
	}{
		{95, 96, 194, ""},
		{96, 96, 194, "1 bytes too long together for a timeout"},
		{95, 96, 195, "the names of the fields that are @unique together are 1 bytes too long"},
	} {
		sdl := fmt.Sprintf(`type T @entity @timeout(in: %[1]s, after: "1m", run: "%[2]s") { id: ID! s: S! @state %[3]s: Int @unique(with: ["abc"]) abc: Int }
			enum S { %[1]s B }
			extend type Mutation { makeT: T! @transition(to: %[1]s) %[2]s(id: ID!): T! @transition(from: [%[1]s], to: B, emits: "E") }`, long(c.state), "c"+long(c.run-1), long(c.field))
		_, err := schema.Load(fstest.MapFS{"t.graphql": {Data: []byte(sdl)}})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
