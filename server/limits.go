package server

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/daybook-cqrs/daybook/resolve"
)

// Limits bound what clients may cost. Zero fields take the defaults.
type Limits struct {
	Body     int64         // bytes of a request body, or of a WebSocket message; default 1 MiB
	Response int64         // bytes of one answer; default 64 MiB
	Tokens   int           // lexical tokens of a query; default 5,000
	Depth    int           // nested selections; default 20
	Cost     int           // fields that a query may resolve, lists counted by their page sizes, what reads by itself by its weight; default 200,000
	Roots    int           // fields of the root selection, by alias; default 50
	Timeout  time.Duration // of a query or mutation; default 30 s

	Streams       int           // WebSockets and streams of events open in the process; default 10,000
	Subscriptions int           // operations running on one WebSocket; default 1,000
	Stall         time.Duration // how long a client may take nothing of what is written to it; default 15 s
	KeepAlive     time.Duration // between signs of life on streams; who answers none of two pings is dropped; default 15 s
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.Tokens, 5000)
	orDefault(&l.Depth, 20)
	orDefault(&l.Cost, 200_000)
	orDefault(&l.Roots, 50)
	orDefault(&l.Streams, 10_000)
	orDefault(&l.Subscriptions, 1000)
	orDefault(&l.Body, 1<<20)
	orDefault(&l.Response, 64<<20)
	orDefault(&l.Timeout, 30*time.Second)
	orDefault(&l.Stall, 15*time.Second)
	orDefault(&l.KeepAlive, 15*time.Second)
	return l
}

func orDefault[N int | int64 | time.Duration](v *N, d N) {
	if *v <= 0 {
		*v = d
	}
}

// limiter refuses operations that are too deep or too costly. Each fragment is measured once: the time is linear in the size of the query, also where
// fragments nest (the stock limiter's is exponential).
type limiter struct{ limits Limits }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = limiter{}

// ExtensionName implements graphql.HandlerExtension.
func (limiter) ExtensionName() string { return "Limits" }

// Validate implements graphql.HandlerExtension.
func (limiter) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator: it runs for every request, cached or not, since variables count.
func (l limiter) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	m := meter{vars: op.Variables, fragments: map[string]measure{}, limit: l.limits}
	total := m.set(op.Operation.SelectionSet)
	switch {
	case m.tooLarge != nil: // gqlgen panics over it
		return withCode(gqlerror.ErrorPosf(m.tooLarge.Position, "a number in a query has at most 64 bits: send this one in a variable, or as a string"), "INVALID_INPUT")
	case total.depth > l.limits.Depth:
		return tooMuch("the query is %d levels deep, more than %d", total.depth, l.limits.Depth)
	case total.cost > l.limits.Cost:
		return tooMuch("the query may resolve %d fields, more than %d: ask for smaller pages", total.cost, l.limits.Cost)
	case total.width > l.limits.Roots:
		return tooMuch("the query has %d root fields, more than %d", total.width, l.limits.Roots)
	}
	if err := resolve.Begin(ctx, op); err != nil {
		return withCode(gqlerror.Wrap(err), "INVALID_INPUT")
	}
	return nil
}

func tooMuch(format string, args ...any) *gqlerror.Error {
	return &gqlerror.Error{Message: fmt.Sprintf(format, args...), Extensions: map[string]any{"code": "TOO_MUCH"}}
}

// measure is what a selection set amounts to.
type measure struct{ depth, cost, width int }

type meter struct {
	vars      map[string]any
	fragments map[string]measure
	limit     Limits
	tooLarge  *ast.Value // a number that Go's types don't hold
}

const maxCost = 1 << 40 // costs saturate here

// defaultPage is what a list without first and last is counted as.
const defaultPage = 100

func (m *meter) set(set ast.SelectionSet) measure {
	var out measure
	for _, s := range set {
		var one measure
		switch s := s.(type) {
		case *ast.Field:
			for _, a := range s.Arguments {
				m.numbers(a.Value)
			}
			below := m.set(s.SelectionSet)
			one = measure{below.depth + 1, min(1+resolve.Weight(s)+below.cost*m.factor(s), maxCost), 1}
		case *ast.InlineFragment:
			one = m.set(s.SelectionSet)
		case *ast.FragmentSpread:
			one = m.fragment(s)
		}
		out.depth = max(out.depth, one.depth)
		out.cost = min(out.cost+one.cost, maxCost)
		out.width += one.width
	}
	return out
}

// numbers looks at the numbers that are written in an argument.
func (m *meter) numbers(v *ast.Value) {
	var err error
	switch v.Kind {
	case ast.IntValue:
		_, err = strconv.ParseInt(v.Raw, 10, 64)
	case ast.FloatValue:
		_, err = strconv.ParseFloat(v.Raw, 64)
	}
	if err != nil && m.tooLarge == nil {
		m.tooLarge = v
	}
	for _, c := range v.Children {
		m.numbers(c.Value)
	}
}

func (m *meter) fragment(s *ast.FragmentSpread) measure {
	if known, ok := m.fragments[s.Name]; ok {
		return known
	}
	m.fragments[s.Name] = measure{} // validation refuses cycles; this ends them anyway
	if s.Definition != nil {
		m.fragments[s.Name] = m.set(s.Definition.SelectionSet)
	}
	return m.fragments[s.Name]
}

// factor is how often a field's selection is resolved: a list's page size, else once. Lists inside entities are small.
func (m *meter) factor(f *ast.Field) int {
	if f.Definition == nil || f.Definition.Arguments.ForName("first") == nil {
		return 1
	}
	for _, name := range []string{"first", "last"} {
		if a := f.Arguments.ForName(name); a != nil {
			if v, err := a.Value.Value(m.vars); err == nil && v != nil {
				if n, err := graphql.UnmarshalInt(v); err == nil {
					return max(1, min(n, 1000))
				}
			}
		}
	}
	return defaultPage
}
