package daybooktest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/daybooktest"
	"github.com/daybook-cqrs/daybook/schema"
)

var model = daybooktest.MustLoad(fstest.MapFS{"hall.graphql": {Data: []byte(`
type Hall @entity @crud { id: ID! name: String! @unique(ignoreCase: true) seats: Int! }

type Show @entity(with: "hall") @timeout(in: OPEN, after: "30m", run: "closeShow") {
  id: ID!
  status: ShowStatus! @state
  hall: Hall! @ref
  hallName: String @copy(of: "hall.name")
  starts: DateTime
  guests: [Guest!]
}

type Guest { guest: ID! @key name: String! }
enum ShowStatus { OPEN CLOSED }

extend type Mutation {
  openShow(hall: ID!, starts: DateTime, guests: [GuestInput!]): Show! @transition(to: OPEN, emits: "ShowOpened")
  closeShow(id: ID!): Show! @transition(from: [OPEN], to: CLOSED, emits: "ShowClosed")
  dropShow(id: ID!): Show! @transition(from: [OPEN, CLOSED], deletes: true, emits: "ShowDropped")
  inviteGuest(id: ID!, guest: GuestInput! @append(to: "guests")): Show! @transition(from: [OPEN], emits: "GuestInvited")
}`)}})

type (
	event  = daybooktest.Event
	cmd    = daybooktest.Command
	values = map[string]any
)

var (
	hall = event{Name: "HallCreated", ID: "h", Set: values{"name": "Big", "seats": 3}}
	show = event{Name: "ShowOpened", ID: "h/s", Set: values{"hall": "h", "guests": []any{values{"name": "Ana"}}}}
)

// rules: closing a show makes a hall of its name, unless it has none.
var table = command.Rules{
	"closeShow": func(c *command.Context, show, _ schema.Record) (schema.Record, error) {
		guests, _ := show["guests"].([]any)
		switch len(guests) {
		case 0:
			return nil, command.Reject("NO_GUESTS", "nobody came").At("guests")
		case 1:
			_, err := c.Run("createHall", "", schema.Record{"name": guests[0].(schema.Record)["name"], "seats": 1})
			return show, err
		case 2:
			return nil, errors.New("two is a failure")
		}
		panic("three")
	},
}

// failure is how a test under test ends.
type failure string

// failing is a test that is expected to fail.
type failing struct{}

func (failing) Helper() {}
func (failing) Fatalf(format string, args ...any) {
	panic(failure(fmt.Sprintf(format, args...)))
}

// fails runs what must end its test, and say all of want.
func fails(t *testing.T, f func(k *daybooktest.Kit), want ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		said, ok := recover().(failure)
		if !ok {
			t.Error("the test did not fail, and it should say", want)
			return
		}
		for _, w := range want {
			if !strings.Contains(string(said), w) {
				t.Errorf("%s\nlacks %q", said, w)
			}
		}
	}()
	f(daybooktest.New(failing{}, model, table))
}

func TestGivenWhenThen(t *testing.T) {
	k := daybooktest.New(t, model, table).Given(hall, show)
	k.When(cmd{Name: "inviteGuest", ID: "h/s", Input: values{"guest": values{"name": "Bo", "guest": "b"}}, CommandID: "c"}).
		Then(event{Name: "GuestInvited", Entity: "Show", ID: "h/s", From: "OPEN", To: "OPEN", Set: values{}, Changes: []daybooktest.Change{
			daybooktest.Insert("guests", "b", values{"guest": "b", "name": "Bo"}),
		}}).
		ThenTimer("OPEN/closeShow", 30*time.Minute)
	k.When(cmd{Name: "inviteGuest", ID: "h/s", Input: values{"guest": values{"name": "Bo", "guest": "b"}}, CommandID: "c"}).ThenDuplicate()
	k.When(cmd{Name: "inviteGuest", ID: "h/s", Input: values{"guest": values{"name": "Other"}}, CommandID: "c"}).ThenRejected("COMMAND_ID_REUSED")
	k.When(cmd{Name: "closeShow", ID: "h/s"}).ThenFailed("two is a failure")
	k.When(cmd{Name: "inviteGuest", ID: "h/s", Input: values{"guest": values{"name": "Cy"}}})
	k.When(cmd{Name: "closeShow", ID: "h/s"}).ThenFailed("a rule panicked: three")
	k.ThenEntityOf("Show", "h/s", values{"hall": "h", "starts": nil, "guests": []any{values{"guest": "1-1", "name": "Ana"}, values{"guest": "b", "name": "Bo"}, values{"guest": "3-1", "name": "Cy"}}})
	k.When(cmd{Name: "dropShow", ID: "h/s"}).Then(event{Name: "ShowDropped", Set: values{}, Changes: []daybooktest.Change{}}).ThenNoTimer("OPEN/closeShow").ThenEntity(nil)
}

