package main

import (
	"fmt"
	"time"
)

// history makes an order's steps of its last known state and of the up to four moments that the data set records. Moments that are not recorded
// are those of the step before; moments out of order are clamped to it.
func (p *plan) history(o *order, r row) error {
	var at [4]time.Time
	for i, column := range []string{"order_purchase_timestamp", "order_approved_at", "order_delivered_carrier_date", "order_delivered_customer_date"} {
		var err error
		if at[i], err = moment(r[column]); err != nil {
			return err
		}
	}
	bought, approved, shipped, delivered := at[0], at[1], at[2], at[3]
	if bought.IsZero() {
		return fmt.Errorf("it has no time of purchase")
	}
	o.add(p, "createOrder", bought, "CREATED")
	approve := func() { o.add(p, "approveOrder", approved, "APPROVED") }
	switch status := r["order_status"]; status {
	case "created":
	case "approved":
		approve()
	case "processing":
		approve()
		o.add(p, "processOrder", time.Time{}, "PROCESSING")
	case "invoiced":
		approve()
		o.add(p, "invoiceOrder", time.Time{}, "INVOICED")
	case "shipped", "delivered":
		approve()
		if !p.ship(o, shipped) {
			return nil
		}
		if status == "delivered" {
			o.add(p, "deliverOrder", delivered, "DELIVERED")
		} else if !delivered.IsZero() {
			p.quirk("shipped orders with a date of delivery, ignored")
		}
	case "unavailable":
		if !approved.IsZero() {
			approve()
		}
		o.add(p, "markOrderUnavailable", time.Time{}, "UNAVAILABLE")
	case "canceled":
		p.cancel(o, approved, shipped, delivered)
	default:
		return fmt.Errorf("its status %q is unknown", status)
	}
	return nil
}

// ship adds the step, unless the store's rules would refuse it: an order without items stays as it is.
func (p *plan) ship(o *order, at time.Time) bool {
	if len(o.lines) == 0 {
		p.quirk("orders without items that were shipped, left unshipped")
		return false
	}
	o.add(p, "shipOrder", at, "SHIPPED")
	return true
}

// cancel adds what happened before an order was canceled. What was delivered can't be canceled in the store: such an order is canceled underway.
func (p *plan) cancel(o *order, approved, shipped, delivered time.Time) {
	if !approved.IsZero() || !shipped.IsZero() && len(o.lines) > 0 {
		o.add(p, "approveOrder", approved, "APPROVED")
	}
	if !shipped.IsZero() {
		p.ship(o, shipped)
	}
	if !delivered.IsZero() {
		p.quirk("canceled orders with a date of delivery, canceled then")
	}
	o.add(p, "cancelOrder", delivered, "CANCELED")
}

// add appends a step.
func (o *order) add(p *plan, command string, at time.Time, status string) {
	if n := len(o.steps); n > 0 {
		last := o.steps[n-1].at
		switch {
		case at.IsZero():
			p.quirk("steps whose moment is not recorded")
			at = last
		case at.Before(last):
			p.quirk("steps out of order, clamped")
			at = last
		}
	}
	o.steps = append(o.steps, step{command, at})
	o.status = status
}
