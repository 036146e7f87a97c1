package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/app"
)

// explained runs the subcommand in this process, and returns what it wrote.
func explained(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	if got := app.Do(t.Context(), definition, append([]string{"explain"}, args...), nil, &out, &errs); got != code {
		t.Fatalf("explain %v: exit code %d, want %d\n%s", args, got, code, errs.String())
	}
	return out.String(), errs.String()
}

func TestReadsWithoutAnIndexAreRefusedAndExplained(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := spawn(t, append(args, "--scan-limit=3")...)
		s.seed()
		for i := range 3 {
			s.do(fmt.Sprintf(`mutation { createOrder(id: "m%d", customer: "c1", lines: [{product: "p1", seller: "s", price: "1", freight: "0", quantity: 1}]) { errors { code } } }`, i)).want("data.createOrder.errors", "[]")
		}
		s.eventually(`{ orders(where: {status: {eq: CREATED}}) { totalCount } }`, "data.orders.totalCount", "4")
		const (
			filtered = `orders(where: {note: {eq: "x"}}) { totalCount edges { node { id } } }`
			sorted   = `orders(where: {status: {eq: CREATED}}, orderBy: [{field: NOTE}], first: 2)`
			below    = `customers { edges { node { orders(orderBy: [{field: NOTE, direction: DESC}]) { totalCount edges { node { id customer { name } } } } } } }`
		)
		const (
			noFilter = "orders filtered by note: 4 orders are too many to look through without an index: add @indexed to Order.note"
			noSort   = `orders sorted by note: over 3 orders are too many to sort without an index: add @indexed(fields: ["status", "note"]) to the type Order`
			noBelow  = `orders sorted by note: over 3 orders are too many to sort without an index: add @indexed(fields: ["customer", "note"]) to the type Order`
		)
		for query, want := range map[string]string{filtered: noFilter, sorted + ` { edges { node { id } } }`: noSort, below: noBelow} {
			s.do(`{ `+query+` }`).want("errors.0.extensions.code", "NO_INDEX", "errors.0.message", want)
		}
		s.do(`{ orders(where: {status: {eq: CREATED}, note: {eq: "gift"}}, orderBy: [{field: PLACED_AT}]) { totalCount edges { node { id } } } }`).want("errors", "<nil>", "data.orders.totalCount", "1")

		for query, want := range map[string][]string{
			filtered:                 {`orders, counted: note = "x"`, "sorted by id, 101 rows", "no index finds them", "refused: " + noFilter},
			sorted:                   {`orders: status = "CREATED"`, "found by the index status", "no index has the order", "refused: " + noSort, "  | "},
			"query { " + below + "}": {"customers: everything", "orders, by customer of 1: everything", "sorted by note descending, id descending", "refused: " + noBelow, "orders, counted by customer of 1"},
			`orders(where: {status: {eq: CREATED}}, orderBy: [{field: PLACED_AT}])`:                                                                                                       {"in the order of the index status+placedAt", "allowed however many there are"},
			`orders(orderBy: [{field: TOTAL}], after: "` + s.do(`{ orders(orderBy: [{field: TOTAL}], first: 1) { pageInfo { endCursor } } }`).at("data.orders.pageInfo.endCursor") + `")`: {"in the order of the index total"},
			`orders(asOf: "2026-01-01T00:00:00Z", where: {customerId: {eq: "c1"}}, orderBy: [{field: TOTAL}])`:                                                                            {`orders as of 2026-01-01T00:00:00Z: customer = "c1"`, "found by the index customer", "no index has the order"},
			`order(id: "o1")`: {"It reads no list"},
		} {
			out, _ := explained(t, 0, append(args, "--scan-limit=3", query)...)
			for _, w := range want {
				if !strings.Contains(out, w) {
					t.Errorf("%s: it lacks %q:\n%s", query, w, out)
				}
			}
		}
		if out, _ := explained(t, 0, append(args, filtered)...); !strings.Contains(out, "allowed up to 10,000 documents: there are 4") {
			t.Error(out)
		}
		if out, _ := explained(t, 0, append(args, "--scan-limit=0", filtered)...); !strings.Contains(out, "allowed, because --scan-limit is 0: there are 4") {
			t.Error(out)
		}
	})
}

func TestExplainSaysWhatIsWrong(t *testing.T) {
	args := []string{"--data", t.TempDir()}
	s := spawn(t, args...)
	s.seed()
	for query, want := range map[string]string{
		"":                            "query",
		"orders(where":                "Expected",
		"orders(where: {colour: {}})": "colour",
		"nothing":                     "nothing",
		"mutation { x }":              "one query",
		"query{orders} mutation{x}":   "one query",
		"{ orders } { orders }":       "one query",
		"orders(first: 5, last: 5)":   "first and last exclude each other",
		"orders(after: \"x\")":        "cursor",
		"query Q($n: Int) { orders(first: $n) { totalCount } node(id: 5) { id } }": "",
	} {
		_, errs := explained(t, 1, append(args, query)...)
		if !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "daybook: explain: ") {
			t.Errorf("%s: %s", query, errs)
		}
	}
	explained(t, 1, args...)
	if _, errs := explained(t, 2, "--data", t.TempDir(), "orders"); !strings.Contains(errs, "there are no documents") {
		t.Error(errs)
	}
	if _, errs := explained(t, 2, "--scan-limit=x", "orders"); !strings.Contains(errs, "--scan-limit=x") {
		t.Error(errs)
	}
	if out, _ := explained(t, 0, "--help"); !strings.Contains(out, "--scan-limit") {
		t.Error(out)
	}
}
