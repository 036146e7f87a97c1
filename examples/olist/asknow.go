package main

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

func (a *asker) ordersByStatus(ctx context.Context) ([]string, error) {
	return a.byStatus(ctx, time.Time{})
}

// byStatus counts orders as of an instant, or now.
func (a *asker) byStatus(ctx context.Context, asOf time.Time) ([]string, error) {
	n := map[string]int{}
	for _, status := range statuses {
		count, err := a.count(ctx, listing{name: "orders", where: "{status: {eq: " + status + "}}", asOf: asOf})
		if err != nil {
			return nil, err
		}
		if count > 0 {
			n[status] = count
		}
	}
	return linesOf(n), nil
}

// regionSales is a row of the view of that name.
type regionSales struct {
	Month, Region string
	Revenue       scalar.Decimal
}

func (a *asker) regionSales(ctx context.Context, asOf time.Time) ([]regionSales, error) {
	return rowsOf[regionSales](ctx, a, listing{name: "regionSalesByMonth", order: "[{field: MONTH}, {field: REGION}]", asOf: asOf}, "month region revenue")
}

// revenueByMonth adds the regions up.
func (a *asker) revenueByMonth(ctx context.Context) ([]string, error) {
	rows, err := a.regionSales(ctx, time.Time{})
	sum := map[string]scalar.Decimal{}
	for _, r := range rows {
		sum[yearAndMonth(r.Month)] = sum[yearAndMonth(r.Month)].Add(r.Revenue)
	}
	return linesOf(sum), err
}

func (a *asker) revenueByMonthAndRegion(ctx context.Context) ([]string, error) {
	return a.revenueAt(ctx, time.Time{})
}

// revenueAt asks the view as of an instant, or for now if that is the zero time.
func (a *asker) revenueAt(ctx context.Context, at time.Time) ([]string, error) {
	rows, err := a.regionSales(ctx, at)
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprint(yearAndMonth(r.Month), " ", r.Region, " ", r.Revenue))
	}
	return out, err
}

// yearAndMonth shortens the first day of a month.
func yearAndMonth(day string) string { return strings.TrimSuffix(day, "-01") }

func (a *asker) topSellers(ctx context.Context) ([]string, error) {
	rows, err := rowsOf[struct {
		Seller  string
		Revenue scalar.Decimal
	}](ctx, a, listing{name: "sellerSalesList", where: `{revenue: {gt: "0"}}`, order: "[{field: REVENUE, direction: DESC}]", first: top}, "seller revenue")
	var out []string
	for _, r := range rows {
		out = append(out, r.Seller+" "+r.Revenue.String())
	}
	return out, err
}

// monthlyDelivery is a row of the view of that name.
type monthlyDelivery struct {
	Month           string
	Orders, Seconds scalar.Long
	AverageSeconds  scalar.Decimal
}

func (a *asker) monthlyDeliveries(ctx context.Context) ([]monthlyDelivery, error) {
	return rowsOf[monthlyDelivery](ctx, a, listing{name: "monthlyDeliveries", order: "[{field: MONTH}]"}, "month orders seconds averageSeconds")
}

// deliveryTime is of all orders, by the sums of the months.
func (a *asker) deliveryTime(ctx context.Context) ([]string, error) {
	rows, err := a.monthlyDeliveries(ctx)
	var n, seconds int64
	for _, r := range rows {
		n, seconds = n+int64(r.Orders), seconds+int64(r.Seconds)
	}
	return []string{days(big.NewRat(seconds, max(n, 1)))}, err
}

// deliveriesByMonth takes the averages that the view keeps.
func (a *asker) deliveriesByMonth(ctx context.Context) ([]string, error) {
	rows, err := a.monthlyDeliveries(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		average, ok := new(big.Rat).SetString(r.AverageSeconds.String())
		if !ok {
			return nil, fmt.Errorf("the average %s is no number", r.AverageSeconds)
		}
		out = append(out, fmt.Sprint(yearAndMonth(r.Month), " ", r.Orders, " ", days(average)))
	}
	return out, nil
}

// ordersOnDay asks for the orders of a customer on a day in UTC.
func (a *asker) ordersOnDay(ctx context.Context, customer string, day time.Time) ([]string, error) {
	day = day.UTC().Truncate(24 * time.Hour)
	where := fmt.Sprintf("{customerId: {eq: %s}, placedAt: {gte: %s, lt: %s}}", quoted(customer), quoted(instant(day)), quoted(instant(day.AddDate(0, 0, 1))))
	rows, err := rowsOf[node](ctx, a, listing{name: "orders", where: where, order: "[{field: PLACED_AT}, {field: ID}]"}, "id status total")
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprint(r.ID, " ", r.Status, " ", r.Total))
	}
	return out, err
}

// customersByOrders counts the documents of a view that has one for each customer, up to the largest number of orders.
func (a *asker) customersByOrders(ctx context.Context) ([]string, error) {
	most, err := rowsOf[struct{ Orders int }](ctx, a, listing{name: "customerRevenues", order: "[{field: ORDERS, direction: DESC}]", first: 1}, "orders")
	if err != nil || len(most) == 0 {
		return nil, err
	}
	n := map[string]int{}
	for orders := 1; orders <= most[0].Orders; orders++ {
		customers, err := a.count(ctx, listing{name: "customerRevenues", where: fmt.Sprintf("{orders: {eq: %d}}", orders)})
		if err != nil {
			return nil, err
		}
		if customers > 0 {
			n[fmt.Sprintf("%2d", orders)] = customers
		}
	}
	return linesOf(n), nil
}

func (a *asker) paymentsByType(ctx context.Context) ([]string, error) {
	rows, err := rowsOf[struct {
		Type     string
		Payments scalar.Long
		Value    scalar.Decimal
	}](ctx, a, listing{name: "paymentTotals", order: "[{field: TYPE}]"}, "type payments value")
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprint(r.Type, " ", r.Payments, " ", r.Value))
	}
	return out, err
}

func (a *asker) largestOrders(ctx context.Context) ([]string, error) {
	rows, err := rowsOf[node](ctx, a, listing{name: "orders", where: `{total: {gte: "500"}}`, order: "[{field: TOTAL, direction: DESC}]", first: top}, "id total")
	var out []string
	for _, r := range rows {
		out = append(out, r.ID+" "+r.Total.String())
	}
	return out, err
}
