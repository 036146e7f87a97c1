package main

import (
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

// instants returns n moments, evenly over the time of the orders' steps. None is that of a step, so that it does not matter on which side of it one looks.
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
			out = append(out, at[(i+1)*(len(at)-1)/(n+1)].Add(time.Millisecond))
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

// pastQuestionsOf answers ten questions as of ten instants, from a replay up to each.
func pastQuestionsOf(p *plan) []question {
	asks := []func(at time.Time, then map[*order]string) (string, []string){
		byStatusThen, openThen, lastThen, regionThen, largeThen, byStatusThen, openThen, lastThen, regionThen, largeThen,
	}
	var out []question
	for i, at := range instants(p.orders, len(asks)) {
		text, answer := asks[i](at, replay(p.orders, at))
		out = append(out, question{fmt.Sprintf("as of %s: %s", at.Format(time.RFC3339Nano), text), answer})
	}
	return out
}

func byStatusThen(_ time.Time, then map[*order]string) (string, []string) {
	n := map[string]int{}
	for _, state := range then {
		n[state]++
	}
	return "orders by status", linesOf(n)
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

func openThen(_ time.Time, then map[*order]string) (string, []string) {
	var sum scalar.Decimal
	n := 0
	for o, state := range then {
		if slices.Contains([]string{"APPROVED", "PROCESSING", "INVOICED", "SHIPPED"}, state) {
			sum, n = sum.Add(o.total()), n+1
		}
	}
	return "orders that are approved and not delivered, and the sum of their totals", []string{fmt.Sprint(n, " ", sum)}
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

func lastThen(_ time.Time, then map[*order]string) (string, []string) {
	var out []string
	all := newestFirst(then)
	for _, o := range all[:min(top, len(all))] {
		out = append(out, o.id+" "+then[o])
	}
	return "the newest orders and what they were, the highest id first of those that are as new", out
}

// regionThen counts by the region that the store is told once, at registration.
func regionThen(_ time.Time, then map[*order]string) (string, []string) {
	n := map[string]int{}
	for o := range then {
		n[o.customer.region]++
	}
	return "orders by the region of their customers", linesOf(n)
}

func largeThen(at time.Time, then map[*order]string) (string, []string) {
	n := 0
	least, _ := scalar.ParseDecimal("500") // a decimal
	for o, state := range then {
		if o.total().Cmp(least) >= 0 && state != "CANCELED" && at.Sub(o.bought()) > 10*24*time.Hour {
			n++
		}
	}
	return "orders of at least 500 that are older than ten days and not canceled", []string{fmt.Sprint(n)}
}
