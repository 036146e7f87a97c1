package app

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// explaining is a store that says of each list what becomes of it, and reads it if it is allowed: what is below it has to be known. It writes one list after the other.
type explaining struct {
	documents.Store
	judge *query.Engine
	model *schema.Model
	limit int64

	mu    sync.Mutex
	out   io.Writer
	reads int
}

// sampled is how many documents are read in place of a list that is refused.
const sampled = 5

// List implements documents.Store.
func (x *explaining) List(ctx context.Context, q documents.Query) ([]documents.Document, error) {
	refused, err := x.tell(ctx, q, "", nil)
	if err != nil {
		return nil, err
	}
	if refused {
		q = documents.Query{Entity: q.Entity, Limit: min(q.Limit, sampled), Fields: q.Fields, AsOf: q.AsOf}
	}
	return x.Store.List(ctx, q)
}

// ListBy implements documents.Store.
func (x *explaining) ListBy(ctx context.Context, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	refused, err := x.tell(ctx, q, by, keys)
	if err != nil {
		return nil, err
	}
	if refused {
		q, keys = documents.Query{Entity: q.Entity, Limit: min(q.Limit, sampled), Fields: q.Fields, AsOf: q.AsOf}, keys[:min(len(keys), sampled)]
	}
	return x.Store.ListBy(ctx, q, by, keys)
}

// Count implements documents.Store.
func (x *explaining) Count(ctx context.Context, q documents.CountQuery) (int64, error) {
	v, err := x.judge.Judge(ctx, documents.Query{Entity: q.Entity, Filter: q.Filter, AsOf: q.AsOf}, true, "", nil)
	if err != nil {
		return 0, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reads++
	fmt.Fprintf(x.out, "%s%s, counted: %s\n", x.model.Readable(q.Entity).Plural, asOf(q.AsOf), documents.Describe(q.Filter))
	x.verdict(v, true)
	fmt.Fprintln(x.out)
	return 0, nil
}

// CountBy implements documents.Store.
func (x *explaining) CountBy(_ context.Context, q documents.CountQuery, by string, keys []string) (map[string]int64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reads++
	fmt.Fprintf(x.out, "%s%s, counted by %s of %d: %s\n  found by the index %s: allowed\n\n", x.model.Readable(q.Entity).Plural, asOf(q.AsOf), by, len(keys), documents.Describe(q.Filter), by)
	return nil, nil //nolint:nilnil // none are counted
}

// tell writes what becomes of a list, and reports whether it is refused.
func (x *explaining) tell(ctx context.Context, q documents.Query, by string, keys []string) (refused bool, err error) {
	v, err := x.judge.Judge(ctx, q, false, by, keys)
	if err != nil {
		return false, err
	}
	plan, err := x.Explain(ctx, q, by, keys)
	if err != nil {
		return false, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reads++
	below := asOf(q.AsOf)
	if q.Gone {
		below = " that were deleted" + below
	}
	if by != "" {
		below += fmt.Sprintf(", by %s of %d", by, len(keys))
	}
	fmt.Fprintf(x.out, "%s%s: %s\n  sorted by %s, %d rows at most\n", x.model.Readable(q.Entity).Plural, below, documents.Describe(q.Filter),
		documents.DescribeOrders(documents.PageOrders(documents.Query{Orders: q.Orders})), q.Limit)
	x.verdict(v, false)
	for line := range strings.SplitSeq(plan, "\n") {
		fmt.Fprintln(x.out, "  |", line)
	}
	fmt.Fprintln(x.out)
	return v.Refused != nil, nil
}

// asOf names the instant of a read, if it is not now.
func asOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " as of " + t.UTC().Format(time.RFC3339Nano)
}

// verdict writes which indexes serve a read, and what the rule says of it.
func (x *explaining) verdict(v query.Verdict, counted bool) {
	switch {
	case len(v.Finds) > 0:
		fmt.Fprintln(x.out, "  found by the index", strings.Join(v.Finds, ", "))
	case v.Filtered:
		fmt.Fprintln(x.out, "  all are asked for")
	default:
		fmt.Fprintln(x.out, "  no index finds them")
	}
	switch {
	case counted:
	case v.Sorted:
		fmt.Fprintln(x.out, "  in the order of the index", v.Sorts)
	default:
		fmt.Fprintln(x.out, "  no index has the order")
	}
	switch {
	case v.Refused != nil:
		fmt.Fprintln(x.out, "  refused:", v.Refused)
	case v.Filtered && (v.Sorted || counted):
		fmt.Fprintln(x.out, "  allowed however many there are")
	case x.limit == 0:
		fmt.Fprintf(x.out, "  allowed, because --scan-limit is 0: there are %s\n", scalar.Grouped(v.Size))
	case v.Size <= x.limit:
		fmt.Fprintf(x.out, "  allowed up to %s documents: there are %s\n", scalar.Grouped(x.limit), scalar.Grouped(v.Size))
	default:
		fmt.Fprintf(x.out, "  allowed as long as the index leaves no more than %s\n", scalar.Grouped(x.limit))
	}
}
