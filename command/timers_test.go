package command_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

func (w *world) timers(kind string) (out []eventlog.SetTimer) {
	w.Helper()
	for p := range w.log.Partitions() {
		page, err := w.log.Timers(w.Context(), p, kind, nil, 1000)
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, page...)
	}
	return out
}

func TestTimeoutsFollowTheState(t *testing.T) {
	w := newMachine(t, allowImport)
	w.show("h/s", "2026-01-01")
	first := w.timers(eventlog.TimeoutTimer)
	if len(first) != 1 || first[0].Name != "OPEN/closeShow" || first[0].Ref.ID != "h/s" || time.Until(first[0].Due) > 30*time.Minute || time.Until(first[0].Due) < 29*time.Minute {
		t.Fatalf("%+v", first)
	}
	w.accepted("titleShow", "h/s", schema.Record{"title": "x"})
	if same := w.timers(eventlog.TimeoutTimer); len(same) != 1 || same[0].Token != first[0].Token {
		t.Errorf("staying in the state set it anew: %+v", same)
	}
	w.accepted("reopenShow", "h/s", nil)
	if again := w.timers(eventlog.TimeoutTimer); len(again) != 1 || again[0].Token == first[0].Token {
		t.Errorf("entering the state did not set it anew: %+v", again)
	}
	w.accepted("runShow", "h/s", nil)
	if left := w.timers(eventlog.TimeoutTimer); len(left) != 0 {
		t.Errorf("leaving the state left it: %+v", left)
	}
	w.accepted("closeShow", "h/s", nil)
	w.accepted("reopenShow", "h/s", nil)
	w.accepted("dropShow", "h/s", nil)
	if left := w.timers(eventlog.TimeoutTimer); len(left) != 0 {
		t.Errorf("deleting left it: %+v", left)
	}
	w.accepted("openShow", "h/i", w.input("openShow", map[string]any{"hall": "h", "title": "t", "day": "2026-01-01"}), occurred("2026-01-01T00:00:00Z"))
	if left := w.timers(eventlog.TimeoutTimer); len(left) != 0 {
		t.Errorf("imported history set it: %+v", left)
	}
}

func TestATimerFiresOnce(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	timer := w.timers(eventlog.TimeoutTimer)[0]
	cmd, name, err := w.engine.DecodeTimer(timer)
	if err != nil || name != "OPEN/closeShow" || cmd.Name != "closeShow" || cmd.CausationID != "Show:h/s@1" || !command.ReservedID(cmd.CommandID) || cmd.CorrelationID == "" {
		t.Fatalf("%+v %s %v", cmd, name, err)
	}
	r, err := w.engine.Execute(t.Context(), cmd)
	if err != nil || r.Receipt == nil || r.Entity.State != "CLOSED" {
		t.Fatal(r, err)
	}
	if r, err := w.engine.Execute(t.Context(), cmd); err != nil || !r.Receipt.Duplicate {
		t.Error("the same try again", r, err)
	}
	timer.Name = "OPEN/dropShow"
	if _, _, err := w.engine.DecodeTimer(timer); !errors.Is(err, command.ErrUnknown) {
		t.Error(err)
	}
	w.accepted("reopenShow", "h/s", nil)
	cmd.CommandID = "another"
	if _, err := w.engine.Execute(t.Context(), cmd); !errors.Is(err, eventlog.ErrNoTimer) {
		t.Error("a timer that was set anew fires under its new token only:", err)
	}
	if s := w.event("Show", "h/s"); s.Name != "ShowReopened" {
		t.Error(s.Name)
	}
}

func at(text string) func(*command.Command) {
	return func(c *command.Command) {
		occurred(text)(c)
		c.RunAt, c.OccurredAt = c.OccurredAt, nil
	}
}

