package storetest

import (
	"math"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Values come from small pools, so that documents and filters meet: the ends of every range, neighbours, and what some engine finds special.

var texts = []string{
	"", "a", "A", "ab", "abc", "b", "a%b", "a_b", "a.b", "a*b", `a\b`, `a"b`, "a'b", "$a", "$", "%", "_", ".", ".*", `\`, `\E`, "^a", "a$", "(a", "[a]",
	"a{1}", "a|b", "a+", "a?", "a b", " a", "a\nb", "a\tb", "a\x00b", "é", "e\u0301", "É", "ß", "日本", "😀", "\uFFFD", "\uE000", "\U0010FFFF",
	"10", "9", "null", "true", `{"$gt":""}`, "#a", "a#b", "//", "/*", "--", strings.Repeat("long ", 300),
}

var (
	ints   = []int{math.MinInt32, -2, -1, 0, 1, 2, 9, 10, math.MaxInt32}
	longs  = []scalar.Long{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64}
	floats = []float64{
		-math.MaxFloat64, -1.5, -0.1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 0.1, 0.2, 0.3, 0.1 + 0.2, 1, 1e300, math.MaxFloat64,
	}
	decimals = []scalar.Decimal{
		decimal("-1e30"), decimal("-9999999999999999999999999999999999"), decimal("-10"), decimal("-9"), decimal("-1.5"), decimal("-0.1"),
		decimal("-0.01"), decimal("0"), decimal("1e-30"), decimal("0.1"), decimal("0.10"), decimal("0.11"), decimal("1"), decimal("9"), decimal("10"), decimal("100.5"),
		decimal("9999999999999999999999999999999999"), decimal("1e34"), decimal("1e300"),
	}
	moments = []scalar.DateTime{
		moment(0), moment(1), moment(-1), moment(time.Microsecond), moment(time.Millisecond), moment(-time.Hour), moment(24 * time.Hour),
		scalar.NewDateTime(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), scalar.NewDateTime(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)),
		scalar.NewDateTime(time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC)),
	}
	days  = []scalar.Date{"0001-01-01", "1969-12-31", "2024-02-29", "2024-03-01", "9999-12-31"}
	uuids = []scalar.UUID{"00000000-0000-0000-0000-000000000000", "01900000-0000-7000-8000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}
)

func moment(after time.Duration) scalar.DateTime { return scalar.NewDateTime(day0.Add(after)) }

// pools are the values of each sortable field.
var pools = map[string][]any{
	"text": boxed(folded), "customerName": boxed(texts), "customer": boxed([]string{"c1", "c2", "c.3", "$c"}), "colour": boxed([]string{"RED", "GREEN", "BLUE"}),
	"count": boxed(ints), "big": boxed(longs), "ratio": boxed(floats), "price": boxed(decimals), "at": boxed(moments), "day": boxed(days),
	"key": boxed(uuids), "flag": {false, true}, "_createdAt": boxed(moments), "_version": {0, 1, 2}, "_id": {"", "a", "a0", "a1", "é34", "😀"},
}

// sortable are the fields of pools in a fixed order.
var sortable = []string{
	"text", "customerName", "customer", "colour", "count", "big", "ratio", "price", "at", "day", "key", "flag", "_createdAt", "_version", "_id",
}

func boxed[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// drawRecord draws a document's fields; each is null now and then.
func drawRecord(t *rapid.T) schema.Record {
	r := schema.Record{}
	for _, f := range sortable {
		if f[0] != '_' && rapid.IntRange(0, 3).Draw(t, f+" null") > 0 {
			r[f] = drawValue(t, f)
		}
	}
	for _, l := range scalarLists {
		if rapid.Bool().Draw(t, l.field+" null") {
			r[l.field] = drawList(t, l.pool, l.nulls)
		}
	}
	if rapid.Bool().Draw(t, "lines null") {
		lines := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			if rapid.IntRange(0, 5).Draw(t, "null line") == 0 {
				lines = append(lines, nil)
			} else {
				lines = append(lines, drawLine(t))
			}
		}
		r["lines"] = lines
	}
	if rapid.Bool().Draw(t, "data null") {
		r["data"] = scalar.JSON(`{"a":1}`)
	}
	if rapid.Bool().Draw(t, "box null") {
		r["box"] = drawLine(t)
	}
	return r
}

func drawValue(t *rapid.T, field string) any { return rapid.SampledFrom(pools[field]).Draw(t, field) }

// drawFilter draws a filter of at most so many levels above its comparisons.
func drawFilter(t *rapid.T, depth int) documents.Filter {
	kind := rapid.IntRange(0, 13).Draw(t, "filter")
	if depth == 0 && kind < 4 {
		kind += 4
	}
	switch kind {
	case 0:
		return documents.And(drawFilters(t, depth-1))
	case 1:
		return documents.Or(drawFilters(t, depth-1))
	case 2, 3:
		return documents.Not{F: drawFilter(t, depth-1)}
	case 4:
		return documents.IsNull{Field: rapid.SampledFrom(append([]string{"tags", "marks", "prices", "data", "box", "lines"}, sortable...)).Draw(t, "field")}
	case 5:
		field := rapid.SampledFrom(sortable).Draw(t, "field")
		return documents.In{Field: field, Values: rapid.SliceOfN(rapid.SampledFrom(pools[field]), 0, 4).Draw(t, "values")}
	case 6, 7:
		return drawText(t, drawTextField(t))
	case 8:
		return documents.Inside{Field: "box", F: drawLineFilter(t, depth)}
	case 9:
		return documents.Some{Field: "lines", F: drawLineFilter(t, depth)}
	case 10:
		l := rapid.SampledFrom(scalarLists).Draw(t, "list")
		return documents.Some{Field: l.field, F: drawElementFilter(t, l.pool), Scalars: true}
	case 11:
		return documents.Size{Field: rapid.SampledFrom([]string{"tags", "marks", "prices", "lines"}).Draw(t, "list"), Op: drawOp(t), N: rapid.IntRange(-1, 4).Draw(t, "n")}
	}
	field := rapid.SampledFrom(sortable).Draw(t, "field")
	return documents.Compare{Field: field, Op: drawOp(t), Value: drawValue(t, field)}
}

func drawFilters(t *rapid.T, depth int) []documents.Filter {
	n := rapid.IntRange(0, 3).Draw(t, "parts")
	out := make([]documents.Filter, n)
	for i := range out {
		out[i] = drawFilter(t, depth)
	}
	return out
}

func drawTextField(t *rapid.T) string {
	return rapid.SampledFrom([]string{"text", "customerName", "customer", "colour", "_id"}).Draw(t, "field")
}
