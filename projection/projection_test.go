package projection_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/schema"
)

type order struct{ customer string }

type activity struct {
	id    string
	count int
}

func orderOf(r schema.Record) *order {
	customer, _ := r["customer"].(string)
	return &order{customer}
}

func activityOf(r schema.Record) *activity {
	id, _ := r["id"].(string)
	n, _ := r["count"].(int)
	return &activity{id, n}
}

func (a *activity) record() schema.Record { return schema.Record{"id": a.id, "count": a.count} }

var errNegative = errors.New("negative")

func count(c *projection.Change[activity], o projection.Of[order]) error {
	if o.Name == "Bad" {
		return errNegative
	}
	if o.Before != nil {
		c.Update(o.Before.customer, func(a *activity) error {
			if a.count--; a.count < 0 {
				return errNegative
			}
			return nil
		})
	}
	if o.After == nil {
		c.Delete("last")
		return nil
	}
	c.Update(o.After.customer, func(a *activity) error { a.count++; return nil })
	return nil
}

func TestWrappedProjections(t *testing.T) {
	f := projection.Wrap(count, orderOf, activityOf, (*activity).record)
	steps, err := f(projection.Event{Name: "Created"}, nil, schema.Record{"customer": "c1"})
	if err != nil || len(steps) != 1 || steps[0].ID != "c1" {
		t.Fatal(steps, err)
	}
	for _, had := range []int{4, 0} { // an update may run again, on another document
		doc, err := steps[0].Update(schema.Record{"id": "c1", "count": had})
		if err != nil || !reflect.DeepEqual(doc, schema.Record{"id": "c1", "count": had + 1}) {
			t.Error(doc, err)
		}
	}
	steps, err = f(projection.Event{}, schema.Record{"customer": "c1"}, nil)
	if err != nil || len(steps) != 2 || steps[1].ID != "last" || steps[1].Update != nil {
		t.Fatal(steps, err)
	}
	if _, err := steps[0].Update(schema.Record{"id": "c1"}); !errors.Is(err, errNegative) {
		t.Error(err)
	}
	if _, err := f(projection.Event{Name: "Bad"}, nil, nil); !errors.Is(err, errNegative) {
		t.Error(err)
	}
}

func TestTablesAreChecked(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`
type Order @entity @crud { id: ID! customer: String }
type Other @entity @crud { id: ID! }
type Activity @view(of: "Order") @view(of: "Other") { count: Int }
type Total @view(of: "Order") { orders: Int! @count }
`)}})
	if err != nil {
		t.Fatal(err)
	}
	f := projection.Wrap(count, orderOf, activityOf, (*activity).record)
	if err := (projection.Table{"Activity": {"Order": f, "Other": f}}).Check(m); err != nil {
		t.Error(err)
	}
	err = projection.Table{"Activity": {"Order": f}, "Total": {"Order": f}, "Gone": {"Order": f}}.Check(m)
	for _, want := range []string{"write ProjectActivityFromOther in package rules", "ProjectTotalFromOrder is a projection, but", "no view Gone"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
	if err := (projection.Table)(nil).Check(m); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Error(err)
	}
}
