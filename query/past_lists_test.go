package query_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// boughtOnce has customers, of whom each bought so much: the names are in another order than the ids.
func boughtOnce(t *testing.T, customers int) *past {
	p := newPastOf(t, viewsModel)
	for n := range customers {
		p.happens(day(1), "Customer", fmt.Sprint("c", n), 1, schema.Record{"name": fmt.Sprint("n", 7*n%10)}, nil)
		p.happens(day(1), "Order", fmt.Sprint("o", n), 1, schema.Record{"customer": fmt.Sprint("c", n), "status": "PAID", "total": scalar.NewDecimal(int64(n))}, nil)
	}
	p.settle()
	return p
}

// TestAListOfAViewOfThenIsComputedOnce, whatever is asked of it and however it is sorted: counting, sorting and the rows are of one reading of the orders.
func TestAListOfAViewOfThenIsComputedOnce(t *testing.T) {
	p := boughtOnce(t, 10)
	v := p.model.View("ByCustomer")
	size := 3
	byName := []documents.Order{{Field: "customer.name"}}
	for name, c := range map[string]struct {
		args  query.ListArgs
		reads int64 // of orders, and of customers
		want  string
	}{
		"by id":                    {query.ListArgs{First: &size}, 1, "c0 c1 c2"},
		"by an aggregate":          {query.ListArgs{First: &size, Orders: []documents.Order{{Field: "revenue", Desc: true}}}, 1, "c9 c8 c7"},
		"filtered":                 {query.ListArgs{First: &size, Filter: documents.Compare{Field: "revenue", Op: documents.Gt, Value: scalar.NewDecimal(4)}}, 1, "c5 c6 c7"},
		"sorted through a ref":     {query.ListArgs{First: &size, Orders: byName}, 2, "c0 c3 c6"},
		"the last through a ref":   {query.ListArgs{Last: &size, Orders: byName}, 2, "c1 c4 c7"},
		"filtered, through a ref":  {query.ListArgs{First: &size, Orders: byName, Filter: documents.InTexts("customer", []string{"c1", "c2", "c9"})}, 2, "c9 c2 c1"},
		"more than there is":       {query.ListArgs{Orders: byName, Filter: documents.InTexts("_id", []string{"c1", "c2"})}, 2, "c2 c1"},
		"nothing":                  {query.ListArgs{Filter: documents.InTexts("_id", []string{"c77"})}, 1, ""},
		"nothing, through a ref":   {query.ListArgs{Orders: byName, Filter: documents.InTexts("_id", []string{"c77"})}, 1, ""},
		"filtered through the ref": {query.ListArgs{Filter: documents.Through{Field: "customer", Entity: "Customer", F: documents.Compare{Field: "name", Value: "n7"}}}, 2, "c1"},
	} {
		before := p.store.reads.Load()
		page, err := p.engine.ListAsOf(t.Context(), new(day(2)), v, c.args, query.Connection{TotalCount: true, Node: &query.Selection{Fields: []string{"orders"}}})
		if err != nil {
			t.Fatal(name, err)
		}
		if got := strings.Join(idsOf(page.Nodes), " "); got != c.want || len(page.Nodes) > 0 && page.Nodes[0].Fields["orders"] != 1 {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
		if n := p.store.reads.Load() - before; n != c.reads {
			t.Errorf("%s: %d reads, not %d", name, n, c.reads)
		}
		if all := int64(10); c.args.Filter == nil && page.TotalCount != all {
			t.Errorf("%s: %d are counted", name, page.TotalCount)
		}
	}
}

// TestListsOfAViewOfThenBelowEntities, of which each has its own filter and order.
func TestListsOfAViewOfThenBelowEntities(t *testing.T) {
	p := boughtOnce(t, 10)
	customer := p.model.Entity("Customer")
	i := slices.IndexFunc(customer.Inverses, func(i *schema.Inverse) bool { return i.Name == "revenue" })
	below := func(a query.ListArgs) *query.ListSelection {
		return &query.ListSelection{Inverse: customer.Inverses[i], Args: a, Connection: query.Connection{TotalCount: true, Node: &query.Selection{Fields: []string{"orders"}}}}
	}
	all, some := below(query.ListArgs{}), below(query.ListArgs{Filter: documents.Compare{Field: "revenue", Op: documents.Lt, Value: scalar.NewDecimal(2)}})
	byName := below(query.ListArgs{Orders: []documents.Order{{Field: "customer.name"}}})
	before := p.store.reads.Load()
	page, err := p.engine.ListAsOf(t.Context(), new(day(2)), customer, query.ListArgs{}, query.Connection{Node: &query.Selection{Lists: []*query.ListSelection{all, some, byName}}})
	if err != nil {
		t.Fatal(err)
	}
	if n := p.store.reads.Load() - before; n != 5 {
		t.Errorf("%d reads, not one of the customers, one for each list, and one of the names of one", n)
	}
	for n, c := range page.Nodes {
		for of, want := range map[*query.ListSelection]string{all: c.ID, byName: c.ID, some: []string{c.ID, ""}[min(n/2, 1)]} {
			if got := c.List(of); strings.Join(idsOf(got.Nodes), " ") != want || int(got.TotalCount) != len(got.Nodes) {
				t.Errorf("%s: %q, not %q, %d are counted", c.ID, idsOf(got.Nodes), want, got.TotalCount)
			}
		}
	}
}

// read returns how many documents lists of the store give for what do asks.
func (p *past) read(do func()) int64 {
	before := p.store.docs.Load()
	do()
	return p.store.docs.Load() - before
}

// TestGroupsThatAreNamedAreAllThatIsRead, by whatever they are grouped.
func TestGroupsThatAreNamedAreAllThatIsRead(t *testing.T) {
	p := newPastOf(t, viewsModel)
	half, err := scalar.ParseDecimal("1.5")
	if err != nil {
		t.Fatal(err)
	}
	const batch = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
	for n := range 9 {
		p.happens(day(1), "Order", fmt.Sprint("o", n), 1, schema.Record{"customer": "c", "status": "PAID", "total": scalar.NewDecimal(1), "size": 1, "number": scalar.Long(1), "gift": true,
			"placed": scalar.NewDateTime(day(9)), "due": scalar.Date("2026-01-01")}, nil)
	}
	p.happens(day(1), "Order", "one", 1, schema.Record{"customer": "d", "status": "PAID", "total": half, "size": -2, "number": scalar.Long(1 << 60), "gift": false, "batch": scalar.UUID(batch),
		"placed": scalar.NewDateTime(day(400)), "due": scalar.Date("2026-02-01")}, nil)
	p.settle()
	for view, id := range map[string]string{
		"ByTotal": "1.5", "BySize": "-2", "ByNumber": "1152921504606846976,-2", "ByGift": "false", "ByBatch": batch, "ByDay": "2026-02-01", "ByInstant": "2027-02-04T00:00:00Z,2027-01-01",
		"ByCustomer": "d", "ByOrder": "one,PAID", "ByHour": "2027-02-04T00:00:00Z,2026-01-26",
	} {
		v := p.model.View(view)
		got := p.read(func() {
			n, err := p.engine.GetAsOf(t.Context(), new(day(2)), v, id, &query.Selection{Fields: []string{"orders"}})
			if err != nil || n == nil || n.Fields["orders"] != 1 {
				t.Errorf("%s %s: %v, %v", view, id, n, err)
			}
		})
		if got != 1 {
			t.Errorf("%s %s: %d orders were read", view, id, got)
		}
		for _, none := range []string{"~#nothing", "%zz", "nobody,~", "none"} {
			if n, err := p.engine.GetAsOf(t.Context(), new(day(2)), v, none, &query.Selection{}); n != nil || err != nil {
				t.Errorf("%s %s: %v, %v", view, none, n, err)
			}
		}
	}
	for _, view := range []string{"BySize", "ByGift", "ByBatch", "ByDay", "ByTotal"} {
		none := p.read(func() {
			if n, err := p.engine.GetAsOf(t.Context(), new(day(2)), p.model.View(view), "none", &query.Selection{}); n != nil || err != nil {
				t.Errorf("%s: %v, %v", view, n, err)
			}
		})
		if none != 0 {
			t.Errorf("%s: %d orders were read for what can't be one of its groups", view, none)
		}
	}
}

// TestManySpansAreOneStatement: a filter may name more values than a statement may have. The first and the last span count too, to their ends.
func TestManySpansAreOneStatement(t *testing.T) {
	p := boughtOnce(t, 1)
	first := day(1)
	last := first.AddDate(0, query.MaxIn-1, 0)
	for n, placed := range []time.Time{first.Add(-1), first, first.AddDate(0, 10, 0), last.AddDate(0, 1, 0).Add(-1), last.AddDate(0, 1, 0)} {
		r := schema.Record{"customer": "c", "status": "PAID", "placed": scalar.NewDateTime(placed), "at": schema.Record{"town": "Rio"}}
		p.happens(day(1), "Order", fmt.Sprint("at", n), 1, r, nil)
	}
	p.settle()
	var months []any
	var ids []string
	for n := range query.MaxIn {
		month := first.AddDate(0, n, 0).Format(time.DateOnly)
		months, ids = append(months, scalar.Date(month)), append(ids, month+",Rio")
	}
	slices.Reverse(months)
	all := documents.And{}
	for range 50 {
		all = append(all, documents.In{Field: "month", Values: months}, documents.InTexts("_id", ids))
	}
	docs, err := p.viewAt(p.model.View("ByMonth"), day(2), query.ListArgs{Filter: all})
	if got, want := told(docs, "orders"), "2026-01-01,Rio 1; 2026-11-01,Rio 1; 2109-04-01,Rio 1"; got != want || err != nil {
		t.Errorf("%q, not %q: %v", got, want, err)
	}
}

// TestViewsOfThenAreOfAllEntities, of more than one read of the store gives.
func TestViewsOfThenAreOfAllEntities(t *testing.T) {
	p := newPastOf(t, viewsModel)
	const orders = 2*documents.MaxLimit + 1
	var versions []documents.Version
	for n := range orders {
		r := schema.Record{"customer": fmt.Sprint("c", n%7), "status": "PAID", "total": scalar.NewDecimal(1)}
		versions = append(versions, documents.Version{ID: fmt.Sprintf("o%05d", n), Version: 1, Event: "E", CreatedAt: day(1), At: day(1), State: r, Changes: []byte("[]"),
			Place: position.Place{Epoch: 1, Seq: uint64(n + 1)}})
	}
	if err := p.store.Archive(t.Context(), "Order", versions); err != nil {
		t.Fatal(err)
	}
	p.settle()
	for limit, want := range map[int64]string{0: "all 20001", orders: "all 20001", orders - 1: ""} {
		page, err := p.with(query.Config{ScanLimit: limit}).ListAsOf(t.Context(), new(day(2)), p.model.View("Everything"), query.ListArgs{}, query.Connection{Node: &query.Selection{}})
		var refused *query.Error
		switch {
		case want == "" && (!errors.As(err, &refused) || refused.Code != "TOO_MUCH"):
			t.Errorf("%v for more than %d", err, limit)
		case want != "" && (err != nil || told([]documents.Document{page.Nodes[0].Document}, "orders") != want):
			t.Errorf("%v, %v, not %s", page, err, want)
		}
	}
}
