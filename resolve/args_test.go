package resolve

import (
	"encoding/json"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const argsSDL = `
scalar JSON
scalar Decimal
input In { a: Int b: [In!] d: Decimal s: String }
type Query { f(i: Int = 3, s: String, d: Decimal, in: In, list: [Int], j: JSON, b: Boolean, e: E): Int }
enum E { X Y }
`

// args returns the arguments of the query's only field.
func args(t *testing.T, query string, vars map[string]any) map[string]any {
	t.Helper()
	s := gqlparser.MustLoadSchema(&ast.Source{Input: argsSDL})
	q, err := gqlparser.LoadQueryWithRules(s, query, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := q.Operations[0].SelectionSet[0].(*ast.Field)
	return arguments(graphql.CollectedField{Field: f}, vars)
}

func TestArguments(t *testing.T) {
	n := func(s string) json.Number { return json.Number(s) }
	for _, c := range []struct {
		query string
		vars  map[string]any
		want  map[string]any
	}{
		{`{ f }`, nil, map[string]any{"i": n("3")}},
		{`{ f(i: null, s: null) }`, nil, map[string]any{"i": nil, "s": nil}},
		{`{ f(d: 1.00000000000000000000000001, j: [1.50, 12345678901234567890]) }`, nil,
			map[string]any{"i": n("3"), "d": n("1.00000000000000000000000001"), "j": []any{n("1.50"), n("12345678901234567890")}}},
		{`{ f(b: true, e: Y, s: """
			a
			 b
			""", in: {a: 1, b: [{s: "x"}]}) }`, nil,
			map[string]any{"i": n("3"), "b": true, "e": "Y", "s": "a\n b", "in": map[string]any{"a": n("1"), "b": []any{map[string]any{"s": "x"}}}}},
		{`query($s: String, $i: Int, $l: Int) { f(s: $s, i: $i, list: [1, $l], in: {s: $s, a: $i}) }`, map[string]any{"s": "x"},
			map[string]any{"s": "x", "i": n("3"), "list": []any{n("1"), nil}, "in": map[string]any{"s": "x"}}},
		{`query($s: String = "d", $i: Int = 7) { f(s: $s, in: {a: $i}) }`, nil, map[string]any{"i": n("3"), "s": "d", "in": map[string]any{"a": n("7")}}},
		{`query($i: Int) { f(i: $i) }`, map[string]any{"i": nil}, map[string]any{"i": nil}},
		{`query($in: In) { f(in: $in) }`, map[string]any{"in": map[string]any{"d": n("1.5")}}, map[string]any{"i": n("3"), "in": map[string]any{"d": n("1.5")}}},
	} {
		if d := cmp.Diff(c.want, args(t, c.query, c.vars)); d != "" {
			t.Errorf("%s with %v (-want +got):\n%s", c.query, c.vars, d)
		}
	}
}

func TestConvert(t *testing.T) {
	type text string
	if got, err := convert[[]text]([]any{"a", "b"}); err != nil || len(got) != 2 || got[1] != "b" {
		t.Error(got, err)
	}
	if got, err := convert[*int](7); err != nil || *got != 7 {
		t.Error(got, err)
	}
	if got, err := convert[[]*string]([]any{"a", nil}); err != nil || *got[0] != "a" || got[1] != nil {
		t.Error(got, err)
	}
	if got, err := convert[*string](nil); err != nil || got != nil {
		t.Error(got, err)
	}
	if _, err := convert[int]("7"); err == nil {
		t.Error("a text became a number")
	}
}

func TestFieldsBelow(t *testing.T) {
	q, err := gqlparser.LoadQueryWithRules(gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { q: Query a: Int }`}),
		`{ q { a b: a ... on Query { a q { a } } ...F } } fragment F on Query { a q { q { a } } }`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := fieldsBelow(q.Operations[0].SelectionSet); n != 1+2+3+4 {
		t.Errorf("%d fields", n)
	}
}
