package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// asker asks a server. Every answer includes what was written up to a position.
type asker struct {
	client  *client
	atLeast any // a position as text, or nil
}

// listing is what is asked of a list of the read API.
type listing struct {
	name  string // "orders"
	where string // a filter in GraphQL, "" for none
	order string // "[{field: ID}]", "" for by id
	asOf  time.Time
	first int // how many rows are wanted, 0 for all
}

// arguments writes it as GraphQL.
func (l listing) arguments() string {
	out := "atLeast: $at"
	if l.where != "" {
		out += ", where: " + l.where
	}
	if l.order != "" {
		out += ", orderBy: " + l.order
	}
	if !l.asOf.IsZero() {
		out += ", asOf: " + quoted(instant(l.asOf))
	}
	return out
}

// quoted writes a text as GraphQL does: the escapes of JSON are among its own.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a text always can be
	return string(b)
}

// instant writes a time as the API does.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// count asks how many rows there are.
func (a *asker) count(ctx context.Context, l listing) (int, error) {
	var answer struct {
		List struct {
			TotalCount        int
			TotalCountIsExact bool
		}
	}
	query := fmt.Sprintf(`query($at: Position) { list: %s(%s) { totalCount totalCountIsExact } }`, l.name, l.arguments())
	if err := a.client.do(ctx, query, map[string]any{"at": a.atLeast}, &answer); err != nil {
		return 0, err
	}
	if !answer.List.TotalCountIsExact {
		return 0, fmt.Errorf("%s: there are more than the server counts: %d", l.name, answer.List.TotalCount)
	}
	return answer.List.TotalCount, nil
}

// rowsOf asks for the fields of rows, page by page.
func rowsOf[T any](ctx context.Context, a *asker, l listing, fields string) ([]T, error) {
	query := fmt.Sprintf(`query($n: Int!, $after: String, $at: Position) { list: %s(first: $n, after: $after, %s) { edges { node { %s } } pageInfo { hasNextPage endCursor } } }`,
		l.name, l.arguments(), fields)
	var out []T
	for after := any(nil); ; {
		n := pageSize
		if l.first > 0 {
			n = min(n, l.first-len(out))
		}
		var answer struct {
			List struct {
				Edges    []struct{ Node T }
				PageInfo pageInfo
			}
		}
		if err := a.client.do(ctx, query, map[string]any{"n": n, "after": after, "at": a.atLeast}, &answer); err != nil {
			return nil, err
		}
		for _, e := range answer.List.Edges {
			out = append(out, e.Node)
		}
		if !answer.List.PageInfo.HasNextPage || len(out) == l.first {
			return out, nil
		}
		after = answer.List.PageInfo.EndCursor
	}
}

// questions asks ten questions, and twelve as of an instant, and compares the answers with those of the files.
func (v *verifier) questions(ctx context.Context) error {
	a := &asker{v.client, v.atLeast}
	for _, q := range append(questionsOf(v.sales), pastQuestionsOf(v.plan)...) {
		got, err := q.ask(a, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", q.text, err)
		}
		before := v.mismatches
		v.compare("the number of rows of "+q.text, len(got), len(q.answer))
		for i := range min(len(got), len(q.answer)) {
			v.compare(fmt.Sprintf("row %d of %s", i+1, q.text), got[i], q.answer[i])
		}
		is, short := "as in the files", fmt.Sprint(len(got), " rows")
		if v.mismatches > before {
			is = "NOT as in the files"
		}
		if len(got) == 1 {
			short = got[0]
		}
		fmt.Fprintf(v.out, "  %s: %s, %s\n", q.text, short, is)
	}
	return nil
}
