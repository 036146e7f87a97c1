package rules

import (
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/entity"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// sold is what a seller sold.
type sold struct {
	lines   scalar.Long
	revenue scalar.Decimal
}

func (s sold) plus(lines scalar.Long, revenue scalar.Decimal) sold {
	return sold{s.lines + lines, s.revenue.Add(revenue)}
}

// ProjectSellerSalesFromOrder takes from the sellers what the order sold for them before the event, and adds what it sells after it. It is a function because an
// aggregate sums a field, and this is a product of two.
func ProjectSellerSalesFromOrder(c *projection.Change[entity.SellerSales], order projection.Of[entity.Order]) error {
	changes := map[string]sold{}
	for seller, s := range soldBy(order.Before) {
		changes[seller] = changes[seller].plus(-s.lines, s.revenue.Neg())
	}
	for seller, s := range soldBy(order.After) {
		changes[seller] = changes[seller].plus(s.lines, s.revenue)
	}
	for _, seller := range slices.Sorted(maps.Keys(changes)) {
		change := changes[seller]
		if change.lines == 0 && change.revenue.IsZero() {
			continue
		}
		c.Update(seller, func(sales *entity.SellerSales) error {
			sales.Seller = seller
			sales.Lines += change.lines
			sales.Revenue = sales.Revenue.Add(change.revenue)
			return nil
		})
	}
	return nil
}

// soldBy is what each seller of an order sold by it. Lines of sellers that can't be are left out: they were taken before there was this view.
func soldBy(order *entity.Order) map[string]sold {
	out := map[string]sold{}
	if order == nil || order.Status == entity.OrderStatusCanceled || order.Status == entity.OrderStatusUnavailable {
		return out
	}
	for _, l := range order.Lines {
		if schema.LegalID(l.Seller) {
			out[l.Seller] = out[l.Seller].plus(1, l.Price.MulInt(int64(l.Quantity)))
		}
	}
	return out
}
