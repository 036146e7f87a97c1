package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// pages is a server with a list of so many rows, the ids of which are numbers. It says so of its count, and keeps the first query.
func pages(t *testing.T, rows int, exact bool) (a *asker, query *string) {
	query = new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			Query     string
			Variables struct {
				N     int
				After *string
			}
		}
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &req)
		}
		if err != nil {
			t.Error(err)
		}
		if *query == "" {
			*query = req.Query
		}
		from := 0
		if req.Variables.After != nil {
			fmt.Sscan(*req.Variables.After, &from) //nolint:errcheck // what is no number begins anew, and never ends
		}
		to := min(rows, from+req.Variables.N)
		var edges []string
		for i := from; i < to; i++ {
			edges = append(edges, fmt.Sprintf(`{"node":{"id":"%d"}}`, i))
		}
		fmt.Fprintf(w, `{"data":{"list":{"totalCount":%d,"totalCountIsExact":%t,"edges":[%s],"pageInfo":{"hasNextPage":%t,"endCursor":"%d"}}}}`,
			rows, exact, strings.Join(edges, ","), to < rows, to)
	}))
	t.Cleanup(s.Close)
	return &asker{newClient(s.URL, 1), nil}, query
}

func TestRowsOfSeveralPages(t *testing.T) {
	for _, c := range []struct{ rows, first, want int }{
		{0, 0, 0}, {1, 0, 1}, {pageSize, 0, pageSize}, {2*pageSize + 1, 0, 2*pageSize + 1}, {2 * pageSize, pageSize + 1, pageSize + 1}, {3, top, 3}, {top, top, top},
	} {
		a, _ := pages(t, c.rows, true)
		got, err := rowsOf[node](t.Context(), a, listing{name: "orders", first: c.first}, "id")
		if err != nil {
			t.Fatal(err)
		}
		var want []node
		for i := range c.want {
			want = append(want, node{ID: fmt.Sprint(i)})
		}
		if !slices.EqualFunc(got, want, func(a, b node) bool { return a.ID == b.ID }) {
			t.Errorf("the first %d of %d are %d: %v", c.first, c.rows, len(got), got)
		}
	}
}

func TestCounts(t *testing.T) {
	at := time.Date(2021, 3, 4, 5, 6, 7, 8000, time.FixedZone("", 3600))
	a, query := pages(t, 7, true)
	if n, err := a.count(t.Context(), listing{name: "orders", where: "{id: {eq: " + quoted(`a"b`) + "}}", order: "[{field: ID}]", asOf: at}); n != 7 || err != nil {
		t.Error(n, err)
	}
	if want := `orders(atLeast: $at, where: {id: {eq: "a\"b"}}, orderBy: [{field: ID}], asOf: "2021-03-04T04:06:07.000008Z") {`; !strings.Contains(*query, want) {
		t.Error(*query)
	}
	a, _ = pages(t, 7, false)
	if n, err := a.count(t.Context(), listing{name: "orders"}); err == nil || !strings.Contains(err.Error(), "orders: there are more than the server counts: 7") {
		t.Error(n, err)
	}
}

// A question that can't be asked is no answer: the error names it.
func TestQuestionsThatCanNotBeAsked(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"errors":[{"message":"no such view","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`) //nolint:errcheck // a test
	}))
	defer s.Close()
	_, p, all := asked(t)
	for _, q := range append(questionsOf(all), pastQuestionsOf(p)...) {
		if got, err := q.ask(&asker{newClient(s.URL, 1), nil}, t.Context()); err == nil {
			t.Errorf("%s: %q", q.text, got)
		}
	}
	v := &verifier{client: newClient(s.URL, 1), plan: p, sales: all, out: io.Discard}
	if err := v.questions(t.Context()); err == nil || err.Error() != "orders by status: the server answered: no such view" {
		t.Error(err)
	}
}
