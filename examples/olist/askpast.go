package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// openAt adds up in pages: views know the present only.
func (a *asker) openAt(ctx context.Context, at time.Time) ([]string, error) {
	rows, err := rowsOf[node](ctx, a, listing{name: "orders", where: "{status: {in: [" + strings.Join(underway, ", ") + "]}}", asOf: at}, "total")
	var sum scalar.Decimal
	for _, r := range rows {
		sum = sum.Add(r.Total)
	}
	return []string{fmt.Sprint(len(rows), " ", sum)}, err
}

func (a *asker) lastAt(ctx context.Context, at time.Time) ([]string, error) {
	order := "[{field: PLACED_AT, direction: DESC}, {field: ID, direction: DESC}]"
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
