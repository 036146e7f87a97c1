// Package logtest is the contract of eventlog.Log as tests: every engine passes Run.
package logtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Partitions is the number of partitions that Run's logs have.
const Partitions = 4

// Features are an engine's real differences, and the ways to do to its storage what a log must survive or notice.
type Features struct {
	Apart      bool                                                                        // one append can't span partitions: where others do, it is ErrApart, and what Run has span them lies together
	NoStorage  bool                                                                        // it keeps nothing once closed: Run names what it leaves out for that, and Reopen is nil
	Durability string                                                                      // what Durability returns
	Reopen     func(t *testing.T, l eventlog.Log) eventlog.Log                             // closes l, opens the same storage again
	LoseTail   func(t *testing.T, l eventlog.Log, partition int, keep uint64, hash string) // the storage goes back to the event keep, whose hash is given
	Tamper     func(t *testing.T, l eventlog.Log, partition int, seq uint64)               // changes a byte of a stored event
	Fork       func(t *testing.T, l eventlog.Log, partition int, seq uint64, prev string)  // has a stored event follow the hash prev, and gives it the hash that is right then
}

// Run runs the contract. Open returns a new, empty log of logtest.Partitions partitions each time, closed by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) eventlog.Log, f Features) {
	if f.NoStorage != (f.Reopen == nil) {
		t.Fatal("an engine has either NoStorage or a way to Reopen it")
	}
	for _, test := range tests {
		if f.NoStorage && test.storage {
			t.Logf("not of the contract of an engine without storage: %s", test.name)
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			t.Cleanup(cancel)
			s := &suite{log: open(t), ctx: ctx, features: f}
			if s.log.Spans() == f.Apart {
				t.Fatalf("Spans is %v", s.log.Spans())
			}
			test.run(t, s)
		})
	}
}

// contract is one test of the contract.
type contract struct {
	name    string
	run     func(t *testing.T, s *suite)
	storage bool // it is about what the engine's storage keeps
}

var tests = []contract{
	{name: "Append/versions are contiguous and heads follow", run: testVersions},
	{name: "Append/conditions refuse what they say", run: testConditions},
	{name: "Append/conditions on life and state, whatever the version", run: testAlive},
	{name: "Append/several entities over partitions, all or nothing", run: testManyEntities},
	{name: "Append/what may lie in several partitions, and what may not", run: testApart},
	{name: "Append/raw JSON stays byte for byte", run: testRawBytes},
	{name: "Append/invalid input of every kind", run: testInvalid},
	{name: "Append/several events of one entity", run: testSeveralEvents},
	{name: "Append/no events, but timers", run: testNoEvents},
	{name: "Append/the depth of reactions", run: testDepth},
	{name: "Receipts/a duplicate answers what the first did", run: testDuplicate},
	{name: "Receipts/another input under the same id is refused", run: testReused},
	{name: "Receipts/32 callers with one command id make one event", run: testOneCommandManyCallers},
	{name: "Races/32 callers on one version: one wins", run: testOneVersionManyCallers},
	{name: "Races/readers see whole appends", run: testLoadIsAtomic},
	{name: "Claims/take, refuse, move, release", run: testClaims},
	{name: "Claims/racing for one value: one wins", run: testClaimRace},
	{name: "Timers/set, replaced, cancelled", run: testTimers},
	{name: "Timers/fired, if they are as they were", run: testFire},
	{name: "Timers/a firing command that is tried again", run: testFireRetried},
	{name: "Timers/stay as they are if the append is refused", run: testTimersOfRefused},
	{name: "Timers/due in order, and when the next is", run: testDue},
	{name: "Timers/in pages, by time and key", run: testTimersInOrder},
	{name: "Timers/several partitions and kinds in one append", run: testTimersOverPartitions},
	{name: "Timers/32 callers fire one: one wins", run: testFireRace},
	{name: "Timers/moved", run: testMoveTimer},
	{name: "Timers/become due", run: testTimerComes},
	{name: "Timers/more than one answer returns", run: testLargeTimers},
	{name: "Cursors/only rise", run: testCursors},
	{name: "Notes/added, replaced, paged, removed", run: testNotes},
	{name: "Notes/the oldest go", run: testNotesTrimmed},
	{name: "Notes/refused beyond so many", run: testNotesRefused},
	{name: "Calls/invalid ones of every kind", run: testInvalidCalls},
	{name: "Time/never steps back in a partition", run: testTime},
	{name: "Time/imported events keep theirs and don't move the clock", run: testImported},
	{name: "Read/contiguous, chained, in pages", run: testReadPages},
	{name: "Read/waits and is woken", run: testReadWaits},
	{name: "Read/ends promptly with its context and with the log", run: testReadEnds},
	{name: "Read/notices a log that is not the one it read", run: testReadBroken},
	{name: "Read/notices a lost tail, also when idle", run: testLostTail},
	{name: "Read/notices changed bytes", run: testTampered},
	{name: "Read/notices an event of another history", run: testForked},
	{name: "History/only that entity, up to the place", run: testHistory},
	{name: "History/longer than one piece", run: testLongHistory},
	{name: "Read/more than one read returns", run: testLargeReads},
	{name: "Load/owners of unique values", run: testOwners},
	{name: "Read/the hash at a place", run: testHashAt},
	{name: "Tail/of empty and filled partitions", run: testTail},
	{name: "Watermark/no later event is before it", run: testWatermark},
	{name: "Watermark/of a partition that is written to meanwhile", run: testWatermarkRace},
	{name: "Close/twice, and then every method says so", run: testClose},
	{name: "Reopen/everything is still there", run: testReopen, storage: true},
	{name: "Reopen/timers, cursors and notes are still there", run: testReopenRest, storage: true},
	{name: "Property/timers are as a simple model says", run: testTimersEqualModel},
	{name: "Property/heads equal the fold of the events", run: testHeadsEqualFold},
}

