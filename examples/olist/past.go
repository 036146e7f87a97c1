package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// stateAfter are the states that commands lead to.
var stateAfter = map[string]string{
	"createOrder": "CREATED", "approveOrder": "APPROVED", "processOrder": "PROCESSING", "invoiceOrder": "INVOICED", "shipOrder": "SHIPPED", "deliverOrder": "DELIVERED",
	"markOrderUnavailable": "UNAVAILABLE", "cancelOrder": "CANCELED",
}

// underway are the states of what is approved and not delivered.
var underway = []string{"APPROVED", "PROCESSING", "INVOICED", "SHIPPED"}

// old is how long ago an order was made that is called old.
const old = 10 * 24 * time.Hour

// instants returns n moments, evenly over the time of the orders' steps: each that of a step, which counts as of then.
func instants(orders []*order, n int) []time.Time {
	var at []time.Time
	for _, o := range orders {
		for _, s := range o.steps {
			at = append(at, s.at)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	var out []time.Time
	for i := range n {
		if len(at) > 0 {
			out = append(out, at[(i+1)*(len(at)-1)/(n+1)])
		}
	}
	return out
}

// replay returns the state of each order at an instant, by a replay of the steps up to it. Orders that were not there yet are absent.
func replay(orders []*order, at time.Time) map[*order]string {
	out := map[*order]string{}
	for _, o := range orders {
		for _, s := range o.steps {
			if !s.at.After(at) {
				out[o] = stateAfter[s.command]
			}
		}
	}
	return out
}

// pastQuestionsOf answers twelve questions as of ten instants, from a replay up to each.
func pastQuestionsOf(p *plan) []question {
	all := []pastQuestion{
		{"orders by status", byStatusThen, (*asker).byStatus},
		{"orders that are approved and not delivered, and the sum of their totals", openThen, (*asker).openAt},
		{"the newest orders and what they were, the highest id first of those that are as new", lastThen, (*asker).lastAt},
		{"orders by the region of their customers", regionThen, (*asker).regionsAt},
		{"orders of at least 500 that are older than ten days and not canceled", largeThen, (*asker).largeAt},
	}
	revenue := pastQuestion{"revenue by month and region of what was not canceled and not unavailable", revenueThen, (*asker).revenueAt}
	var out []question
	at := instants(p.orders, 2*len(all))
	for i := range at { // each as of two instants
		out = append(out, all[i%len(all)].asOf(p, at[i]))
	}
	for _, i := range []int{1, 8} {
		if i < len(at) {
			out = append(out, revenue.asOf(p, at[i]))
		}
	}
	return out
}

// pastQuestion is something one asks of the data as of an instant.
type pastQuestion struct {
	text   string
	answer func(at time.Time, then map[*order]string) []string
	ask    func(*asker, context.Context, time.Time) ([]string, error)
}

func (q pastQuestion) asOf(p *plan, at time.Time) question {
	return question{"as of " + instant(at) + ": " + q.text, q.answer(at, replay(p.orders, at)), func(a *asker, ctx context.Context) ([]string, error) {
		return q.ask(a, ctx, at)
	}}
}

func byStatusThen(_ time.Time, then map[*order]string) []string {
	n := map[string]int{}
	for _, state := range then {
		n[state]++
	}
	return linesOf(n)
}

// total is what the store computes of the lines.
func (o *order) total() (sum scalar.Decimal) {
	for _, l := range o.lines {
		for _, name := range []string{"price", "freight"} {
			d, _ := l[name].(scalar.Decimal)
			sum = sum.Add(d)
		}
	}
	return sum
}

func openThen(_ time.Time, then map[*order]string) []string {
	var sum scalar.Decimal
	n := 0
	for o, state := range then {
		if slices.Contains(underway, state) {
			sum, n = sum.Add(o.total()), n+1
		}
	}
	return []string{fmt.Sprint(n, " ", sum)}
}

// newestFirst returns the orders that were there, by purchase.
func newestFirst(then map[*order]string) []*order {
	var out []*order
	for o := range then {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *order) int {
		if d := b.bought().Compare(a.bought()); d != 0 {
			return d
		}
		if a.id > b.id {
			return -1
		}
		return 1
	})
	return out
}

func lastThen(_ time.Time, then map[*order]string) []string {
	var out []string
	all := newestFirst(then)
	for _, o := range all[:min(top, len(all))] {
		out = append(out, o.id+" "+then[o])
	}
	return out
}

// regionThen counts by the region that the store is told once, at registration.
func regionThen(_ time.Time, then map[*order]string) []string {
	n := map[string]int{}
	for o := range then {
		n[o.customer.region]++
	}
	return linesOf(n)
}

func largeThen(at time.Time, then map[*order]string) []string {
	n := 0
	least, _ := scalar.ParseDecimal("500") // a decimal
	for o, state := range then {
		if o.total().Cmp(least) >= 0 && state != "CANCELED" && at.Sub(o.bought()) > old {
			n++
		}
	}
	return []string{fmt.Sprint(n)}
}

func revenueThen(_ time.Time, then map[*order]string) []string {
	sum := map[string]scalar.Decimal{}
	for o, state := range then {
		if key := o.bought().Format("2006-01") + " " + o.customer.region; state != "CANCELED" && state != "UNAVAILABLE" {
			sum[key] = sum[key].Add(o.total())
		}
	}
	return linesOf(sum)
}
