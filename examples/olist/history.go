package main

import (
	"fmt"
	"time"
)

// moments are the columns of the moments that the data set records.
var moments = [...]string{"order_purchase_timestamp", "order_approved_at", "order_delivered_carrier_date", "order_delivered_customer_date"}

// history makes an order's steps of its last known state and of the up to four moments that the data set records. Moments that are not recorded
// are those of the step before; moments out of order are clamped to it.
func (o *order) history(r row) error {
	var at [len(moments)]time.Time
	for i, column := range moments {
		var err error
		if at[i], err = moment(r[column]); err != nil {
			return fmt.Errorf("its %s %q is no time", column, r[column])
		}
	}
	bought, approved, shipped, delivered := at[0], at[1], at[2], at[3]
	if bought.IsZero() {
		return fmt.Errorf("it has no time of purchase")
	}
	o.add("createOrder", bought)
	approve := func() { o.add("approveOrder", approved) }
	switch status := r["order_status"]; status {
	case "created":
	case "approved":
		approve()
	case "processing":
		approve()
		o.add("processOrder", time.Time{})
	case "invoiced":
		approve()
		o.add("invoiceOrder", time.Time{})
	case "shipped", "delivered":
		approve()
		if !o.ship(shipped) {
			return nil
		}
		if status == "delivered" {
			o.add("deliverOrder", delivered)
		} else if !delivered.IsZero() {
			o.quirk("shipped orders with a date of delivery, ignored")
		}
	case "unavailable":
		if !approved.IsZero() {
			approve()
		}
		o.add("markOrderUnavailable", time.Time{})
	case "canceled":
		o.cancel(approved, shipped, delivered)
	default:
		return fmt.Errorf("its status %q is unknown", status)
	}
	return nil
}

// ship adds the step, unless the store's rules would refuse it: an order without items stays as it is.
func (o *order) ship(at time.Time) bool {
	if len(o.lines) == 0 {
		o.quirk("orders without items that were shipped, left unshipped")
		return false
	}
	o.add("shipOrder", at)
	return true
}

// cancel adds what happened before an order was canceled. What was delivered can't be canceled in the store: such an order is canceled underway.
func (o *order) cancel(approved, shipped, delivered time.Time) {
	if !approved.IsZero() || !shipped.IsZero() && len(o.lines) > 0 {
		o.add("approveOrder", approved)
	}
	if !shipped.IsZero() {
		o.ship(shipped)
	}
	if !delivered.IsZero() {
		o.quirk("canceled orders with a date of delivery, canceled then")
	}
	o.add("cancelOrder", delivered)
}

// add appends a step.
func (o *order) add(command string, at time.Time) {
	if n := len(o.steps); n > 0 {
		last := o.steps[n-1].at
		switch {
		case at.IsZero():
			o.quirk("steps whose moment is not recorded")
			at = last
		case at.Before(last):
			o.quirk("steps out of order, clamped")
			at = last
		}
	}
	o.steps = append(o.steps, step{command, at})
}
