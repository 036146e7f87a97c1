package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/scalar"
)

const pageSize = 500

// verify reads everything back and compares it with the files, and the times of events with the plan; then it asks questions. It lists the first mismatches and returns how
// many there are.
func verify(ctx context.Context, c *client, p *plan, d *data, at position.Position, out io.Writer) (int, error) {
	v := &verifier{client: c, plan: p, facts: newFacts(d, p.leftOut), sales: sales(d, p.leftOut), out: out}
	if !at.IsZero() {
		v.atLeast = at.String()
	}
	for _, check := range []func(context.Context) error{v.statuses, v.orders, v.customers, v.products, v.questions} {
		if err := check(ctx); err != nil {
			return v.mismatches, err
		}
	}
	return v.mismatches, nil
}

type verifier struct {
	client     *client
	plan       *plan
	facts      *facts
	sales      []*sale
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
	want := v.facts.statuses()
	for _, status := range slices.Sorted(maps.Keys(want)) {
		var answer struct{ Orders struct{ TotalCount int } }
		err := v.client.do(ctx, `query($s: OrderStatus!, $at: Position) { orders(where: {status: {eq: $s}}, atLeast: $at) { totalCount } }`,
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

// node is an order as the server has it.
type node struct {
	ID, Status, CustomerID, CustomerName string
	Total                                scalar.Decimal
	Version                              int
	UpdatedAt                            time.Time
	Lines                                []struct{ Seller string }
}

// orders compares every order, and the sum of the totals.
func (v *verifier) orders(ctx context.Context) error {
	planned := map[string]*order{}
	for _, o := range v.plan.orders {
		planned[o.id] = o
	}
	var sum scalar.Decimal
	lines, after := 0, any(nil)
	missing := maps.Clone(v.facts.orders)
	for {
		var answer struct {
			Orders struct {
				Edges    []struct{ Node node }
				PageInfo pageInfo
			}
		}
		err := v.client.do(ctx, `query($n: Int!, $after: String, $at: Position) { orders(first: $n, after: $after, atLeast: $at) {
			edges { node { id status customerId customerName total version updatedAt lines { seller } } } pageInfo { hasNextPage endCursor } } }`,
			map[string]any{"n": pageSize, "after": after, "at": v.atLeast}, &answer)
		if err != nil {
			return err
		}
		for _, e := range answer.Orders.Edges {
			want, ok := missing[e.Node.ID]
			if !ok {
				continue // somebody else's
			}
			delete(missing, e.Node.ID)
			sum, lines = sum.Add(e.Node.Total), lines+len(e.Node.Lines)
			v.order(&e.Node, want, planned[e.Node.ID])
		}
		if after = answer.Orders.PageInfo.EndCursor; !answer.Orders.PageInfo.HasNextPage {
			break
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		v.compare("order "+id, "absent", "there")
	}
	v.compare("the sum of totals", sum.String(), v.facts.sum.String())
	v.compare("the number of lines", lines, v.facts.lines)
	fmt.Fprintf(v.out, "  %d orders of %d, sum of totals %s of %s\n", len(v.facts.orders)-len(missing), len(v.facts.orders), sum, v.facts.sum)
	return nil
}

func (v *verifier) order(n *node, want fact, planned *order) {
	v.compare("the status of order "+n.ID, n.Status, want.status)
	v.compare("the total of order "+n.ID, n.Total.String(), want.total.String())
	v.compare("the customer of order "+n.ID, n.CustomerID, want.customer)
	v.compare("the lines of order "+n.ID, len(n.Lines), want.lines)
	v.compare("the customer's name of order "+n.ID, n.CustomerName, planned.customer.name())
	v.compare("the events of order "+n.ID, n.Version, len(planned.steps))
	v.compare("the last change of order "+n.ID, n.UpdatedAt.UTC(), planned.steps[len(planned.steps)-1].at)
}

// customers compares the persons, and the orders of each.
func (v *verifier) customers(ctx context.Context) error {
	missing := map[string]*customer{}
	for _, c := range v.plan.customers {
		missing[c.id] = c
	}
	v.compare("the number of persons to register", len(missing), len(v.facts.customers))
	after := any(nil)
	for {
		var answer struct {
			Customers struct {
				Edges []struct {
					Node struct {
						ID, Name, City, Region string
						Orders                 struct{ TotalCount int }
					}
				}
				PageInfo pageInfo
			}
		}
		err := v.client.do(ctx, `query($n: Int!, $after: String, $at: Position) { customers(first: $n, after: $after, atLeast: $at) {
			edges { node { id name city region orders { totalCount } } } pageInfo { hasNextPage endCursor } } }`,
			map[string]any{"n": pageSize, "after": after, "at": v.atLeast}, &answer)
		if err != nil {
			return err
		}
		for _, e := range answer.Customers.Edges {
			n := e.Node
			c, ok := missing[n.ID]
			if !ok {
				continue
			}
			delete(missing, n.ID)
			v.compare("the number of orders of customer "+n.ID, n.Orders.TotalCount, v.facts.customers[n.ID])
			v.compare("name and address of customer "+n.ID, [3]string{n.Name, n.City, n.Region}, [3]string{c.name(), c.city, c.region})
		}
		if after = answer.Customers.PageInfo.EndCursor; !answer.Customers.PageInfo.HasNextPage {
			break
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		v.compare("customer "+id, "absent", "there")
	}
	fmt.Fprintf(v.out, "  %d customers of %d\n", len(v.facts.customers)-len(missing), len(v.facts.customers))
	return nil
}

func (v *verifier) products(ctx context.Context) error {
	var answer struct{ Products struct{ TotalCount int } }
	err := v.client.do(ctx, `query($at: Position) { products(atLeast: $at) { totalCount } }`, map[string]any{"at": v.atLeast}, &answer)
	if err == nil && answer.Products.TotalCount < v.facts.products {
		v.compare("the number of products", answer.Products.TotalCount, v.facts.products)
	}
	return err
}
