package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// plan is what is to be sent, and what has to be there afterwards.
type plan struct {
	customers []*customer
	products  []*product
	orders    []*order
	quirks    map[string]int // what was handled on purpose, by name
	broken    []string       // rows that can't be used
}

type customer struct {
	id, city, region string
	since            time.Time // first purchase
	orders           int       // expected
}

type product struct {
	id     string
	fields map[string]any
	since  time.Time
}

type order struct {
	id, customer string
	lines        []map[string]any
	payments     []map[string]any
	steps        []step
	status       string // expected at the end
	total        scalar.Decimal
}

// step is one mutation of an order's history.
type step struct {
	command string
	at      time.Time
}

func (p *plan) quirk(name string) { p.quirks[name]++ }

func makePlan(d *data) *plan {
	p := &plan{quirks: map[string]int{}}
	persons := p.persons(d)
	products := p.catalogue(d)
	for _, r := range d.orders {
		o, err := p.order(r, d, products)
		if err != nil {
			p.broken = append(p.broken, fmt.Sprintf("order %s: %v", r["order_id"], err))
			continue
		}
		person := persons[r["customer_id"]]
		if person == nil {
			p.broken = append(p.broken, fmt.Sprintf("order %s: there is no customer %s", o.id, r["customer_id"]))
			continue
		}
		o.customer = person.id
		person.orders++
		earliest(&person.since, o.steps[0].at)
		for _, l := range o.lines {
			earliest(&products[l["product"].(string)].since, o.steps[0].at)
		}
		p.orders = append(p.orders, o)
	}
	// By time of purchase: as it was, and so that history is not imported backwards.
	slices.SortStableFunc(p.orders, func(a, b *order) int { return cmp.Or(a.steps[0].at.Compare(b.steps[0].at), cmp.Compare(a.id, b.id)) })
	return p
}

func earliest(t *time.Time, o time.Time) {
	if t.IsZero() || o.Before(*t) {
		*t = o
	}
}

// persons are the customers: the data set has a customer_id per order, and customer_unique_id for the person. Of a person with several, the last
// one's address is taken.
func (p *plan) persons(d *data) map[string]*customer {
	byID, byPerson := map[string]*customer{}, map[string]*customer{}
	for _, r := range d.customers {
		id := r["customer_unique_id"]
		c := byPerson[id]
		if c == nil {
			c = &customer{id: id}
			byPerson[id] = c
			p.customers = append(p.customers, c)
		} else {
			p.quirk("persons' further customer ids")
		}
		c.city, c.region = r["customer_city"], r["customer_state"]
		byID[r["customer_id"]] = c
	}
	return byID
}

func (p *plan) catalogue(d *data) map[string]*product {
	out := map[string]*product{}
	for _, r := range d.products {
		f := map[string]any{}
		if c := r["product_category_name"]; c != "" {
			f["category"] = c
		} else {
			p.quirk("products without a category")
		}
		for column, field := range map[string]string{
			"product_name_lenght": "nameLength", "product_description_lenght": "descriptionLength", "product_photos_qty": "photos",
			"product_weight_g": "weightGrams", "product_length_cm": "lengthCm", "product_height_cm": "heightCm", "product_width_cm": "widthCm",
		} {
			if n, err := strconv.ParseFloat(r[column], 64); err == nil {
				f[field] = int(n)
			}
		}
		pr := &product{id: r["product_id"], fields: f}
		out[pr.id] = pr
		p.products = append(p.products, pr)
	}
	return out
}

func (p *plan) order(r row, d *data, products map[string]*product) (*order, error) {
	o := &order{id: r["order_id"]}
	for _, i := range sorted(d.items[o.id], "order_item_id") {
		if products[i["product_id"]] == nil {
			return nil, fmt.Errorf("there is no product %s", i["product_id"])
		}
		price, err := scalar.ParseDecimal(i["price"])
		if err != nil {
			return nil, err
		}
		freight, err := scalar.ParseDecimal(i["freight_value"])
		if err != nil {
			return nil, err
		}
		o.total = o.total.Add(price).Add(freight)
		o.lines = append(o.lines, map[string]any{"product": i["product_id"], "seller": i["seller_id"], "price": price, "freight": freight, "quantity": 1})
	}
	for _, i := range sorted(d.payments[o.id], "payment_sequential") {
		n, err := strconv.Atoi(i["payment_installments"])
		if err != nil {
			return nil, err
		}
		o.payments = append(o.payments, map[string]any{"type": i["payment_type"], "installments": n, "value": i["payment_value"]})
	}
	if len(o.lines) == 0 {
		p.quirk("orders without items")
	}
	if len(o.payments) == 0 {
		p.quirk("orders without payments")
	}
	return o, p.history(o, r)
}

// sorted orders rows by a column of numbers.
func sorted(rows []row, column string) []row {
	slices.SortStableFunc(rows, func(a, b row) int {
		m, _ := strconv.Atoi(a[column])
		n, _ := strconv.Atoi(b[column])
		return cmp.Compare(m, n)
	})
	return rows
}

// report says what was handled on purpose.
func (p *plan) report(out io.Writer) {
	names := make([]string, 0, len(p.quirks))
	for n := range p.quirks {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Fprintf(out, "  %-48s %6d\n", n, p.quirks[n])
	}
	for _, b := range p.broken[:min(20, len(p.broken))] {
		fmt.Fprintln(out, "  left out:", b)
	}
}
