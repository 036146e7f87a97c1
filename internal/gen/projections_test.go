package gen

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/schema"
)

const viewsOfOrders = `type Order @entity @crud { id: ID! a: Int }
type Bill @entity @crud { id: ID! a: Int }
type Activity @view(of: "Order") @view(of: "Bill") { last: Int }
type Total @view(of: "Order") { orders: Int! @count }
`

const (
	forProjections  = "import (\"example.org/x/entity\"; \"github.com/daybook-cqrs/daybook/projection\")\n"
	exactProjection = "(c *projection.Change[entity.Activity], o projection.Of[entity.Order]) error { return nil }"
	ofOrder         = "write func ProjectActivityFromOrder(c *projection.Change[entity.Activity], order projection.Of[entity.Order]) error"
)

func modelOfViews(t *testing.T) *schema.Model {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(viewsOfOrders)}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWrongProjectionsAreErrors(t *testing.T) {
	m := modelOfViews(t)
	for name, c := range map[string]struct{ file, code, want string }{
		"a typo": {"r.go", forProjections + "func ProjectActivityFromOrders" + exactProjection,
			"r.go:3:1: ProjectActivityFromOrders looks like a projection, but the model has no view for it: name it ProjectActivityFromBill or ProjectActivityFromOrder, or write"},
		"of aggregates": {"r.go", forProjections + "func ProjectTotalFromOrder(c *projection.Change[entity.Total], o projection.Of[entity.Order]) error { return nil }",
			"ProjectTotalFromOrder looks like a projection, but"},
		"wrong entity":     {"r.go", forProjections + "func ProjectActivityFromBill" + exactProjection, "the projection ProjectActivityFromBill is not as it should be: write func ProjectActivityFromBill(c"},
		"a pointer":        {"r.go", forProjections + "func ProjectActivityFromOrder(c *projection.Change[entity.Activity], o *projection.Of[entity.Order]) error { return nil }", ofOrder},
		"a value":          {"r.go", forProjections + "func ProjectActivityFromOrder(c projection.Change[entity.Activity], o projection.Of[entity.Order]) error { return nil }", ofOrder},
		"no error":         {"r.go", forProjections + "func ProjectActivityFromOrder(c *projection.Change[entity.Activity], o projection.Of[entity.Order]) {}", ofOrder},
		"no parameters":    {"r.go", "func ProjectActivityFromOrder() {}", ofOrder},
		"in lower case":    {"r.go", forProjections + "func projectActivityFromOrder" + exactProjection, "the projection projectActivityFromOrder is not exported: " + ofOrder},
		"a test":           {"r_test.go", forProjections + "func ProjectActivityFromOrder" + exactProjection, "the projection ProjectActivityFromOrder is in a test, where it does not run"},
		"a variable":       {"r.go", "var ProjectActivityFromOrder = 1", "named as the projection of Order into Activity, and no function: " + ofOrder},
		"the table's name": {"r.go", "var Projections = 1", "r.go:2:5: Projections is a function of table_gen.go: choose another name"},
	} {
		if found, _, err := rulesIn(t, m, c.file, c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	_, _, err := rulesOf(t, "r.go", forProjections+"func ProjectX"+exactProjection)
	if err == nil || !strings.Contains(err.Error(), "ProjectX looks like a projection") {
		t.Error(err)
	}
}

func TestProjectionsAreFoundHoweverTheyAreWritten(t *testing.T) {
	m := modelOfViews(t)
	for name, code := range map[string]string{
		"plain":   forProjections + "func ProjectActivityFromOrder" + exactProjection,
		"aliases": "import (e \"example.org/x/entity\"; p \"github.com/daybook-cqrs/daybook/projection\")\nfunc ProjectActivityFromOrder(_ *p.Change[e.Activity], _ p.Of[e.Order]) (err error) { return nil }",
		"dots":    "import (. \"example.org/x/entity\"; . \"github.com/daybook-cqrs/daybook/projection\")\nfunc ProjectActivityFromOrder(*Change[Activity], Of[Order]) error { return nil }",
		"local":   forProjections + "type C = projection.Change[entity.Activity]\nfunc ProjectActivityFromOrder(c *C, o projection.Of[entity.Order]) error { return nil }",
	} {
		found, notes, err := rulesIn(t, m, "r.go", code)
		if err != nil || len(found) != 1 || len(notes) > 0 || found[0].kind() != aProjection || found[0].entity.Name != "Order" || found[0].view.Name != "Activity" {
			t.Errorf("%s: %v, %v, %v", name, found, notes, err)
		}
	}
}

func TestViewsThatNothingMakesAreErrors(t *testing.T) {
	m := modelOfViews(t)
	found, _, err := rulesIn(t, m, "r.go", forProjections+"func ProjectActivityFromOrder"+exactProjection)
	if err != nil {
		t.Fatal(err)
	}
	want := "m.graphql:3:6: the view Activity has no aggregates, and package rules has no function that makes it of Bill: write func ProjectActivityFromBill(c *projection.Change[entity.Activity], " +
		"bill projection.Of[entity.Bill]) error, or give its fields @group and aggregates"
	if got := unmade(m, found); len(got) != 1 || got[0].Error() != want {
		t.Error(got)
	}
	if got := unmade(m, nil); len(got) != 2 {
		t.Error(got)
	}
}

func TestTheTableHasProjections(t *testing.T) {
	m := modelOfViews(t)
	both := forProjections + "func ProjectActivityFromOrder" + exactProjection +
		"\nfunc ProjectActivityFromBill(c *projection.Change[entity.Activity], o projection.Of[entity.Bill]) error { return nil }"
	found, _, err := rulesIn(t, m, "r.go", both)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(table("example.org/x", found)), " ")
	want := `func Projections() projection.Table { return projection.Table{ "Activity": { ` +
		`"Bill": projection.Wrap(ProjectActivityFromBill, entity.BillOf, entity.ActivityOf, (*entity.Activity).Record), ` +
		`"Order": projection.Wrap(ProjectActivityFromOrder, entity.OrderOf, entity.ActivityOf, (*entity.Activity).Record), }, } }`
	if !strings.Contains(text, want) || strings.Contains(text, "daybook/schema") {
		t.Error(text)
	}
}