// suite is one test's log.
type suite struct {
	log      eventlog.Log
	ctx      context.Context
	features Features
	commands int
}

func ref(id string) eventlog.Ref { return eventlog.Ref{Entity: "Order", ID: id} }

func raw(s string) json.RawMessage { return json.RawMessage(s) }

// step returns an append of one event that takes r from version to version+1 under a new command id.
func (s *suite) step(r eventlog.Ref, version int64, set map[string]json.RawMessage) eventlog.Append {
	s.commands++
	return Step(r, version, fmt.Sprintf("cmd-%d", s.commands), set)
}

// Step returns an append of one event that takes r from version to version+1, decided now.
func Step(r eventlog.Ref, version int64, commandID string, set map[string]json.RawMessage) eventlog.Append {
	changes := []eventlog.Change{}
	for _, name := range slices.Sorted(mapKeys(set)) {
		changes = append(changes, eventlog.Change{Op: "set", Path: name, Value: set[name]})
	}
	encoded, err := json.Marshal(changes)
	if err != nil {
		panic(fmt.Sprintf("logtest: changes of %s: %v", r, err)) // a mistake in a test
	}
	return eventlog.Append{
		Primary: r, CommandID: commandID, InputHash: "hash of " + commandID, Decided: time.Now().UTC(),
		Conditions: []eventlog.Condition{{Ref: r, Version: version}},
		Events:     []eventlog.NewEvent{{Ref: r, Name: "Stepped", From: "OLD", To: "NEW", Changes: encoded, Set: set}},
		Input:      raw(`{"step":true}`),
	}
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (s *suite) append(t *testing.T, a eventlog.Append) *eventlog.Receipt {
	t.Helper()
	r, err := s.log.Append(s.ctx, a)
	if err != nil {
		t.Fatalf("append of %s: %v", a.Primary, err)
	}
	return r
}

func (s *suite) load(t *testing.T, l eventlog.Load) *eventlog.Loaded {
	t.Helper()
	out, err := s.log.Load(s.ctx, l)
	if err != nil {
		t.Fatalf("load of %s: %v", l.Primary, err)
	}
	return out
}

func (s *suite) head(t *testing.T, r eventlog.Ref) eventlog.Head {
	t.Helper()
	return s.load(t, eventlog.Load{Primary: r}).Heads[r]
}

// all returns every event of a partition, read in pages of an odd size.
func (s *suite) all(t *testing.T, partition int) []eventlog.Event {
	t.Helper()
	return ReadAll(s.ctx, t, s.log, partition)
}

// ReadAll returns every event of a partition, checked by Read.
func ReadAll(ctx context.Context, t testing.TB, l eventlog.Log, partition int) []eventlog.Event {
	t.Helper()
	var out []eventlog.Event
	for after, prev := uint64(0), ""; ; {
		page, err := l.Read(ctx, partition, after, prev, 7, 0)
		if err != nil {
			t.Fatalf("read of partition %d after %d: %v", partition, after, err)
		}
		if len(page) == 0 {
			return out
		}
		if len(page) > 7 {
			t.Fatalf("a read of 7 events returned %d", len(page))
		}
		out = append(out, page...)
		after, prev = page[len(page)-1].Seq, page[len(page)-1].Hash
	}
}

// refIn returns an entity of the partition; n tells several apart.
func (s *suite) refIn(partition, n int) eventlog.Ref { return s.entityIn("Order", "in", partition, n) }

// with returns the partition, or that of r where one append can't span them.
func (s *suite) with(r eventlog.Ref, partition int) int {
	if s.features.Apart {
		return s.log.PartitionOf(r)
	}
	return partition
}

// entityIn returns an entity of the type and partition; prefixes and n tell several apart.
func (s *suite) entityIn(entity, prefix string, partition, n int) eventlog.Ref {
	for i, found := 0, 0; ; i++ { // ends: the hash reaches every partition
		r := eventlog.Ref{Entity: entity, ID: fmt.Sprintf("%s-%d", prefix, i)}
		if s.log.PartitionOf(r) != partition {
			continue
		}
		if found == n {
			return r
		}
		found++
	}
}
