// Package rules has what the model can't say.
package rules

import (
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/entity"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// CreateOrder refuses lines that make no sense, computes the total, and notes where the customer lives: what is sold in a region does not move with a customer.
func CreateOrder(c *command.Context, order *entity.Order, _ entity.CreateOrder) error {
	for i, l := range order.Lines {
		if err := checkLine(l, fmt.Sprintf("lines[%d]", i)); err != nil {
			return err
		}
	}
	order.Total = total(order.Lines)
	order.PlacedAt = now(c)
	customer, err := entity.LoadCustomer(c, order.Customer)
	if err != nil {
		return err
	}
	order.Region = &customer.Region
	return nil
}

func checkLine(l entity.OrderLine, path string) error {
	switch {
	case !schema.LegalID(l.Seller): // each seller has a document, and a projection has to take whatever happened
		return command.Reject("BAD_SELLER", "a seller is 1 to 200 bytes without control characters").At(path + ".seller")
	case l.Quantity < 1:
		return command.Reject("BAD_QUANTITY", "a line has a quantity of at least 1").At(path + ".quantity")
	case l.Price.Sign() < 0:
		return command.Reject("NEGATIVE_PRICE", "a price is not negative").At(path + ".price")
	case l.Freight.Sign() < 0:
		return command.Reject("NEGATIVE_FREIGHT", "a freight is not negative").At(path + ".freight")
	}
	return nil
}

// total is the sum of the lines' totals: price × quantity + freight.
func total(lines []entity.OrderLine) scalar.Decimal {
	var sum scalar.Decimal
	for _, l := range lines {
		sum = sum.Add(l.Price.MulInt(int64(l.Quantity)).Add(l.Freight))
	}
	return sum
}

func now(c *command.Context) *scalar.DateTime {
	t := c.Now()
	return &t
}

// ApproveOrder notes when.
func ApproveOrder(c *command.Context, order *entity.Order, _ entity.ApproveOrder) error {
	order.ApprovedAt = now(c)
	return nil
}

// ProcessOrder notes when.
func ProcessOrder(c *command.Context, order *entity.Order, _ entity.ProcessOrder) error {
	order.ProcessedAt = now(c)
	return nil
}

// InvoiceOrder notes when.
func InvoiceOrder(c *command.Context, order *entity.Order, _ entity.InvoiceOrder) error {
	order.InvoicedAt = now(c)
	return nil
}

// ShipOrder refuses an order that has nothing to ship.
func ShipOrder(c *command.Context, order *entity.Order, _ entity.ShipOrder) error {
	if len(order.Lines) == 0 {
		return command.Reject("EMPTY_ORDER", "an order without lines can't be shipped").At("lines")
	}
	order.ShippedAt = now(c)
	return nil
}

// DeliverOrder notes when, and how long it took.
func DeliverOrder(c *command.Context, order *entity.Order, _ entity.DeliverOrder) error {
	order.DeliveredAt = now(c)
	if order.ApprovedAt != nil {
		seconds := scalar.Long(c.Now().Time().Sub(order.ApprovedAt.Time()) / time.Second)
		order.DeliverySeconds = &seconds
	}
	return nil
}

// MarkOrderUnavailable notes when.
func MarkOrderUnavailable(c *command.Context, order *entity.Order, _ entity.MarkOrderUnavailable) error {
	order.UnavailableAt = now(c)
	return nil
}

// CancelOrder notes when and why.
func CancelOrder(c *command.Context, order *entity.Order, in entity.CancelOrder) error {
	order.CanceledAt = now(c)
	order.CancelReason = in.Reason
	return nil
}

// ExpireOrder cancels an order that nobody paid.
func ExpireOrder(c *command.Context, order *entity.Order, _ entity.ExpireOrder) error {
	order.CanceledAt = now(c)
	reason := "not paid in time"
	order.CancelReason = &reason
	return nil
}

// AddOrderLine refuses a line that makes no sense, and computes the total.
func AddOrderLine(_ *command.Context, order *entity.Order, in entity.AddOrderLine) error {
	order.Total = total(order.Lines)
	return checkLine(in.Line, "line")
}

// ChangeOrderLine refuses what makes a line that makes no sense, and computes the total.
func ChangeOrderLine(_ *command.Context, order *entity.Order, in entity.ChangeOrderLine) error {
	order.Total = total(order.Lines)
	for _, l := range order.Lines {
		if l.Line == in.Line.Line {
			return checkLine(l, "line")
		}
	}
	return nil
}

// RemoveOrderLine computes the total.
func RemoveOrderLine(_ *command.Context, order *entity.Order, _ entity.RemoveOrderLine) error {
	order.Total = total(order.Lines)
	return nil
}

// OnOrderCanceled gives back what was reserved for an order that had been approved, unless there was too little of it.
func OnOrderCanceled(r *command.Reaction, order *entity.Order) error {
	if order.ApprovedAt != nil && order.UnavailableAt == nil {
		entity.ReleaseStock{}.SendTo(r, order.ID+"/stock")
	}
	return nil
}
