package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// question is something one asks of the data, with what the files answer: one line for each row of the answer.
type question struct {
	text   string
	answer []string
}

// top is how many rows an answer with "top" has.
const top = 10

// questionsOf answers ten questions from the rows of the files.
func questionsOf(all []*sale) []question {
	busiest := busiestOf(all)
	return []question{
		{"orders by status", counts(all, func(s *sale) string { return s.status })},
		{"revenue by month, of orders that were not canceled and not unavailable", sums(all, month)},
		{"revenue by month and state of the customer", sums(all, func(s *sale) string { return month(s) + " " + s.region })},
		{"the sellers who sold most", sellers(all)},
		{"average time from approval to delivery", []string{fmt.Sprint(approvalToDelivery(all))}},
		{"orders of the customer with the most, on the day of the first", onOneDay(all, busiest)},
		{"customers by number of orders", customersByOrders(all)},
		{"payments of approved orders by type", paymentsByType(all)},
		{"orders of at least 500, the largest first", largest(all)},
		{"orders by month of delivery", counts(all, func(s *sale) string {
			if s.delivered.IsZero() {
				return ""
			}
			return s.delivered.Format("2006-01")
		})},
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

// sellers are those with the largest sum of prices, without freight, of what counts as revenue.
func sellers(all []*sale) []string {
	sum := map[string]scalar.Decimal{}
	for _, s := range all {
		for _, i := range s.items {
			if s.live() {
				sum[i["seller_id"]] = sum[i["seller_id"]].Add(amount(i["price"]))
			}
		}
	}
	ids := slices.SortedFunc(maps.Keys(sum), func(a, b string) int { return cmp.Or(sum[b].Cmp(sum[a]), cmp.Compare(a, b)) })
	var out []string
	for _, id := range ids[:min(top, len(ids))] {
		out = append(out, id+" "+sum[id].String())
	}
	return out
}

// approvalToDelivery is rounded to seconds.
func approvalToDelivery(all []*sale) time.Duration {
	var sum time.Duration
	n := 0
	for _, s := range all {
		if !s.delivered.IsZero() {
			sum, n = sum+s.delivered.Sub(s.approved), n+1
		}
	}
	return (sum / time.Duration(max(n, 1))).Round(time.Second)
}

// busiestOf returns the person with the most orders, of several the one of the lowest id.
func busiestOf(all []*sale) string {
	n := map[string]int{}
	for _, s := range all {
		n[s.person]++
	}
	ids := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// onOneDay returns the person's orders of the day on which the person first bought, in UTC.
func onOneDay(all []*sale, person string) []string {
	var of []*sale
	for _, s := range all {
		if s.person == person {
			of = append(of, s)
		}
	}
	slices.SortFunc(of, func(a, b *sale) int { return cmp.Or(a.bought.Compare(b.bought), cmp.Compare(a.id, b.id)) })
	var out []string
	for _, s := range of {
		if s.bought.Format(time.DateOnly) == of[0].bought.Format(time.DateOnly) {
			out = append(out, fmt.Sprint(s.id, " ", s.status, " ", s.total))
		}
	}
	return out
}

func customersByOrders(all []*sale) []string {
	of, n := map[string]int{}, map[string]int{}
	for _, s := range all {
		of[s.person]++
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
	slices.SortFunc(of, func(a, b *sale) int { return cmp.Or(b.total.Cmp(a.total), cmp.Compare(a.id, b.id)) })
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
