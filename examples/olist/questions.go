package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// question is something one asks of the data, with what the files answer: one line for each row of the answer.
type question struct {
	text   string
	answer []string
	ask    func(*asker, context.Context) ([]string, error) // asks a server the same
}

// top is how many rows an answer with "top" has.
const top = 10

// questionsOf answers ten questions from the rows of the files.
func questionsOf(all []*sale) []question {
	person, day := busiestOf(all)
	onDay := func(a *asker, ctx context.Context) ([]string, error) { return a.ordersOnDay(ctx, person, day) }
	return []question{
		{"orders by status", counts(all, func(s *sale) string { return s.status }), (*asker).ordersByStatus},
		{"revenue by month, of orders that were not canceled and not unavailable", sums(all, month), (*asker).revenueByMonth},
		{"revenue by month and state of the customer", sums(all, func(s *sale) string { return month(s) + " " + s.region }), (*asker).revenueByMonthAndRegion},
		{"the sellers who sold most", sellers(all), (*asker).topSellers},
		{"average days from approval to delivery, to six places", []string{average(all)}, (*asker).deliveryTime},
		{"orders of the customer with the most, on the day of the first", onOneDay(all, person, day), onDay},
		{"customers by number of orders that were approved and not canceled or unavailable since", customersByOrders(all), (*asker).customersByOrders},
		{"payments of approved orders by type", paymentsByType(all), (*asker).paymentsByType},
		{"orders of at least 500, the largest first", largest(all), (*asker).largestOrders},
		{"orders by month of delivery, and their average days", deliveries(all), (*asker).deliveriesByMonth},
	}
}

func month(s *sale) string { return s.bought.Format("2006-01") }

// counts counts sales by a key; "" is left out.
func counts(all []*sale, key func(*sale) string) []string {
	n := map[string]int{}
	for _, s := range all {
		if k := key(s); k != "" {
			n[k]++
		}
	}
	return linesOf(n)
}

// sums sums the totals of what counts as revenue by a key.
func sums(all []*sale, key func(*sale) string) []string {
	sum := map[string]scalar.Decimal{}
	for _, s := range all {
		if s.live() {
			sum[key(s)] = sum[key(s)].Add(s.total)
		}
	}
	return linesOf(sum)
}

// linesOf writes a map by its keys.
func linesOf[V any](m map[string]V) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprint(k, " ", m[k]))
	}
	return out
}

// sellers are those with the largest sum of prices, without freight, of what counts as revenue; the highest id first of those that are level, as an index has them.
func sellers(all []*sale) []string {
	sum := map[string]scalar.Decimal{}
	for _, s := range all {
		for _, i := range s.items {
			if s.live() && amount(i["price"]).Sign() > 0 {
				sum[i["seller_id"]] = sum[i["seller_id"]].Add(amount(i["price"]))
			}
		}
	}
	ids := slices.SortedFunc(maps.Keys(sum), func(a, b string) int { return cmp.Or(sum[b].Cmp(sum[a]), cmp.Compare(b, a)) })
	var out []string
	for _, id := range ids[:min(top, len(ids))] {
		out = append(out, id+" "+sum[id].String())
	}
	return out
}

// average is of all that were delivered, 0 of none.
func average(all []*sale) string {
	var seconds int64
	n := int64(0)
	for _, s := range all {
		if !s.delivered.IsZero() {
			seconds, n = seconds+int64(s.delivered.Sub(s.approved)/time.Second), n+1
		}
	}
	return days(big.NewRat(seconds, max(n, 1)))
}

// days makes days of seconds, rounded to six places.
func days(seconds *big.Rat) string {
	return new(big.Rat).Quo(seconds, big.NewRat(24*60*60, 1)).FloatString(6)
}

// deliveries counts what was delivered by month, with the average of each.
func deliveries(all []*sale) []string {
	by := map[string][]*sale{}
	for _, s := range all {
		if !s.delivered.IsZero() {
			m := s.delivered.Format("2006-01")
			by[m] = append(by[m], s)
		}
	}
	var out []string
	for _, m := range slices.Sorted(maps.Keys(by)) {
		out = append(out, fmt.Sprint(m, " ", len(by[m]), " ", average(by[m])))
	}
	return out
}

// busiestOf returns the person with the most orders, of several the one of the lowest id, and when that person bought first.
func busiestOf(all []*sale) (person string, first time.Time) {
	n := map[string]int{}
	for _, s := range all {
		n[s.person]++
	}
	for id := range n {
		if n[id] > n[person] || n[id] == n[person] && id < person {
			person = id
		}
	}
	for _, s := range all {
		if s.person == person && (first.IsZero() || s.bought.Before(first)) {
			first = s.bought
		}
	}
	return person, first
}

// onOneDay returns a person's orders of a day, in UTC.
func onOneDay(all []*sale, person string, day time.Time) []string {
	var of []*sale
	for _, s := range all {
		if s.person == person && s.bought.Format(time.DateOnly) == day.Format(time.DateOnly) {
			of = append(of, s)
		}
	}
	slices.SortFunc(of, func(a, b *sale) int { return cmp.Or(a.bought.Compare(b.bought), cmp.Compare(a.id, b.id)) })
	var out []string
	for _, s := range of {
		out = append(out, fmt.Sprint(s.id, " ", s.status, " ", s.total))
	}
	return out
}

func customersByOrders(all []*sale) []string {
	of, n := map[string]int{}, map[string]int{}
	for _, s := range all {
		if s.live() && s.status != "CREATED" {
			of[s.person]++
		}
	}
	for _, orders := range of {
		n[fmt.Sprintf("%2d", orders)]++
	}
	return linesOf(n)
}

// paymentsByType counts and sums the payments of the orders that were approved: the store takes them with the approval.
func paymentsByType(all []*sale) []string {
	n, sum := map[string]int{}, map[string]scalar.Decimal{}
	for _, s := range all {
		for _, p := range s.payments {
			if !s.approved.IsZero() {
				n[p["payment_type"]]++
				sum[p["payment_type"]] = sum[p["payment_type"]].Add(amount(p["payment_value"]))
			}
		}
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(n)) {
		out = append(out, fmt.Sprint(k, " ", n[k], " ", sum[k]))
	}
	return out
}

func largest(all []*sale) []string {
	var of []*sale
	least, _ := scalar.ParseDecimal("500") // a decimal
	for _, s := range all {
		if s.total.Cmp(least) >= 0 {
			of = append(of, s)
		}
	}
	slices.SortFunc(of, func(a, b *sale) int { return cmp.Or(b.total.Cmp(a.total), cmp.Compare(b.id, a.id)) })
	var out []string
	for _, s := range of[:min(top, len(of))] {
		out = append(out, s.id+" "+s.total.String())
	}
	return out
}

// printQuestions writes questions with their answers.
func printQuestions(out io.Writer, qs []question) {
	for _, q := range qs {
		fmt.Fprintln(out, q.text)
		for _, line := range q.answer {
			fmt.Fprintln(out, "  "+line)
		}
	}
}
