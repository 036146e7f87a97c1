package storetest

import (
	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// scalarLists are the lists of scalars, and the pools that their elements are from.
var scalarLists = []struct {
	field, pool string
	nulls       bool
}{{"tags", "text", false}, {"marks", "text", true}, {"prices", "price", true}, {"ratios", "ratio", false}, {"moments", "at", false}}

// lineFields are the scalars of value objects, and the pools that they are from.
var lineFields = map[string]string{"title": "text", "price": "price", "at": "at", "flag": "flag"}

var lineNames = []string{"title", "price", "at", "flag"}

// folded are texts that differ in case only, some of them in ways of their own, and patterns.
var folded = append([]string{
	"AB", "aB", "k", "K", "\u212A", "s", "ſ", "STRASSE", "Straße", "σ", "ς", "Σ", "i", "İ", "ı", "ǆ", "ǅ", "a*", "*b", "?", "*", "a?b", `\*`, `a\*b`, "*a*b*", "**", "??",
}, texts...)

func drawOp(t *rapid.T) documents.Op {
	return documents.Op(rapid.IntRange(int(documents.Eq), int(documents.Ge)).Draw(t, "op"))
}

func drawText(t *rapid.T, field string) documents.Filter {
	f := documents.Text{
		Field: field, Op: documents.TextOp(rapid.IntRange(int(documents.Equals), int(documents.Matches)).Draw(t, "text op")),
		Value: rapid.SampledFrom(folded).Draw(t, "text"), IgnoreCase: rapid.Bool().Draw(t, "ignore case"),
	}
	f.IgnoreCase = f.IgnoreCase || f.Op == documents.Equals
	return f
}

func drawList(t *rapid.T, pool string, nulls bool) []any {
	out := []any{}
	for range rapid.IntRange(0, 3).Draw(t, "elements") {
		if nulls && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
			out = append(out, nil)
		} else {
			out = append(out, drawValue(t, pool))
		}
	}
	return out
}

func drawLine(t *rapid.T) schema.Record {
	r := schema.Record{"title": drawValue(t, "text")}
	for _, name := range lineNames[1:] {
		if rapid.Bool().Draw(t, name+" null") {
			r[name] = drawValue(t, lineFields[name])
		}
	}
	if rapid.Bool().Draw(t, "tags null") {
		r["tags"] = drawList(t, "text", true)
	}
	if rapid.Bool().Draw(t, "inner null") {
		r["inner"] = schema.Record{"ratio": drawValue(t, "ratio"), "big": drawValue(t, "big")}
	}
	return r
}

// drawLineFilter draws a filter on a value object.
func drawLineFilter(t *rapid.T, depth int) documents.Filter {
	kind := rapid.IntRange(0, 7).Draw(t, "line filter")
	if depth <= 0 && kind < 2 {
		kind += 2
	}
	name := rapid.SampledFrom(lineNames).Draw(t, "field")
	switch kind {
	case 0:
		return documents.And{drawLineFilter(t, depth-1), drawLineFilter(t, depth-1)}
	case 1:
		return documents.Or{documents.Not{F: drawLineFilter(t, depth-1)}, drawLineFilter(t, depth-1)}
	case 2:
		return documents.IsNull{Field: name}
	case 3:
		return drawText(t, "title")
	case 4:
		return documents.Inside{Field: "inner", F: drawInnerFilter(t)}
	case 5:
		return documents.Some{Field: "tags", F: drawElementFilter(t, "text"), Scalars: true}
	case 6:
		return documents.Size{Field: "tags", Op: drawOp(t), N: rapid.IntRange(0, 3).Draw(t, "n")}
	}
	return documents.Compare{Field: name, Op: drawOp(t), Value: drawValue(t, lineFields[name])}
}

func drawInnerFilter(t *rapid.T) documents.Filter {
	name := rapid.SampledFrom([]string{"ratio", "big"}).Draw(t, "field")
	return documents.Compare{Field: name, Op: drawOp(t), Value: drawValue(t, name)}
}

// drawElementFilter draws what can be asked of an element of a list of scalars.
func drawElementFilter(t *rapid.T, pool string) documents.Filter {
	var all documents.And
	negated, text := false, false // one Not of an order or a text may be, and one text
	for range rapid.IntRange(0, 3).Draw(t, "conditions") {
		var f documents.Filter
		order := false
		switch rapid.IntRange(0, 3).Draw(t, "condition") {
		case 0:
			f = documents.IsNull{}
		case 1:
			f = documents.In{Values: rapid.SliceOfN(rapid.SampledFrom(pools[pool]), 0, 4).Draw(t, "values")}
		case 2:
			if pool == "text" && !text {
				f, order = drawText(t, documents.Element), true
				break
			}
			fallthrough
		default:
			c := documents.Compare{Op: drawOp(t), Value: drawValue(t, pool)}
			f, order = c, c.Op != documents.Eq
		}
		if rapid.Bool().Draw(t, "not") && (!order || !negated) {
			f, negated = documents.Not{F: f}, negated || order
		} else if _, ok := f.(documents.Text); ok {
			text = true
		}
		all = append(all, f)
	}
	return all
}
