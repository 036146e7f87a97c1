package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/scalar"
)

const pageSize = 500

// verify reads everything back and compares it with the plan. It lists the first mismatches and returns how many there are.
func verify(ctx context.Context, c *client, p *plan, at position.Position, out io.Writer) (int, error) {
	v := &verifier{client: c, plan: p, out: out}
	if !at.IsZero() {
		v.atLeast = at.String()
	}
	for _, check := range []func(context.Context) error{v.statuses, v.orders, v.customers, v.products} {
		if err := check(ctx); err != nil {
			return v.mismatches, err
		}
	}
	return v.mismatches, nil
}

type verifier struct {
	client     *client
	plan       *plan
	atLeast    any // string or nil
	out        io.Writer
	mismatches int
}

func (v *verifier) compare(what string, got, want any) {
	if got == want {
		return
	}
	if v.mismatches++; v.mismatches <= 20 {
		fmt.Fprintf(v.out, "mismatch: %s is %v, not %v\n", what, got, want)
	}
}

// statuses compares the orders by status, counted by the server.
func (v *verifier) statuses(ctx context.Context) error {
	want := map[string]int{}
	for _, s := range []string{"CREATED", "APPROVED", "PROCESSING", "INVOICED", "SHIPPED", "DELIVERED", "UNAVAILABLE", "CANCELED"} {
		want[s] = 0
	}
	for _, o := range v.plan.orders {
		want[o.status]++
	}
	for _, status := range slices.Sorted(maps.Keys(want)) {
		var answer struct{ Orders struct{ TotalCount int } }
		err := v.client.do(ctx, `query($s: OrderStatus!, $at: String) { orders(where: {status: {eq: $s}}, atLeast: $at) { totalCount } }`,
			map[string]any{"s": status, "at": v.atLeast}, &answer)
		if err != nil {
			return err
		}
		v.compare("the number of orders "+status, answer.Orders.TotalCount, want[status])
		fmt.Fprintf(v.out, "  %-12s %6d\n", status, answer.Orders.TotalCount)
	}
	return nil
}

type pageInfo struct {
	HasNextPage bool
	EndCursor   string
}

// orders compares every order, and the sum of the totals.
func (v *verifier) orders(ctx context.Context) error {
	want := map[string]*order{}
	var wantSum, sum scalar.Decimal
	for _, o := range v.plan.orders {
		want[o.id] = o
		wantSum = wantSum.Add(o.total)
	}
	after := any(nil)
	for {
		var answer struct {
			Orders struct {
				Edges []struct {
					Node struct {
						ID, Status, CustomerID, CustomerName string
						Total                                scalar.Decimal
						Version                              int
						Lines                                []struct{ Seller string }
					}
				}
				PageInfo pageInfo
			}
		}
		err := v.client.do(ctx, `query($n: Int!, $after: String, $at: String) { orders(first: $n, after: $after, atLeast: $at) {
			edges { node { id status customerId customerName total version lines { seller } } } pageInfo { hasNextPage endCursor } } }`,
			map[string]any{"n": pageSize, "after": after, "at": v.atLeast}, &answer)
		if err != nil {
			return err
		}
		for _, e := range answer.Orders.Edges {
			n, o := e.Node, want[e.Node.ID]
			if o == nil {
				continue // somebody else's
			}
			delete(want, n.ID)
			sum = sum.Add(n.Total)
			v.compare("the status of order "+n.ID, n.Status, o.status)
			v.compare("the total of order "+n.ID, n.Total.String(), o.total.String())
			v.compare("the customer of order "+n.ID, n.CustomerID, o.customer)
			v.compare("the customer's name of order "+n.ID, n.CustomerName, "Customer "+o.customer[:8])
			v.compare("the lines of order "+n.ID, len(n.Lines), len(o.lines))
			v.compare("the events of order "+n.ID, n.Version, len(o.steps))
		}
		if after = answer.Orders.PageInfo.EndCursor; !answer.Orders.PageInfo.HasNextPage {
			break
		}
	}
	for id := range want {
		v.compare("order "+id, "absent", "there")
	}
	v.compare("the sum of totals", sum.String(), wantSum.String())
	fmt.Fprintf(v.out, "  %d orders, sum of totals %s\n", len(v.plan.orders)-len(want), sum)
	return nil
}

// customers compares the orders per customer.
func (v *verifier) customers(ctx context.Context) error {
	want := map[string]int{}
	for _, c := range v.plan.customers {
		want[c.id] = c.orders
	}
	after := any(nil)
	for {
		var answer struct {
			Customers struct {
				Edges []struct {
					Node struct {
						ID     string
						Orders struct{ TotalCount int }
					}
				}
				PageInfo pageInfo
			}
		}
		err := v.client.do(ctx, `query($n: Int!, $after: String, $at: String) { customers(first: $n, after: $after, atLeast: $at) {
			edges { node { id orders { totalCount } } } pageInfo { hasNextPage endCursor } } }`,
			map[string]any{"n": pageSize, "after": after, "at": v.atLeast}, &answer)
		if err != nil {
			return err
		}
		for _, e := range answer.Customers.Edges {
			if n, ok := want[e.Node.ID]; ok {
				v.compare("the number of orders of customer "+e.Node.ID, e.Node.Orders.TotalCount, n)
				delete(want, e.Node.ID)
			}
		}
		if after = answer.Customers.PageInfo.EndCursor; !answer.Customers.PageInfo.HasNextPage {
			break
		}
	}
	for id := range want {
		v.compare("customer "+id, "absent", "there")
	}
	fmt.Fprintf(v.out, "  %d customers\n", len(v.plan.customers)-len(want))
	return nil
}

func (v *verifier) products(ctx context.Context) error {
	var answer struct{ Products struct{ TotalCount int } }
	err := v.client.do(ctx, `query($at: String) { products(atLeast: $at) { totalCount } }`, map[string]any{"at": v.atLeast}, &answer)
	if err == nil && answer.Products.TotalCount < len(v.plan.products) {
		v.compare("the number of products", answer.Products.TotalCount, len(v.plan.products))
	}
	return err
}