func TestCommandsAreKeptUntilTheirTime(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	n := w.events()
	in := w.input("inviteGuest", map[string]any{"guest": map[string]any{"name": "Cy"}})
	r := w.accepted("inviteGuest", "h/s", in, withID("later"), at("2999-01-01T00:00:00Z"))
	if len(r.Receipt.Events) > 0 || r.Receipt.RunAt.Year() != 2999 || r.Receipt.Version != 1 || w.events() != n || r.Entity.Version != 1 {
		t.Errorf("%+v", r.Receipt)
	}
	if r := w.accepted("inviteGuest", "h/s", in, withID("later"), at("2999-01-01T00:00:00Z")); !r.Receipt.Duplicate || r.Receipt.RunAt.Year() != 2999 {
		t.Errorf("%+v", r.Receipt)
	}
	w.rejected(command.CommandIDReused, "inviteGuest", "h/s", in, withID("later"), at("2998-01-01T00:00:00Z"))
	w.rejected(command.CommandIDReused, "inviteGuest", "h/s", in, withID("later"))
	w.accepted("closeShow", "h/s", nil, withID("first"), at("2001-01-01T00:00:00Z"))
	w.rejected(command.NotFound, "closeShow", "h/none", nil, at("2999-01-01T00:00:00Z"))
	w.rejected(command.AlreadyExists, "createHall", "h", schema.Record{"name": "n", "seats": 1}, at("2999-01-01T00:00:00Z"))

	list, err := w.engine.Scheduled(t.Context(), command.ScheduledQuery{First: 10})
	if err != nil || len(list) != 2 || list[0].Command.CommandID != "first" || list[1].Command.CommandID != "later" {
		t.Fatalf("%+v %v", list, err)
	}
	if got := list[1].Command; got.Name != "inviteGuest" || got.Input["guest"].(schema.Record)["name"] != "Cy" || got.ID != "h/s" {
		t.Errorf("%+v", got)
	}
	for _, q := range []command.ScheduledQuery{{First: 1, After: list[0].Cursor}, {First: 5, Entity: "Show", ID: "h/s", After: list[0].Cursor}} {
		if page, err := w.engine.Scheduled(t.Context(), q); err != nil || len(page) != 1 || page[0].Command.CommandID != "later" {
			t.Errorf("%+v: %+v %v", q, page, err)
		}
	}
	for _, q := range []command.ScheduledQuery{{}, {First: 1001}, {First: 1, After: "x"}, {First: 1, After: `["x","","",""]`}} {
		if _, err := w.engine.Scheduled(t.Context(), q); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if ok, err := w.engine.CancelScheduled(t.Context(), "later"); !ok || err != nil {
		t.Error(ok, err)
	}
	if ok, err := w.engine.CancelScheduled(t.Context(), "later"); ok || err != nil {
		t.Error(ok, err)
	}
	if r := w.rejected(command.CommandIDReused, "inviteGuest", "h/s", in, withID("later"), at("2999-01-01T00:00:00Z")); !strings.Contains(r.Message, "cancelled") {
		t.Errorf("%+v", r)
	}

	timer := w.timers(eventlog.CommandTimer)[0]
	cmd, _, err := w.engine.DecodeTimer(timer)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.engine.Execute(t.Context(), cmd); err != nil || r.Entity.State != "CLOSED" || w.event("Show", "h/s").CorrelationID != "first" {
		t.Error(r, err)
	}
	if left := w.timers(eventlog.CommandTimer); len(left) > 0 {
		t.Errorf("%+v", left)
	}
	ran := w.accepted("closeShow", "h/s", nil, withID("first"), at("2001-01-01T00:00:00Z"))
	if r := ran.Receipt; !r.Duplicate || r.CommandID != "first" || len(r.Events) != 1 || r.Events[0].Name != "ShowClosed" || ran.Entity.State != "CLOSED" {
		t.Errorf("%+v", ran.Receipt)
	}
}

// TestAClientLearnsWhatBecameOfAScheduledCommand: by sending it again.
func TestAClientLearnsWhatBecameOfAScheduledCommand(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	w.accepted("reopenShow", "h/s", nil, withID("k"), at("2001-01-01T00:00:00Z"))
	timer := w.timers(eventlog.CommandTimer)[0]
	cmd, name, err := w.engine.DecodeTimer(timer)
	if err != nil {
		t.Fatal(err)
	}
	note := &command.FailedReaction{ID: cmd.CommandID, Reaction: name, Status: command.ReactionParked, Command: cmd, Message: "it fails"}
	record := func() {
		t.Helper()
		if err := note.Record(t.Context(), w.model(), w.log); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.log.MoveTimer(t.Context(), eventlog.Fire{TimerKey: timer.TimerKey, Token: timer.Token}, -1); err != nil {
		t.Fatal(err)
	}
	record()
	if r := w.accepted("reopenShow", "h/s", nil, withID("k"), at("2001-01-01T00:00:00Z")); !r.Receipt.Duplicate || r.Receipt.RunAt.IsZero() {
		t.Errorf("it is parked: %+v", r.Receipt)
	}
	note.Status, note.Rejection = command.ReactionRejected, command.Reject("NO_GUESTS", "nobody is invited")
	record()
	if r := w.rejected(command.RuleViolated, "reopenShow", "h/s", nil, withID("k"), at("2001-01-01T00:00:00Z")); r.Reason != "NO_GUESTS" {
		t.Errorf("%+v", r)
	}
}

func TestPagesOfScheduledCommandsHaveBounds(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	keep := func(command, id string, data string) {
		ref := eventlog.Ref{Entity: "Show", ID: "h" + id + "/s"}
		timer := eventlog.Timer{TimerKey: eventlog.TimerKey{Kind: eventlog.CommandTimer, Ref: ref, Name: id}, At: time.Unix(1, 0), Data: []byte(data)}
		if _, err := w.log.Append(t.Context(), eventlog.Append{Primary: ref, CommandID: id, InputHash: "h", Decided: time.Now(), Timers: []eventlog.Timer{timer}}); err != nil {
			t.Fatal(err)
		}
	}
	const large = 60
	for i := range large {
		keep("titleShow", fmt.Sprintf("k%02d", i), `{"command":"titleShow","input":{"title":"`+strings.Repeat("x", 900_000)+`"}}`)
		keep("gone", fmt.Sprintf("g%02d", i), `{"command":"gone","input":{}}`)
	}
	got, pages, after := "", 0, ""
	for {
		page, err := w.engine.Scheduled(t.Context(), command.ScheduledQuery{First: 1000, After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		if len(page) > 30 {
			t.Errorf("a page of %d large commands", len(page))
		}
		for _, s := range page {
			got, after = got+s.Command.CommandID+" ", s.Cursor
		}
		pages++
	}
	want := ""
	for i := range large {
		want += fmt.Sprintf("k%02d ", i)
	}
	if got != want {
		t.Errorf("%d pages: %s", pages, got)
	}
	if one, err := w.engine.Scheduled(t.Context(), command.ScheduledQuery{First: 1}); err != nil || len(one) != 1 {
		t.Errorf("%+v %v", one, err)
	}
}

func TestAnyPastTimeIsNow(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	w.accepted("closeShow", "h/s", nil, at("0001-01-01T00:00:00Z"))
	if timers := w.timers(eventlog.CommandTimer); len(timers) != 1 {
		t.Errorf("%+v", timers)
	}
}