func TestTimePasses(t *testing.T) {
	k := daybooktest.New(t, model, table).Given(hall, show).Pass(10 * time.Minute)
	k.When(cmd{Name: "inviteGuest", ID: "h/s", Input: values{"guest": values{"name": "Bo"}}}).ThenTimer("OPEN/closeShow", 20*time.Minute)
	fails(t, func(k *daybooktest.Kit) {
		k.Given(hall, show).Pass(10*time.Minute).WhenTimer("Show", "h/s", "OPEN/closeShow")
	}, "due in 20m0s")
	k = daybooktest.New(t, model, table).Given(hall, show).Pass(time.Hour)
	k.WhenTimer("Show", "h/s", "OPEN/closeShow").
		Then(event{Name: "ShowClosed", To: "CLOSED"}, event{Name: "HallCreated", Set: values{"name": "Ana", "seats": 1}}).
		ThenNoTimer("OPEN/closeShow")
	k.When(cmd{Name: "openShow", ID: "h/2", Input: values{"hall": "h", "starts": k.Now()}}).
		Then(event{Name: "ShowOpened", Set: values{"hall": "h", "starts": "2026-01-01T13:00:00Z"}})
	k.When(cmd{Name: "openShow", ID: "h/3", Input: values{"hall": "h"}, OccurredAt: k.Now()}).ThenNoTimer("OPEN/closeShow")
}

func TestWhatIsGivenIsInTheLogAsEver(t *testing.T) {
	k := daybooktest.New(t, model, table).Given(hall, show)
	k.When(cmd{Name: "createHall", ID: "h2", Input: values{"name": "BIG", "seats": 1}}).ThenRejected("NOT_UNIQUE").At("name")
	k.When(cmd{Name: "updateHall", ID: "h", Input: values{"seats": 1}, ExpectedVersion: 2}).ThenRejected("VERSION_CONFLICT")
	k.When(cmd{Name: "updateHall", ID: "h", Input: values{"seats": "many"}}).ThenRejected("INVALID_INPUT").At("seats")
	k.Given(event{Name: "HallUpdated", ID: "h", Set: values{"name": "Small"}}, event{Name: "ShowClosed", ID: "h/s"})
	k.When(cmd{Name: "createHall", ID: "h2", Input: values{"name": "BIG", "seats": 1}}).Then(event{Name: "HallCreated"})
	k.When(cmd{Name: "closeShow", ID: "h/s"}).ThenRejected("INVALID_TRANSITION").ThenNoTimer("OPEN/closeShow").ThenEntity(values{"status": "CLOSED"})
	k.GivenCommands(cmd{Name: "openShow", Input: values{"hall": "h"}}).Given(event{Name: "ShowDropped", ID: "h/s"}).ThenEntityOf("Show", "h/s", nil)
}

