package gen

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/schema"
)

const exactReaction = "(r *command.Reaction, o *entity.Order) error { return nil }"

// onCanceled is what the messages say to write.
const onCanceled = "write func OnOrderCanceled(r *command.Reaction, order *entity.Order) error"

func TestWrongReactionsAreErrors(t *testing.T) {
	for name, c := range map[string]struct{ file, code, want string }{
		"a typo": {"r.go", imports + "func OnOrderCancelled" + exactReaction, "r.go:3:1: OnOrderCancelled looks like a reaction, but Order has no such event: " +
			"name it On and the event (OnOrderCreated, OnOrderApproved, "},
		"another case":     {"r.go", imports + "func OnOrderCANCELED" + exactReaction, "name it On and the event (OnOrderCanceled), or"},
		"and more":         {"r.go", imports + "func OnOrderCanceledAgain" + exactReaction, "OnOrderCanceledAgain looks like a reaction, but Order has no such event"},
		"no On":            {"r.go", imports + "func OrderCanceled" + exactReaction, "OrderCanceled looks like a reaction"},
		"no entity":        {"r.go", imports + "func OnX(r *command.Reaction) error { return nil }", "OnX looks like a reaction, but the model has no such event: name it On and the event, or"},
		"reaction last":    {"r.go", imports + "func OnX(o *entity.Order, r command.Reaction) error { return nil }", "OnX looks like a reaction, but Order has"},
		"wrong entity":     {"r.go", imports + "func OnOrderCanceled(r *command.Reaction, o *entity.Customer) error { return nil }", "r.go:3:1: the reaction OnOrderCanceled is not as it should be: " + onCanceled},
		"no error":         {"r.go", imports + "func OnOrderCanceled(r *command.Reaction, o *entity.Order) {}", onCanceled},
		"a value":          {"r.go", imports + "func OnOrderCanceled(r *command.Reaction, o entity.Order) error { return nil }", onCanceled},
		"no reaction":      {"r.go", imports + "func OnOrderCanceled(o *entity.Order) error { return nil }", onCanceled},
		"a rule's":         {"r.go", imports + "func OnOrderCanceled(c *command.Context, o *entity.Order) error { return nil }", "the reaction OnOrderCanceled is not as it should be: " + onCanceled},
		"no parameters":    {"r.go", "func OnOrderCanceled() {}", onCanceled},
		"alias typo":       {"r.go", aliased + "func OnX(r *cmd.Reaction, o *e.Order) error { return nil }", "r.go:3:1: OnX looks like a reaction"},
		"dot typo":         {"r.go", dotted + "func OnX(r *Reaction, o *Order) error { return nil }", "r.go:3:1: OnX looks like a reaction, but Order"},
		"local alias":      {"r.go", imports + "type R = *(command.Reaction)\nfunc OnX(r R) error { return nil }", "r.go:4:1: OnX looks like a reaction"},
		"another's":        {"r.go", "import command \"example.org/other/command\"\nfunc OnOrderCanceled" + exactReaction, "is not as it should be"},
		"a variable":       {"r.go", "var X, OnOrderCanceled = 1, func" + exactReaction, "r.go:2:8: OnOrderCanceled is named as a reaction to OrderCanceled, and no function: " + onCanceled + ", or another name"},
		"in lower case":    {"r.go", imports + "func onOrderCanceled" + exactReaction, "r.go:3:1: the reaction onOrderCanceled is not exported: " + onCanceled},
		"a method":         {"r.go", imports + "type R struct{}\nfunc (R) OnOrderCanceled" + exactReaction, "r.go:4:1: the reaction OnOrderCanceled is a method: " + onCanceled},
		"generic":          {"r.go", imports + "func OnOrderCanceled[T any]" + exactReaction, "r.go:3:1: the reaction OnOrderCanceled has type parameters: " + onCanceled},
		"a test":           {"r_test.go", imports + "func OnOrderCanceled" + exactReaction, "r_test.go:3:1: the reaction OnOrderCanceled is in a test, where it does not run"},
		"twice":            {"r.go", imports + "func OnOrderCanceled" + exactReaction + "\nfunc OnOrderCanceled" + exactReaction, "r.go:4:1: the reaction OnOrderCanceled is there twice, first at rules/r.go:3:1"},
		"the table's name": {"r.go", "var Reactions = 1", "r.go:2:5: Reactions is a function of table_gen.go: choose another name"},
	} {
		if found, _, err := rulesOf(t, c.file, c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestReactionsAreFoundHoweverTheyAreWritten(t *testing.T) {
	for name, code := range map[string]string{
		"plain":       imports + "func OnOrderCanceled" + exactReaction,
		"aliases":     aliased + "func OnOrderCanceled(_ *cmd.Reaction, _ *e.Order) (err error) { return nil }",
		"dots":        dotted + "func OnOrderCanceled(*Reaction, *Order) error { return nil }",
		"local alias": imports + "type R = command.Reaction\nfunc OnOrderCanceled(r *R, order *(entity.Order)) error { return nil }",
	} {
		found, notes, err := rulesOf(t, "r.go", code)
		if err != nil || len(found) != 1 || len(notes) > 0 || found[0].command != nil || found[0].entity.Name != "Order" || found[0].event != "OrderCanceled" {
			t.Errorf("%s: %v, %v, %v", name, found, notes, err)
		}
	}
	for name, code := range map[string]string{
		"a helper": imports + "func giveBack(r *command.Reaction, o *entity.Order) error { return nil }\nfunc onOrderCanceled(x int) {}\nfunc On(x int) {}\nvar OnX = 1",
		"a type":   "type OnOrderCanceled struct{}",
	} {
		if found, notes, err := rulesOf(t, "r.go", code); err != nil || len(found)+len(notes) > 0 {
			t.Errorf("%s: %v, %v, %v", name, found, notes, err)
		}
	}
	for file, code := range map[string]string{"r_plan9.go": "", "r.go": "//go:build ignore\n\npackage rules\n"} {
		found, notes, err := rulesOf(t, file, code+imports+"func OnOrderCanceled"+exactReaction)
		if err != nil || len(found) > 0 || len(notes) != 1 || !strings.Contains(notes[0], "rules/"+file+":") || !strings.Contains(notes[0], "OnOrderCanceled is no reaction here: ") {
			t.Errorf("%s: %q, %v", file, notes, err)
		}
	}
}

// namesakes has an event of two entities, a command that is named as a reaction is, and events that are one name in Go.
const namesakes = `type Order @entity @crud { id: ID! a: Int }
type Bill @entity @crud { id: ID! a: Int }
extend type Mutation {
  closeOrder(id: ID!, a: Int): Order! @transition(emits: "Closed")
  closeBill(id: ID!, a: Int): Bill! @transition(emits: "Closed")
  onOrderUpdated(id: ID!, a: Int): Bill! @transition(emits: "Told")
  pay(id: ID!, a: Int): Bill! @transition(emits: "bill_paid")
  payAll(id: ID!, a: Int): Bill! @transition(emits: "BillPaid")
}`

func TestShapesTellNamesakesApart(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"schema/m.graphql": {Data: []byte(namesakes)}})
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string][]string{
		"func OnClosed(r *command.Reaction, o *entity.Order) error":                                                                                            {"Order Closed"},
		"func OnClosed(r *command.Reaction, b *entity.Bill) error":                                                                                             {"Bill Closed"},
		"func OnOrderUpdated(c *command.Context, b *entity.Bill, in entity.OnOrderUpdated) error":                                                              {"the rule of onOrderUpdated"},
		"func OnOrderUpdated(r *command.Reaction, o *entity.Order) error":                                                                                      {"Order OrderUpdated"},
		"func OnTold(r *command.Reaction, b *entity.Bill) error { return nil }; func X()":                                                                      {"Bill Told"},
		"func CloseBill(c *command.Context, b *entity.Bill, in entity.CloseBill) error { return nil }\nfunc OnTold(r *command.Reaction, b *entity.Bill) error": {"Bill Told", "the rule of closeBill"},
	} {
		found, _, err := rulesIn(t, m, "r.go", imports+code+" { return nil }")
		var got []string
		for _, o := range found {
			if o.command != nil {
				got = append(got, "the rule of "+o.command.Name)
			} else {
				got = append(got, o.entity.Name+" "+o.event)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", code, got, err)
		}
	}
	for code, want := range map[string]string{
		"func OnClosed(r *command.Reaction, o *entity.Order)":                    "write func OnClosed(r *command.Reaction, order *entity.Order) error, or func OnClosed(r *command.Reaction, bill *entity.Bill) error",
		"func OnOrderUpdated(o *entity.Order) error":                             "write func OnOrderUpdated(c *command.Context, bill *entity.Bill, in entity.OnOrderUpdated) error, or func OnOrderUpdated(r *command.Reaction, order",
		"func OnOrderUpdated(r *command.Reaction, b *entity.Bill) error":         "the reaction OnOrderUpdated is not as it should be: write func OnOrderUpdated(r *command.Reaction, order *entity.Order) error",
		"func OnOrderUpdated(c *command.Context, o *entity.Order) error":         "the rule OnOrderUpdated is not as it should be: write func OnOrderUpdated(c *command.Context, bill *entity.Bill, in entity.OnOrderUpdated) error",
		"func OnBillPaid(r *command.Reaction, b *entity.Bill) error":             "OnBillPaid could be for two events of Bill, bill_paid and BillPaid: rename one of them in the model",
		"func OnOrderClosed(r *command.Reaction, o *entity.Order) error":         "Order has no such event: name it On and the event (OnOrderCreated, OnOrderUpdated, OnOrderDeleted, OnClosed)",
		"func onOrderupdated(r *command.Reaction, o *entity.Order) error":        "the reaction onOrderupdated is not exported",
		"func OnOrderUpdated(r *command.Reaction, o *entity.Order, x int) error": "the reaction OnOrderUpdated is not as it should be",
	} {
		if found, _, err := rulesIn(t, m, "r.go", imports+code+" { return nil }"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", code, found, err)
		}
	}
}
