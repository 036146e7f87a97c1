package main

import (
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// sale is an order as the rows of the files tell it. It is read without the plan, so that a mistake of the plan shows too.
type sale struct {
	id, person, status                   string
	region                               string    // of the person's last purchase
	bought, approved, shipped, delivered time.Time // as the store has them: the zero time if it was not that, never before the moment before
	items, payments                      []row
	total                                scalar.Decimal
}

// live reports whether the order counts as revenue.
func (s *sale) live() bool { return s.status != "CANCELED" && s.status != "UNAVAILABLE" }

// sales reads the orders but for those left out.
func sales(d *data, leftOut map[string]bool) []*sale {
	person, region := map[string]string{}, map[string]string{} // by customer_id
	for _, r := range d.customers {
		person[r["customer_id"]], region[r["customer_id"]] = r["customer_unique_id"], r["customer_state"]
	}
	var out []*sale
	latest, last := map[string]time.Time{}, map[string]string{} // by person
	for _, r := range d.orders {
		if leftOut[r["order_id"]] {
			continue
		}
		s := newSale(r, d)
		s.person = person[r["customer_id"]]
		if at, there := latest[s.person]; !there || !s.bought.Before(at) {
			latest[s.person], last[s.person] = s.bought, region[r["customer_id"]]
		}
		out = append(out, s)
	}
	for _, s := range out {
		s.region = last[s.person]
	}
	return out
}

func newSale(r row, d *data) *sale {
	s := &sale{id: r["order_id"], status: strings.ToUpper(r["order_status"]), items: d.items[r["order_id"]], payments: d.payments[r["order_id"]]}
	for _, i := range s.items {
		s.total = s.total.Add(amount(i["price"])).Add(amount(i["freight_value"]))
	}
	if len(s.items) == 0 && (s.status == "SHIPPED" || s.status == "DELIVERED") {
		s.status = "APPROVED" // the store ships no order without items
	}
	var at [len(moments)]time.Time
	for i, column := range moments {
		at[i], _ = moment(r[column]) // the plan leaves out what is none
		if i > 0 && at[i].Before(at[i-1]) {
			at[i] = at[i-1] // also what is not recorded
		}
	}
	s.bought = at[0]
	switch s.status {
	case "DELIVERED":
		s.approved, s.shipped, s.delivered = at[1], at[2], at[3]
	case "SHIPPED":
		s.approved, s.shipped = at[1], at[2]
	case "APPROVED", "PROCESSING", "INVOICED":
		s.approved = at[1]
	}
	underway := s.status == "CANCELED" && r["order_delivered_carrier_date"] != "" && len(s.items) > 0 // nothing is shipped that was not approved
	if ended := s.status == "CANCELED" || s.status == "UNAVAILABLE"; ended && r["order_approved_at"] != "" || underway {
		s.approved = at[1]
	}
	return s
}
