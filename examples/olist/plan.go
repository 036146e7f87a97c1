package main

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// plan is what is to be sent.
type plan struct {
	customers []*customer
	products  []*product
	orders    []*order
	quirks    map[string]int  // what was handled on purpose, by name
	broken    []string        // what can't be used, and why
	leftOut   map[string]bool // the orders among it
}

type customer struct {
	id, city, region string
	since, latest    time.Time // first and last purchase
}

// name is made up: the data set is anonymous.
func (c *customer) name() string { return "Customer " + c.id[:min(8, len(c.id))] }

type product struct {
	id     string
	fields map[string]any
	since  time.Time
}

// address is what the data set calls a customer: a person at one purchase.
type address struct {
	person       *customer
	city, region string
}

func makePlan(d *data) *plan {
	p := &plan{quirks: map[string]int{}, leftOut: map[string]bool{}}
	for what, n := range d.repeated {
		p.quirks["repeated "+what+", the first kept"] = n
	}
	addresses := p.persons(d)
	products := p.catalogue(d)
	for _, r := range d.orders {
		o, err := newOrder(r, d, products)
		a := addresses[r["customer_id"]]
		if err == nil && a == nil {
			err = fmt.Errorf("there is no customer %q", r["customer_id"])
		}
		if err != nil {
			p.unusable("order %q: %v", r["order_id"], err)
			p.leftOut[r["order_id"]] = true
			continue
		}
		p.accept(o, a, products)
	}
	p.orphans(d)
	// By time of purchase: as it was, and so that history is not imported backwards.
	slices.SortStableFunc(p.orders, func(a, b *order) int { return cmp.Or(a.bought().Compare(b.bought()), cmp.Compare(a.id, b.id)) })
	return p
}

// accept adds an order that can be driven. Of a person's several addresses the one of the last purchase counts.
func (p *plan) accept(o *order, a *address, products map[string]*product) {
	o.customer = a.person
	if at := o.bought(); !at.Before(a.person.latest) {
		a.person.latest, a.person.city, a.person.region = at, a.city, a.region
	}
	earliest(&a.person.since, o.bought())
	for _, l := range o.lines {
		earliest(&products[l["product"].(string)].since, o.bought())
	}
	for _, q := range o.quirks {
		p.quirks[q]++
	}
	p.orders = append(p.orders, o)
}

func (p *plan) unusable(format string, args ...any) {
	p.broken = append(p.broken, fmt.Sprintf(format, args...))
}

func earliest(t *time.Time, o time.Time) {
	if t.IsZero() || o.Before(*t) {
		*t = o
	}
}

// persons are the customers: the data set has a customer_id per order, and customer_unique_id for the person.
func (p *plan) persons(d *data) map[string]*address {
	out, byID := map[string]*address{}, map[string]*customer{}
	for _, r := range d.customers {
		id := r["customer_unique_id"]
		if id == "" || r["customer_id"] == "" {
			p.unusable("customer %q: it lacks an id", r["customer_id"])
			continue
		}
		a := &address{byID[id], r["customer_city"], r["customer_state"]}
		if a.person == nil {
			a.person = &customer{id: id, city: a.city, region: a.region}
			byID[id] = a.person
			p.customers = append(p.customers, a.person)
		} else {
			p.quirks["persons' further customer ids"]++
		}
		out[r["customer_id"]] = a
	}
	return out
}

// numbers are the columns of a product that hold one, by the field that it goes to.
var numbers = map[string]string{
	"product_name_lenght": "nameLength", "product_description_lenght": "descriptionLength", "product_photos_qty": "photos",
	"product_weight_g": "weightGrams", "product_length_cm": "lengthCm", "product_height_cm": "heightCm", "product_width_cm": "widthCm",
}

func keysOf(m map[string]string) iter.Seq[string] { return maps.Keys(m) }

func (p *plan) catalogue(d *data) map[string]*product {
	out := map[string]*product{}
	for _, r := range d.products {
		pr := &product{id: r["product_id"], fields: map[string]any{}}
		if pr.id == "" {
			p.unusable("a product without an id")
			continue
		}
		if c := r["product_category_name"]; c != "" {
			pr.fields["category"] = c
		} else {
			p.quirks["products without a category"]++
		}
		for _, column := range slices.Sorted(keysOf(numbers)) {
			if r[column] == "" {
				continue
			}
			n, err := strconv.ParseFloat(r[column], 64) // some copies of the data set have 300.0
			if err != nil || n != math.Trunc(n) || math.Abs(n) > math.MaxInt32 {
				p.unusable("product %s: its %s %q is no number of the API, left out", pr.id, column, r[column])
				continue
			}
			pr.fields[numbers[column]] = int(n)
		}
		out[pr.id] = pr
		p.products = append(p.products, pr)
	}
	return out
}

// orphans finds what belongs to no order.
func (p *plan) orphans(d *data) {
	known := map[string]bool{}
	for _, r := range d.orders {
		known[r["order_id"]] = true
	}
	for what, rows := range map[string]map[string][]row{"items": d.items, "payments": d.payments} {
		for _, id := range slices.Sorted(maps.Keys(rows)) {
			if !known[id] {
				p.unusable("%d %s: there is no order %q", len(rows[id]), what, id)
			}
		}
	}
}

// report says what was handled on purpose, and what could not be used.
func (p *plan) report(out io.Writer) {
	for _, n := range slices.Sorted(maps.Keys(p.quirks)) {
		fmt.Fprintf(out, "  %-56s %6d\n", n, p.quirks[n])
	}
	list(out, "can't be used", p.broken)
}

// list says how many there are, and names the first.
func list(out io.Writer, what string, lines []string) {
	if len(lines) == 0 {
		return
	}
	for _, l := range lines[:min(20, len(lines))] {
		fmt.Fprintf(out, "%s: %s\n", what, l)
	}
	fmt.Fprintf(out, "%d %s\n", len(lines), what)
}
