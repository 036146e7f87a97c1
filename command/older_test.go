package command_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

const unkeyed = `
type Trip @entity { id: ID! status: TripStatus! @state title: String stops: [Stop!] }
type Stop { stop: ID! name: String! }
enum TripStatus { OPEN DONE }
extend type Mutation {
  planTrip(stops: [StopInput!]): Trip! @transition(to: OPEN, emits: "TripPlanned")
  titleTrip(id: ID!, title: String): Trip! @transition(from: [OPEN], emits: "TripTitled")
  endTrip(id: ID!): Trip! @transition(from: [OPEN], to: DONE, emits: "TripEnded")
  dropTrip(id: ID!): Trip! @transition(from: [OPEN, DONE], deletes: true, emits: "TripDropped")
}
`

// TestListsOfAnOlderModelDontHoldUpCommands: a key was twice in them, or nowhere, before it was one.
func TestListsOfAnOlderModelDontHoldUpCommands(t *testing.T) {
	w := worldOf(t, unkeyed)
	stop := func(id string) any { return map[string]any{"stop": id, "name": "Rome"} }
	w.accepted("planTrip", "t", w.input("planTrip", map[string]any{"stops": []any{stop("a"), stop("a"), stop("b")}}))
	w.sdl = strings.Replace(unkeyed, "stop: ID!", "stop: ID! @key", 1) + `
	extend type Mutation { addStop(id: ID!, stop: StopInput! @append(to: "stops")): Trip! @transition(from: [OPEN], emits: "StopAdded")
	  setStops(id: ID!, stops: [StopInput!]): Trip! @transition(from: [OPEN], emits: "StopsSet") }`
	cfg := command.Config{Model: w.model(), Log: w.log}
	withRule("endTrip", func(_ *command.Context, trip, _ schema.Record) (schema.Record, error) { return trip, nil })(&cfg)
	var err error
	if w.engine, err = command.New(cfg); err != nil {
		t.Fatal(err)
	}
	w.accepted("titleTrip", "t", schema.Record{"title": "x"})
	w.accepted("addStop", "t", w.input("addStop", map[string]any{"stop": map[string]any{"name": "Bari"}}))
	w.rejected(command.InvalidInput, "addStop", "t", w.input("addStop", map[string]any{"stop": stop("a")}))
	w.rejected(command.InvalidInput, "setStops", "t", w.input("setStops", map[string]any{"stops": []any{stop("b"), stop("b")}}))
	w.accepted("endTrip", "t", nil)
	w.accepted("dropTrip", "t", nil)
}

func TestImportedHistoryDoesNotReachIntoThePastOfOthers(t *testing.T) {
	w := newMachine(t, allowImport, withRule("runShow", func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		_, err := c.Run("takeSeats", "h", schema.Record{"n": 1})
		return show, err
	}))
	in := w.input("openShow", map[string]any{"hall": "h", "title": "t", "day": "2026-01-01"})
	w.accepted("openShow", "h/s", in, occurred("2026-01-01T00:00:00Z"))
	r := w.rejected(command.InvalidInput, "runShow", "h/s", nil, occurred("2026-01-02T00:00:00Z"))
	if !strings.Contains(r.Message, "is before the last event of Hall:h") {
		t.Errorf("%+v", r)
	}
	w.accepted("runShow", "h/s", nil)
}

// TestACommandThatWasKeptLacksWhatTheModelAsksForSince: a rule would see a zero that nobody sent.
func TestACommandThatWasKeptLacksWhatTheModelAsksForSince(t *testing.T) {
	w := worldOf(t, unkeyed)
	w.accepted("planTrip", "t", nil)
	w.accepted("titleTrip", "t", nil, at("2999-01-01T00:00:00Z"))
	timer := w.timers(eventlog.CommandTimer)[0]
	if _, _, err := w.engine.DecodeTimer(timer); err != nil {
		t.Fatal(err)
	}
	w.sdl = strings.Replace(unkeyed, "title: String):", "title: String!):", 1)
	engine, err := command.New(command.Config{Model: w.model(), Log: w.log})
	if err != nil {
		t.Fatal(err)
	}
	if cmd, _, err := engine.DecodeTimer(timer); err == nil {
		t.Errorf("%+v", cmd)
	}
}

