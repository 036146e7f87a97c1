package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

const limitsSDL = `
scalar JSON
type Query { q: Query list(first: Int): Query n(i: Int, j: JSON, f: Float): Int possibleCommands: [PossibleCommand!]! causationOf(event: ID!): [Query!]!
  scheduledCommands(first: Int): [Query!]! }
type PossibleCommand { name: String! }
`

// refused returns why an operation is refused, "" if it isn't.
func refused(t *testing.T, l Limits, query string, vars map[string]any) string {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(gqlparser.MustLoadSchema(&ast.Source{Input: limitsSDL}), query, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	err := limiter{l.withDefaults()}.MutateOperationContext(t.Context(), &graphql.OperationContext{Operation: doc.Operations[0], Doc: doc, Variables: vars})
	if err == nil {
		return ""
	}
	return fmt.Sprint(err.Extensions["code"], " ", err.Message)
}

func TestLimits(t *testing.T) {
	small := Limits{Depth: 4, Cost: 200, Roots: 3}
	for name, c := range map[string]struct {
		query string
		vars  map[string]any
		want  string // what the refusal has in it; "" is none
	}{
		"small":               {`{ q { q { n } } }`, nil, ""},
		"deep":                {`{ q { q { q { q { n } } } } }`, nil, "5 levels"},
		"deep in fragments":   {`{ q { ...A } } fragment A on Query { q { ...B } } fragment B on Query { q { q { n } } }`, nil, "5 levels"},
		"deep inline":         {`{ q { ... on Query { q { ... on Query { q { q { n } } } } } } }`, nil, "5 levels"},
		"wide":                {`{ a: n b: n c: n d: n }`, nil, "4 root fields"},
		"wide in a fragment":  {`{ ...A } fragment A on Query { a: n b: n c: n d: n }`, nil, "4 root fields"},
		"default page":        {`{ list { n m: n } }`, nil, "201 fields"},
		"page":                {`{ list(first: 10) { n m: n } }`, nil, ""},
		"page in a variable":  {`query($n: Int) { list(first: $n) { n } }`, map[string]any{"n": 500}, "501 fields"},
		"pages in pages":      {`{ list(first: 10) { list(first: 30) { n } } }`, nil, "311 fields"},
		"pages in a fragment": {`{ list(first: 10) { ...A } } fragment A on Query { list(first: 30) { n } }`, nil, "311 fields"},
		"a huge page":         {`{ list(first: 2000000000) { n } }`, nil, "1001 fields"},
		"numbers":             {`{ n(i: 1, f: 1e300, j: {a: [9223372036854775807, 1.00000000000000000000001]}) }`, nil, ""},
		"a large number":      {`{ n(j: {a: [9223372036854775808]}) }`, nil, "INVALID_INPUT a number"},
		"a large float":       {`{ q { n(j: 1e400) } }`, nil, "INVALID_INPUT a number"},
	} {
		if got := refused(t, small, c.query, c.vars); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestWhatReadsByItselfIsDear: a page of entities may say what is possible with each, pages in pages may not.
func TestWhatReadsByItselfIsDear(t *testing.T) {
	var kept strings.Builder
	for i := range 10 {
		fmt.Fprintf(&kept, "a%d: scheduledCommands { n } ", i)
	}
	for query, want := range map[string]string{
		`{ list { possibleCommands { name } } }`:                                              "",
		`{ list(first: 1000) { possibleCommands { name } } }`:                                 "",
		`{ list(first: 10) { list(first: 10) { possibleCommands { name } } } }`:               "",
		`{ list { list { possibleCommands { name } } } }`:                                     "smaller pages",
		`{ list(first: 1000) { a: possibleCommands { name } b: possibleCommands { name } } }`: "smaller pages",
		`{ causationOf(event: "Order:o1@3") { n } }`:                                          "",
		`{ list { causationOf(event: "Order:o1@3") { n } } }`:                                 "",
		`{ a: scheduledCommands(first: 1000) { n } b: scheduledCommands { n } }`:              "",
		"{ " + kept.String() + "}":                                                            "smaller pages",
		`{ list(first: 300) { causationOf(event: "Order:o1@3") { n } } }`:                     "smaller pages",
	} {
		if got := refused(t, Limits{}, query, nil); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestNestedFragmentsAreMeasuredOnce would not end if each use of a fragment were measured.
func TestNestedFragmentsAreMeasuredOnce(t *testing.T) {
	const n = 100
	var b strings.Builder
	b.WriteString("{ ...F0 }")
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on Query { ...F%d ...F%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Query { n }", n)
	doc, err := parser.ParseQuery(&ast.Source{Input: b.String()})
	if err != nil {
		t.Fatal(err)
	}
	sets := []ast.SelectionSet{doc.Operations[0].SelectionSet}
	for _, f := range doc.Fragments {
		sets = append(sets, f.SelectionSet)
	}
	for _, set := range sets {
		for _, s := range set {
			if spread, ok := s.(*ast.FragmentSpread); ok {
				spread.Definition = doc.Fragments.ForName(spread.Name)
			}
		}
	}
	op := &graphql.OperationContext{Operation: doc.Operations[0], Doc: doc}
	if err := (limiter{Limits{}.withDefaults()}).MutateOperationContext(t.Context(), op); err == nil || !strings.Contains(err.Message, "fields") {
		t.Error(err)
	}
}
