package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

func asked(t *testing.T) (*data, *plan, []*sale) {
	t.Helper()
	d, err := readData("testdata")
	if err != nil {
		t.Fatal(err)
	}
	p := makePlan(d)
	return d, p, sales(d, p.leftOut)
}

func TestQuestionsArePrinted(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--data", "testdata", "--questions"}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	want, err := os.ReadFile("testdata/questions.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("it says\n%s", out.String())
	}
	if code := run(t.Context(), []string{"--data", t.TempDir(), "--questions"}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "the data set is not part of this project") {
		t.Errorf("%d: %s", code, errs.String())
	}
}

// The answers from the rows and those from the plan are of the same orders.
func TestSalesAgreeWithThePlan(t *testing.T) {
	d, p, all := asked(t)
	facts := newFacts(d, p.leftOut)
	byID := map[string]*sale{}
	for _, s := range all {
		byID[s.id] = s
		if f := facts.orders[s.id]; f.status != s.status || f.customer != s.person || f.total.Cmp(s.total) != 0 {
			t.Errorf("%s: %+v, not %+v", s.id, s, f)
		}
	}
	if len(all) != 56 || len(byID) != len(facts.orders) {
		t.Errorf("%d orders, not %d", len(byID), len(facts.orders))
	}
	final := replay(p.orders, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, o := range p.orders {
		s := byID[o.id]
		if final[o] != s.status || o.total().Cmp(s.total) != 0 || o.customer.region != s.region {
			t.Errorf("%s: %s %s %s, not %s %s %s", o.id, final[o], o.total(), o.customer.region, s.status, s.total, s.region)
		}
		for command, at := range map[string]time.Time{"createOrder": s.bought, "approveOrder": s.approved, "shipOrder": s.shipped, "deliverOrder": s.delivered} {
			var planned time.Time
			for _, step := range o.steps {
				if step.command == command {
					planned = step.at
				}
			}
			if s.live() && !planned.Equal(at) || (s.approved.IsZero()) != (command == "approveOrder" && planned.IsZero()) && command == "approveOrder" {
				t.Errorf("%s: %s at %s, not %s", o.id, command, planned, at)
			}
		}
	}
}

func TestReplayGoesUpToTheInstant(t *testing.T) {
	_, p, _ := asked(t)
	o := p.orders[0]
	if got := replay(p.orders, o.bought().Add(-time.Nanosecond)); len(got) != 0 {
		t.Errorf("before the first: %v", got)
	}
	if got := replay(p.orders, o.bought()); got[o] != "CREATED" {
		t.Errorf("at the first: %v", got)
	}
	seen := 0
	for _, at := range instants(p.orders, 10) {
		n := len(replay(p.orders, at))
		if n < seen {
			t.Errorf("%d orders as of %s, %d before", n, at, seen)
		}
		seen = n
	}
	if seen == 0 || seen == len(p.orders) || len(instants(nil, 10)) != 0 {
		t.Errorf("%d orders as of the last instant", seen)
	}
}

// Revenue by month is that by month and state, without the state.
func TestRevenueAddsUp(t *testing.T) {
	_, _, all := asked(t)
	qs := questionsOf(all)
	months := map[string]scalar.Decimal{}
	for _, line := range qs[2].answer {
		var of, state, sum string
		fmt.Sscan(line, &of, &state, &sum) //nolint:errcheck // what it lacks is no amount
		months[of] = months[of].Add(amount(sum))
	}
	if got := linesOf(months); strings.Join(got, ",") != strings.Join(qs[1].answer, ",") || len(got) != 6 {
		t.Errorf("%v, not %v", got, qs[1].answer)
	}
	if len(qs) != 10 {
		t.Errorf("%d questions", len(qs))
	}
	if none := questionsOf(nil); none[3].answer != nil || none[4].answer[0] != "0.000000" {
		t.Errorf("of nothing: %v", none)
	}
}