// TestAScheduledCommandOfANewerModelIsKeptWhole: in a deployment that is taken back, say.
func TestAScheduledCommandOfANewerModelIsKeptWhole(t *testing.T) {
	w := worldOf(t, unkeyed)
	w.accepted("planTrip", "t", nil)
	w.accepted("titleTrip", "t", schema.Record{"title": "x"}, withID("later"), at("2999-01-01T00:00:00Z"), func(c *command.Command) { c.Actor = "ana" })
	timer := w.timers(eventlog.CommandTimer)[0]
	newer := w.engine
	w.sdl = strings.Replace(unkeyed, "titleTrip(", "nameTrip(", 1)
	older, err := command.New(command.Config{Model: w.model(), Log: w.log})
	if err != nil {
		t.Fatal(err)
	}
	cmd, name, err := older.DecodeTimer(timer)
	if !errors.Is(err, command.ErrUnknown) {
		t.Fatal(err)
	}
	f := command.FailedReaction{ID: cmd.CommandID, Reaction: name, Status: command.ReactionParked, Command: cmd, Message: "m"}
	if err := f.OfTimer(&timer).Record(t.Context(), w.model(), w.log); err != nil {
		t.Fatal(err)
	}
	list, err := older.FailedReactions(t.Context(), 10, "")
	if err != nil || len(list) != 1 || list[0].Command.Name != "titleTrip" || list[0].Command.ID != "t" || list[0].Command.Actor != "ana" {
		t.Fatalf("%+v %v", list, err)
	}
	if r, err := older.ResumeReaction(t.Context(), f.ID); err != nil || len(r.Rejections) != 1 || r.Rejections[0].Message != "the model has no command titleTrip" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := newer.ResumeReaction(t.Context(), f.ID); err != nil || r.Receipt == nil || r.Entity.Fields["title"] != "x" {
		t.Errorf("%+v %v", r, err)
	}
	if e := w.event("Trip", "t"); e.Actor != "ana" || e.CorrelationID != "later" {
		t.Errorf("%+v", e)
	}
}

// TestOneElementIsChangedBesideOthersOfAnOlderModel: only a new value has to fit today's model.
func TestOneElementIsChangedBesideOthersOfAnOlderModel(t *testing.T) {
	keyed := strings.Replace(unkeyed, "stop: ID!", "stop: ID! @key", 1) + `
	extend type Mutation { changeStop(id: ID!, stop: StopPatch! @update(in: "stops")): Trip! @transition(from: [OPEN], emits: "StopChanged")
	  addStop(id: ID!, stop: StopInput! @append(to: "stops")): Trip! @transition(from: [OPEN], emits: "StopAdded") }`
	w := worldOf(t, keyed)
	stop := func(id string) any { return map[string]any{"stop": id, "name": "Rome"} }
	w.accepted("planTrip", "t", w.input("planTrip", map[string]any{"stops": []any{stop("a"), stop("b")}}))
	w.sdl = strings.Replace(keyed, "name: String!", "name: String! nights: Int!", 1)
	var err error
	if w.engine, err = command.New(command.Config{Model: w.model(), Log: w.log}); err != nil {
		t.Fatal(err)
	}
	w.accepted("addStop", "t", w.input("addStop", map[string]any{"stop": map[string]any{"name": "Bari", "nights": 1}}))
	w.accepted("changeStop", "t", w.input("changeStop", map[string]any{"stop": map[string]any{"stop": "a", "nights": 2}}))
	want := `[{"op":"update","path":"stops","by":"stop","key":"a","value":{"stop":"a","name":"Rome","nights":2}}]`
	if e := w.event("Trip", "t"); string(e.Changes) != want {
		t.Errorf("%s", e.Changes)
	}
	if r := w.rejected(command.InvalidInput, "changeStop", "t", w.input("changeStop", map[string]any{"stop": map[string]any{"stop": "b", "name": "Pisa"}})); r.Field != "stops" {
		t.Errorf("%+v", r)
	}
}
