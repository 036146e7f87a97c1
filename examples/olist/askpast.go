package main

import (
	"context"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// openAt adds up in pages: no view has this. It asks for one status after the other, because an index has the orders of one in the order of pages.
func (a *asker) openAt(ctx context.Context, at time.Time) ([]string, error) {
	var sum scalar.Decimal
	n := 0
	for _, status := range underway {
		rows, err := rowsOf[node](ctx, a, listing{name: "orders", where: "{status: {eq: " + status + "}}", asOf: at}, "total")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			sum, n = sum.Add(r.Total), n+1
		}
	}
	return []string{fmt.Sprint(n, " ", sum)}, nil
}

func (a *asker) lastAt(ctx context.Context, at time.Time) ([]string, error) {
	order := "[{field: PLACED_AT, direction: DESC}]"
	rows, err := rowsOf[node](ctx, a, listing{name: "orders", order: order, asOf: at, first: top}, "id status")
	var out []string
	for _, r := range rows {
		out = append(out, r.ID+" "+r.Status)
	}
	return out, err
}

// regionsAt asks every order for its customer, as that was too.
func (a *asker) regionsAt(ctx context.Context, at time.Time) ([]string, error) {
	rows, err := rowsOf[struct{ Customer struct{ Region string } }](ctx, a, listing{name: "orders", asOf: at}, "customer { region }")
	n := map[string]int{}
	for _, r := range rows {
		n[r.Customer.Region]++
	}
	return linesOf(n), err
}

func (a *asker) largeAt(ctx context.Context, at time.Time) ([]string, error) {
	where := fmt.Sprintf(`{total: {gte: "500"}, status: {ne: CANCELED}, placedAt: {lt: %s}}`, quoted(instant(at.Add(-old))))
	n, err := a.count(ctx, listing{name: "orders", where: where, asOf: at})
	return []string{fmt.Sprint(n)}, err
}
