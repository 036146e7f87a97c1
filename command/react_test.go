package command_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// mirror is a model with a reaction that hands on a value of every kind.
const mirror = `
type Source @entity @crud
  @reaction(on: "SourceCreated", run: "createCopy", with: {id: "id", text: "text", count: "count", ratio: "ratio", flag: "flag", price: "price", at: "at", day: "day", long: "long", uuid: "uuid", json: "json", kind: "kind", other: "other", parts: "parts", tags: "tags"}) {
  id: ID! text: String count: Int ratio: Float flag: Boolean price: Decimal at: DateTime day: Date long: Long uuid: UUID json: JSON kind: Kind other: Source @ref parts: [Part!] tags: [String!]
}
type Copy @entity @crud {
  id: ID! text: String count: Int ratio: Float flag: Boolean price: Decimal at: DateTime day: Date long: Long uuid: UUID json: JSON kind: Kind other: Source @ref parts: [Part!] tags: [String!]
}
type Part { name: String! source: Source @ref amount: Decimal }
enum Kind { BIG SMALL }
`

type mirrorWorld struct {
	*testing.T
	model  *schema.Model
	log    *memory.Log
	engine *command.Engine
}

func newMirror(t *testing.T, reactions command.Reactions) *mirrorWorld {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"source.graphql": {Data: []byte(mirror)}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := memory.Open(memory.Options{Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	e, err := command.New(command.Config{Model: m, Log: l, Reactions: reactions})
	if err != nil {
		t.Fatal(err)
	}
	return &mirrorWorld{t, m, l, e}
}

func (w *mirrorWorld) exec(name, id string, in schema.Record) *command.Result {
	w.Helper()
	r, err := w.engine.Execute(w.Context(), command.Command{Name: name, ID: id, Input: in})
	if err != nil || r.Receipt == nil {
		w.Fatal(name, id, err, r)
	}
	return r
}

// last returns the last event of an entity.
func (w *mirrorWorld) last(ref eventlog.Ref) *eventlog.Event {
	w.Helper()
	loaded, err := w.log.Load(w.Context(), eventlog.Load{Primary: ref})
	if err != nil {
		w.Fatal(err)
	}
	for e, err := range w.log.History(w.Context(), ref, loaded.Heads[ref].Place) {
		if err != nil {
			w.Fatal(err)
		}
		return e
	}
	w.Fatal("there is no event of", ref)
	return nil
}

func all(t *testing.T, m *schema.Model, rs command.Reactions) []*command.AnyReaction {
	t.Helper()
	out, err := rs.All(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func everyKind(t *testing.T) schema.Record {
	t.Helper()
	price, err1 := scalar.ParseDecimal("12.5")
	at, err2 := scalar.ParseDateTime("2026-02-03T04:05:06.789Z")
	day, err3 := scalar.ParseDate("2026-02-03")
	long, err4 := scalar.ParseLong("9007199254740993")
	uuid, err5 := scalar.ParseUUID("6e0d6b3a-9f0c-5d38-8b58-5d4f1f4f5c11")
	json, err6 := scalar.ParseJSON([]byte(`{"a":[1,"x",null]}`))
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	return schema.Record{
		"text": "ü\n", "count": 3, "ratio": 1.5, "flag": true, "price": price, "at": at, "day": day, "long": long, "uuid": uuid, "json": json, "kind": "BIG", "other": "s0",
		"parts": []any{schema.Record{"name": "n", "source": "s0", "amount": price}, schema.Record{"name": "m"}}, "tags": []any{"x", ""},
	}
}

func TestAReactionHandsOnValuesOfEveryKind(t *testing.T) {
	w := newMirror(t, nil)
	w.exec("createSource", "s0", nil)
	want := everyKind(t)
	w.exec("createSource", "s1", want)
	event := w.last(eventlog.Ref{Entity: "Source", ID: "s1"})
	w.exec("updateSource", "s1", schema.Record{"text": "later", "parts": nil})
	entity, err := w.engine.After(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	out, err := all(t, w.model, nil)[0].Commands(w.model, event, entity.Fields)
	if err != nil || len(out) != 1 || out[0].Rejection != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	if got := out[0].Command; !reflect.DeepEqual(got.Input, want) || got.ID != "s1" {
		t.Errorf("%+v", got)
	}
	again, _ := all(t, w.model, nil)[0].Commands(w.model, event, entity.Fields)
	if id := out[0].Command.CommandID; !command.ReservedID(id) {
		t.Errorf("clients may use %s", id)
	}
	if again[0].Command.CommandID != out[0].Command.CommandID {
		t.Error("its id is another each time")
	}
	f := command.FailedReaction{ID: out[0].Command.CommandID, Status: command.ReactionParked, Command: out[0].Command}
	if err := f.Of(all(t, w.model, nil)[0], event).Record(t.Context(), w.model, w.log); err != nil {
		t.Fatal(err)
	}
	kept, err := w.engine.FailedReactions(t.Context(), 1, "")
	if err != nil || len(kept) != 1 || !reflect.DeepEqual(kept[0].Command, out[0].Command) || kept[0].Place != event.Place() {
		t.Fatalf("%+v, %v", kept, err)
	}
	if r, err := w.engine.ResumeReaction(t.Context(), f.ID); err != nil || r.Receipt == nil || !reflect.DeepEqual(r.Entity.Fields["parts"], want["parts"]) {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestALargeInputIsComputedAgain is kept without its input, and resumed from the event.
func TestALargeInputIsComputedAgain(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 200_000), strings.Repeat("<", 30_000)} {
		t.Run(fmt.Sprint(len(text)), func(t *testing.T) { largeInput(t, text) })
	}
}

func largeInput(t *testing.T, text string) {
	w := newMirror(t, nil)
	w.exec("createSource", "s1", schema.Record{"text": text})
	event := w.last(eventlog.Ref{Entity: "Source", ID: "s1"})
	reaction := all(t, w.model, nil)[0]
	out, err := reaction.Commands(w.model, event, schema.Record{"id": "s1", "text": text})
	if err != nil {
		t.Fatal(err)
	}
	c := out[0].Command
	f := command.FailedReaction{ID: c.CommandID, Status: command.ReactionParked, Command: c, Message: strings.Repeat("y", 100_000)}
	if err := f.Of(reaction, event).Record(t.Context(), w.model, w.log); err != nil {
		t.Fatal(err)
	}
	kept, err := w.engine.FailedReactions(t.Context(), 1, "")
	if err != nil || !kept[0].Cut || kept[0].Command.Input != nil || len(kept[0].Message) > 2000 {
		t.Fatalf("%v, %v", kept[0].Cut, err)
	}
	if r, err := w.engine.ResumeReaction(t.Context(), c.CommandID); err != nil || r.Receipt == nil || r.Entity.Fields["text"] != text {
		t.Errorf("%+v, %v", r, err)
	}
	timer := command.FailedReaction{ID: "t", Status: command.ReactionRejected, Command: c, Rejection: &command.Rejection{Code: command.NotFound, Message: "m"}}
	if err := timer.Record(t.Context(), w.model, w.log); err != nil {
		t.Fatal(err)
	}
	if r, err := w.engine.ResumeReaction(t.Context(), "t"); err != nil || len(r.Rejections) != 1 || r.Rejections[0].Code != command.InvalidInput {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPagesOfFailedReactions(t *testing.T) {
	w := newMirror(t, nil)
	add := func(status command.FailedStatus, id string) {
		f := command.FailedReaction{ID: id, Status: status, Rejection: &command.Rejection{Code: command.NotFound, Message: "m"}}
		if err := f.Record(t.Context(), w.model, w.log); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		add(command.ReactionRejected, fmt.Sprint("r", i))
		add(command.ReactionParked, fmt.Sprint("p", i))
	}
	add(command.ReactionParked, "r0") // it was rejected, and now waits
	want := []string{"r0", "p4", "p3", "p2", "p1", "p0", "r4", "r3", "r2", "r1"}
	for _, size := range []int{1, 3, 6, 100} {
		var got []string
		for after := ""; ; {
			page, err := w.engine.FailedReactions(t.Context(), size, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range page {
				got = append(got, f.ID)
				after = f.ID
			}
			if len(page) < size {
				break
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("pages of %d: %q", size, got)
		}
	}
	if _, err := w.engine.FailedReactions(t.Context(), 1, "gone"); !errors.Is(err, eventlog.ErrNoNote) {
		t.Error(err)
	}
	for _, id := range []string{"gone", "", "\x00"} {
		if r, err := w.engine.ResumeReaction(t.Context(), id); r != nil || err != nil {
			t.Errorf("%q: %+v, %v", id, r, err)
		}
		if ok, err := w.engine.DiscardReaction(t.Context(), id); ok || err != nil {
			t.Errorf("%q: %v, %v", id, ok, err)
		}
	}
}

func TestAfterADeletion(t *testing.T) {
	w := newMirror(t, nil)
	w.exec("createSource", "s1", schema.Record{"text": "one", "count": 1})
	w.exec("updateSource", "s1", schema.Record{"text": "two"})
	second := w.last(eventlog.Ref{Entity: "Source", ID: "s1"})
	w.exec("deleteSource", "s1", nil)
	deletion := w.last(eventlog.Ref{Entity: "Source", ID: "s1"})
	for _, e := range []*eventlog.Event{second, deletion} {
		s, err := w.engine.After(t.Context(), e)
		if err != nil || s.Version != 2 || s.Deleted || s.Fields["text"] != "two" || s.Fields["count"] != 1 {
			t.Errorf("after %s: %+v, %v", e.EventID(), s, err)
		}
	}
	if _, err := w.engine.After(t.Context(), &eventlog.Event{Entity: "Nobody", ID: "x", Version: 1}); err == nil {
		t.Error("there is no such entity")
	}
	var outcome *command.OutcomeError
	w.log.Close()
	if _, err := w.engine.After(t.Context(), second); !errors.As(err, &outcome) {
		t.Error(err)
	}
}
