package main

import (
	"strings"

	"github.com/daybook-cqrs/daybook/scalar"
)

// facts is what has to be there in the end. It is read from the rows alone, not from the plan, so that a mistake of the plan shows too.
type facts struct {
	orders    map[string]fact
	customers map[string]int // orders of each person
	products  int
	sum       scalar.Decimal
	lines     int
}

type fact struct {
	status, customer string
	total            scalar.Decimal
	lines            int
}

// newFacts takes what is left out from the plan: that is counted, and fails the run, anyway.
func newFacts(d *data, leftOut map[string]bool) *facts {
	f := &facts{orders: map[string]fact{}, customers: map[string]int{}}
	for _, r := range d.products {
		if r["product_id"] != "" {
			f.products++
		}
	}
	person := map[string]string{}
	for _, r := range d.customers {
		if id := r["customer_unique_id"]; id != "" && r["customer_id"] != "" {
			person[r["customer_id"]] = id
			f.customers[id] += 0
		}
	}
	for _, r := range d.orders {
		id := r["order_id"]
		if leftOut[id] {
			continue
		}
		o := fact{status: strings.ToUpper(r["order_status"]), customer: person[r["customer_id"]], lines: len(d.items[id])}
		if o.lines == 0 && (o.status == "SHIPPED" || o.status == "DELIVERED") {
			o.status = "APPROVED" // the store ships no order without items
		}
		for _, i := range d.items[id] {
			o.total = o.total.Add(amount(i["price"])).Add(amount(i["freight_value"]))
		}
		f.orders[id] = o
		f.customers[o.customer]++
		f.sum, f.lines = f.sum.Add(o.total), f.lines+o.lines
	}
	return f
}

// amount is zero for what is none: the plan leaves such orders out.
func amount(text string) scalar.Decimal {
	d, _ := scalar.ParseDecimal(text)
	return d
}

// statuses are all that an order can have.
var statuses = []string{"CREATED", "APPROVED", "PROCESSING", "INVOICED", "SHIPPED", "DELIVERED", "UNAVAILABLE", "CANCELED"}

// statuses counts the orders by status, those of which there is none too.
func (f *facts) statuses() map[string]int {
	out := map[string]int{}
	for _, s := range statuses {
		out[s] = 0
	}
	for _, o := range f.orders {
		out[o.status]++
	}
	return out
}
