package rules

import (
	"github.com/daybook-cqrs/daybook/entity"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/scalar"
)

// ProjectCustomerActivityFromCustomer counts what happens to the customer.
func ProjectCustomerActivityFromCustomer(c *projection.Change[entity.CustomerActivity], customer projection.Of[entity.Customer]) error {
	c.Update(customer.ID, func(activity *entity.CustomerActivity) error {
		happened(activity, customer.ID, customer.Event)
		return nil
	})
	return nil
}

// ProjectCustomerActivityFromOrder counts what happens to the customer's orders.
func ProjectCustomerActivityFromOrder(c *projection.Change[entity.CustomerActivity], order projection.Of[entity.Order]) error {
	customer := order.After.Customer // no command deletes an order
	c.Update(customer, func(activity *entity.CustomerActivity) error {
		if happened(activity, customer, order.Event) {
			activity.LastOrder = &order.ID
		}
		return nil
	})
	return nil
}

// happened counts an event, and reports whether it is the last one so far: events of several entities come in any order.
func happened(activity *entity.CustomerActivity, customer string, e projection.Event) (last bool) {
	activity.Customer = customer
	activity.Events++
	at := scalar.NewDateTime(e.At)
	if activity.LastEvent != "" && at.Time().Before(activity.LastEventAt.Time()) {
		return false
	}
	activity.LastEvent, activity.LastEventAt = e.Name, at
	return true
}
