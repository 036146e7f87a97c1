package command_test

import (
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestTheLogHasToPlaceWhatBelongsTogether(t *testing.T) {
	w := newMachine(t)
	l, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := command.New(command.Config{Model: w.model(), Log: l}); err == nil || !strings.Contains(err.Error(), "every Show has to lie with its Hall") {
		t.Error(err)
	}
	if schema.OwnerSeparator != eventlog.OwnerSeparator {
		t.Error("the model and the log separate ids otherwise")
	}
	if a, b := w.log.PartitionOf(command.Ref{Entity: "Show", ID: "h/s"}), w.log.PartitionOf(command.Ref{Entity: "Hall", ID: "h"}); a != b {
		t.Error(a, b)
	}
}

type apart struct{ eventlog.Log }

func (apart) Spans() bool { return false }

func TestAModelThatNeedsSeveralPartitionsAtOnceIsRefusedWhereThatCantBe(t *testing.T) {
	w := newMachine(t)
	_, err := command.New(command.Config{Model: w.model(), Log: apart{w.log}})
	if err == nil || strings.Count(err.Error(), "\n") != 1 || // Guest.hall, because halls can be deleted, and Visit.show, which asks for a state
		!strings.Contains(err.Error(), "Show and the Hall that it refers to may lie in different slots, and the append has to find it there still, and it can be deleted: check it in a @reaction") ||
		!strings.Contains(err.Error(), `Visit and the Show that it refers to may lie in different slots, and the append asks for its state, @ref(in: [OPEN, RUNNING])`) ||
		!strings.Contains(err.Error(), `@entity(with: "show"), or check it in a @reaction`) {
		t.Errorf("%v", err)
	}
	ok := worldOf(t, strings.NewReplacer("@ref(in: [OPEN, RUNNING])", "@ref", "hall: Hall @ref note", "hall: ID note",
		"deletes: true", "to: CLOSED").Replace(machine))
	if _, err := command.New(command.Config{Model: ok.model(), Log: apart{ok.log}}); err != nil {
		t.Error(err)
	}
}

func TestReferencesDontConflictWithOtherChanges(t *testing.T) {
	w := newMachine(t)
	w.show("h/s", "2026-01-01")
	between := func(then func()) (again bool) {
		t.Helper()
		loads := 0
		w.log.before = func() {
			w.log.before = nil
			then()
			loads = w.log.loads
		}
		w.do("planVisit", "", schema.Record{"show": "h/s"})
		return w.log.loads != loads
	}
	if between(func() { w.accepted("titleShow", "h/s", schema.Record{"title": "new"}) }) {
		t.Error("a new title had it decided anew")
	}
	if between(func() { w.accepted("runShow", "h/s", nil) }) {
		t.Error("another state of those that it may be in had it decided anew")
	}
	if !between(func() { w.accepted("closeShow", "h/s", nil) }) {
		t.Error("a state that it may not be in did not")
	}
	w.accepted("createHall", "g", schema.Record{"name": "g", "seats": 1})
	guest := w.input("inviteGuest", map[string]any{"guest": map[string]any{"name": "Cy", "hall": "g"}})
	w.show("h/2", "2026-01-02")
	w.log.before = func() {
		w.log.before = nil
		w.accepted("deleteHall", "g", nil)
	}
	if r := w.do("inviteGuest", "h/2", guest); r.Receipt != nil || r.Rejections[0].Code != command.ReferenceNotFound {
		t.Errorf("%+v", r)
	}
}

func TestWhatIsThereForEverNeedsNoCondition(t *testing.T) {
	sdl := strings.NewReplacer("@ref(in: [OPEN, RUNNING])", "@ref", "deletes: true", "to: CLOSED").Replace(machine)
	w := worldOf(t, sdl)
	w.accepted("createHall", "h", schema.Record{"name": "Big", "seats": 10})
	w.show("h/s", "2026-01-01")
	loads := w.log.loads
	w.log.before = func() {
		w.log.before = nil
		w.accepted("closeShow", "h/s", nil) // between the read and the append
		loads = w.log.loads
	}
	w.accepted("planVisit", "v", schema.Record{"show": "h/s"})
	if w.log.loads != loads {
		t.Error("it was decided anew")
	}
}

func TestRulesThatAreKnownToReachTooFarAreRefused(t *testing.T) {
	w := worldOf(t, strings.NewReplacer("@ref(in: [OPEN, RUNNING])", "@ref", "hall: Hall @ref note", "hall: ID note", "deletes: true", "to: CLOSED").Replace(machine))
	for _, c := range []struct {
		reaches map[string][]string
		want    string
	}{
		{map[string][]string{"titleShow": {"Hall", "Show"}, "takeSeats": {"Show"}, "gone": {"Visit"}}, ""}, // what has one owner
		{map[string][]string{"titleShow": {"Visit"}}, "Show and the Visit that the rule of titleShow reaches"},
		{map[string][]string{"endVisit": {"Visit"}}, "Visit and the Visit that the rule of endVisit reaches"},
	} {
		_, err := command.New(command.Config{Model: w.model(), Log: apart{w.log}, Reaches: c.reaches})
		if c.want == "" != (err == nil) || err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "in a reaction")) {
			t.Errorf("%v: %v", c.reaches, err)
		}
		if _, err := command.New(command.Config{Model: w.model(), Log: w.log, Reaches: c.reaches}); err != nil {
			t.Error(err)
		}
	}
}