func TestFailuresSayWhatThereIs(t *testing.T) {
	one := func(e event) func(k *daybooktest.Kit) {
		return func(k *daybooktest.Kit) { k.Given(hall, show).Given(e) }
	}
	when := func(c cmd) func(k *daybooktest.Kit) { return func(k *daybooktest.Kit) { k.Given(hall, show).When(c) } }
	for want, f := range map[string]func(k *daybooktest.Kit){
		`no event "ShowOpend": it has HallCreated, HallUpdated, HallDeleted, ShowOpened`: one(event{Name: "ShowOpend"}),
		`Hall has no event "ShowOpened": it has HallCreated`:                             one(event{Name: "ShowOpened", Entity: "Hall"}),
		`no entity "Hal": it has Hall, Show`:                                             one(event{Name: "ShowOpened", Entity: "Hal"}),
		`lacks the ID of its Show`:                                                       one(event{Name: "ShowOpened"}),
		`HallCreated of Hall h: there is one already`:                                    one(hall),
		`does not begin with that of its hall and a /`:                                   one(event{Name: "ShowOpened", ID: "x", Set: values{"hall": "h"}}),
		`Give an event that makes one before: ShowOpened`:                                one(event{Name: "ShowClosed", ID: "h/x"}),
		`it is OPEN, not CLOSED`:                                                         one(event{Name: "ShowClosed", ID: "h/s", From: "CLOSED"}),
		`leads to CLOSED, not to "OPEN"; the states are OPEN, CLOSED`:                    one(event{Name: "ShowClosed", ID: "h/s", To: "OPEN"}),
		`no such field: it has id, status, hall, hallName, starts, guests`:               one(event{Name: "ShowClosed", ID: "h/s", Set: values{"gusts": nil}}),
		`write it as To`:                                      one(event{Name: "ShowClosed", ID: "h/s", Set: values{"status": "OPEN"}}),
		`sets the copy hallName`:                              one(event{Name: "ShowClosed", ID: "h/s", Set: values{"hallName": "x"}}),
		`which is the event's ID`:                             one(event{Name: "ShowClosed", ID: "h/s", Set: values{"id": "x"}}),
		`Sets the whole list`:                                 one(event{Name: "GuestInvited", ID: "h/s", Changes: []daybooktest.Change{}}),
		`never null: Set name, seats`:                         one(event{Name: "HallCreated", ID: "h2"}),
		`HallUpdated.name: can't be null`:                     one(event{Name: "HallUpdated", ID: "h", Set: values{"name": nil}}),
		`HallUpdated.seats: is no Int`:                        one(event{Name: "HallUpdated", ID: "h", Set: values{"seats": "x"}}),
		`taken by Hall:h`:                                     one(event{Name: "HallCreated", ID: "h2", Set: values{"name": "big", "seats": 1}}),
		`no command "closeShw": it has createHall`:            when(cmd{Name: "closeShw"}),
		`lacks the argument hall: ID!`:                        when(cmd{Name: "openShow", ID: "h/2"}),
		`argument that it does not have: it has name, seats`:  when(cmd{Name: "updateHall", ID: "h", Input: values{"seat": 1}}),
		`the clock can't step back from 2026-01-01T12:00:00Z`: func(k *daybooktest.Kit) { k.Pass(-time.Second) },
		`no timeout "x": it has OPEN/closeShow`:               func(k *daybooktest.Kit) { k.WhenTimer("Show", "h/s", "x") },
		`the timer OPEN/closeShow of Show h/s is not set`:     func(k *daybooktest.Kit) { k.WhenTimer("Show", "h/s", "OPEN/closeShow") },
		`createHall of Hall h was rejected: ALREADY_EXISTS at id: the id "h" is taken by another Hall, and no Then says so`: func(k *daybooktest.Kit) {
			k.Given(hall).When(cmd{Name: "createHall", ID: "h", Input: values{"name": "n", "seats": 1}}).When(cmd{Name: "deleteHall", ID: "h"})
		},
	} {
		fails(t, f, want)
	}
	again := daybooktest.New(t, model, table).Given(hall, show, event{Name: "ShowClosed", ID: "h/s"})
	again.When(cmd{Name: "closeShow", ID: "h/s"}).ThenRejected("INVALID_TRANSITION")
	fails(t, func(k *daybooktest.Kit) {
		k.Given(hall, show, event{Name: "ShowClosed", ID: "h/s"}, event{Name: "ShowClosed", ID: "h/s"})
	}, "it is CLOSED, and closeShow runs in OPEN")
}

func TestThenSaysWhatIsOtherwise(t *testing.T) {
	closing := func(k *daybooktest.Kit) *daybooktest.Outcome {
		return k.Given(hall, show).When(cmd{Name: "closeShow", ID: "h/s"})
	}
	deleting := func(k *daybooktest.Kit) *daybooktest.Outcome { return k.When(cmd{Name: "deleteHall", ID: "h"}) }
	fails(t, func(k *daybooktest.Kit) { closing(k).Then(event{Name: "ShowClosed"}) }, "closeShow of Show h/s was accepted, and made other events", `"HallCreated"`)
	fails(t, func(k *daybooktest.Kit) {
		closing(k).Then(event{Name: "ShowClosed", Set: values{"starts": nil}}, event{Name: "HallCreated", Set: values{"name": "Ana", "seats": 2}})
	}, `"starts"`, `"seats"`, "int64(2)", "int64(1)")
	fails(t, func(k *daybooktest.Kit) { closing(k).Then(event{Name: "ShowClosed", To: "SHUT"}) }, `no state "SHUT": it has OPEN, CLOSED`)
	fails(t, func(k *daybooktest.Kit) { closing(k).ThenRejected("NO_GUESTS") }, "was accepted, not rejected with NO_GUESTS", "+ ShowClosed of Show h/s", "+ HallCreated of Hall ")
	fails(t, func(k *daybooktest.Kit) { closing(k).ThenFailed("x") }, "was accepted, not failed")
	fails(t, func(k *daybooktest.Kit) { closing(k).ThenDuplicate() }, "was accepted, not before")
	fails(t, func(k *daybooktest.Kit) { closing(k).ThenTimer("OPEN/closeShow", 1) }, "is not set")
	fails(t, func(k *daybooktest.Kit) { closing(k).ThenEntity(values{"status": "OPEN"}) }, "Show h/s is otherwise", `"CLOSED"`)
	fails(t, func(k *daybooktest.Kit) { closing(k).ThenEntity(nil) }, "is there Show h/s? true, expected false")
	fails(t, func(k *daybooktest.Kit) { closing(k).ThenEntity(values{"hallName": "x"}) }, "no field \"hallName\" of its own")
	fails(t, func(k *daybooktest.Kit) { deleting(k).Then() }, "was rejected: NOT_FOUND at id")
	fails(t, func(k *daybooktest.Kit) { deleting(k).ThenRejected("X") }, "not with X")
	fails(t, func(k *daybooktest.Kit) { deleting(k).ThenRejected("NOT_FOUND").At("name") }, `not at "name"`)
	fails(t, func(k *daybooktest.Kit) { deleting(k).ThenRejected("NOT_FOUND").Saying("else") }, `without "else"`)
	fails(t, func(k *daybooktest.Kit) {
		k.Given(hall, show).When(cmd{Name: "inviteGuest", ID: "h/s", Input: values{"guest": values{"name": "Bo"}}}).
			Then(event{Name: "GuestInvited", Changes: []daybooktest.Change{daybooktest.Insert("guests", "2-1", values{"guest": "2-1", "name": "Ben"})}})
	}, `"Ben"`, `"Bo"`)
	fails(t, func(k *daybooktest.Kit) {
		k.Given(hall, show).When(cmd{Name: "inviteGuest", ID: "h/s", Input: values{"guest": values{"name": "Bo"}}}).ThenNoTimer("OPEN/closeShow")
	}, "is set: it is due in 30m0s")
}

func TestReactions(t *testing.T) {
	reactions := command.Reactions{
		{Name: "OnShowClosed", Entity: "Show", Event: "ShowClosed", React: func(r *command.Reaction, show schema.Record) error {
			if show["guests"] == nil {
				return errors.New("nobody came")
			}
			r.Send("updateHall", show["hall"].(string), schema.Record{"seats": 7})
			return nil
		}},
		{Name: "OnShowDropped", Entity: "Show", Event: "ShowDropped", React: func(r *command.Reaction, show schema.Record) error {
			r.Send("deleteHall", show["hall"].(string), nil)
			return nil
		}},
	}
	closed := event{Name: "ShowClosed", ID: "h/s"}
	sends := cmd{Name: "updateHall", ID: "h", Input: values{"seats": 7}}
	daybooktest.New(t, model, table).Given(hall, show).Reacting(reactions).On(closed).ThenSends(sends)
	daybooktest.New(t, model, table).Given(hall, show).Reacting(reactions).When(cmd{Name: "closeShow", ID: "h/s"}).ThenSends(sends).
		Reacting(reactions).On(event{Name: "ShowDropped", ID: "h/s"}).ThenSends(cmd{Name: "deleteHall", ID: "h"})
	daybooktest.New(t, model, table).Reacting(reactions).On(hall).ThenSends()
	daybooktest.New(t, model, table).Given(hall, event{Name: "ShowOpened", ID: "h/s", Set: values{"hall": "h"}}).Reacting(reactions).On(closed).ThenFails("OnShowClosed: nobody came")
	fails(t, func(k *daybooktest.Kit) {
		k.Given(hall, show).Reacting(reactions).On(closed).ThenSends(cmd{Name: "updateHall", ID: "h", Input: values{"seats": 8}})
	}, "after ShowClosed of Show h/s other commands are sent", "int64(8)", "int64(7)")
	fails(t, func(k *daybooktest.Kit) {
		k.Given(hall, event{Name: "ShowOpened", ID: "h/s", Set: values{"hall": "h"}}).Reacting(reactions).On(closed).ThenSends()
	}, "the reaction to ShowClosed of Show h/s failed: OnShowClosed: nobody came")
	fails(t, func(k *daybooktest.Kit) {
		k.Reacting(command.Reactions{{Name: "X", Entity: "Show", Event: "ShowSold"}}).On(hall)
	}, `Show has no event "ShowSold"`)
}

// TestProperties: a kit serves rapid too, whose tests don't know beforehand what is accepted.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := daybooktest.New(rt, model, table).Given(hall)
		for range rapid.IntRange(0, 5).Draw(rt, "shows") {
			id := rapid.SampledFrom([]string{"h/1", "h/2"}).Draw(rt, "id")
			o := k.When(cmd{Name: "openShow", ID: id, Input: values{"hall": "h"}})
			if !o.Accepted() && o.Result().Rejections[0].Code != command.AlreadyExists {
				rt.Fatalf("%s", o)
			}
		}
	})
}

func BenchmarkKit(b *testing.B) {
	for b.Loop() {
		daybooktest.New(b, model, table).Given(hall, show).When(cmd{Name: "closeShow", ID: "h/s"}).Then(event{Name: "ShowClosed"}, event{Name: "HallCreated"})
	}
}
