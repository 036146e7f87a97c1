package aggregate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestIDs(t *testing.T) {
	for _, c := range []struct {
		of   []any
		want string
	}{
		{nil, schema.AllGroup}, {[]any{"c1"}, "c1"}, {[]any{"São Paulo/1"}, "São Paulo/1"}, {[]any{nil}, "~~"}, {[]any{""}, "~"}, {[]any{"~x"}, "~%7Ex"}, {[]any{"a\nb"}, "~a%0Ab"},
		{[]any{7}, "7"}, {[]any{scalar.Long(-7)}, "-7"}, {[]any{true}, "true"}, {[]any{dec(t, "1.50")}, "1.5"}, {[]any{dec(t, "1e2")}, "100"},
		{[]any{at(t, "2026-01-31T10:00:00+01:00")}, "2026-01-31T09:00:00Z"}, {[]any{scalar.Date("2026-01-31"), "a b,c~#"}, "2026-01-31,a%20b%2Cc%7E%23"},
		{[]any{"", nil}, ",~"}, {[]any{nil, ""}, "~,"}, {[]any{scalar.UUID("0190b5f4-7a3e-7cc3-98a1-0d2f5e6b7c8d")}, "0190b5f4-7a3e-7cc3-98a1-0d2f5e6b7c8d"},
	} {
		if got := aggregate.ID(c.of); got != c.want {
			t.Errorf("%v is %q, not %q", c.of, got, c.want)
		}
	}
	long := strings.Repeat("x", schema.MaxIDBytes)
	for _, of := range [][]any{{long + "y"}, {long, "y"}, {strings.Repeat("\n", schema.MaxIDBytes)}} {
		if id := aggregate.ID(of); len(id) > schema.MaxIDBytes || !strings.HasPrefix(id, "~#") {
			t.Error(id)
		}
	}
	if aggregate.ID([]any{long}) != long {
		t.Error("what is just not too long was changed")
	}
}

// TestIDsAreInjective: texts made of what ids are made of never meet.
func TestIDsAreInjective(t *testing.T) {
	pieces := []string{"", "~", "~~", "~#", "#", ",", "%", "%7E", "a", "é", "\x00", " ", strings.Repeat("z", 100)}
	value := func() any {
		if rand.IntN(5) == 0 {
			return nil
		}
		text := ""
		for range rand.IntN(4) {
			text += pieces[rand.IntN(len(pieces))]
		}
		return text
	}
	for _, n := range []int{1, 2, 3} {
		of := map[string][]any{}
		for range 20_000 {
			values := make([]any, n)
			for i := range values {
				values[i] = value()
			}
			id := aggregate.ID(values)
			if other, ok := of[id]; ok && !slices.Equal(other, values) {
				t.Fatalf("%q is the id of %q and of %q", id, values, other)
			}
			if of[id] = values; id == "" || len(id) > schema.MaxIDBytes || strings.ContainsRune(id, 0) {
				t.Fatalf("%q is no id", id)
			}
		}
	}
}

// TestSortableTexts: the order of texts is that of values, and values are read back.
func TestSortableTexts(t *testing.T) {
	kinds := map[schema.Kind][]any{
		schema.KindInt:      {math.MinInt32, -10, -9, -1, 0, 1, 9, 10, math.MaxInt32},
		schema.KindLong:     {scalar.Long(math.MinInt64), scalar.Long(-10), scalar.Long(-9), scalar.Long(0), scalar.Long(10), scalar.Long(1 << 53), scalar.Long(1<<53 + 1), scalar.Long(math.MaxInt64)},
		schema.KindFloat:    {-math.MaxFloat64, -1.5, -math.SmallestNonzeroFloat64, 0.0, math.SmallestNonzeroFloat64, 1.0, 1.5, math.MaxFloat64},
		schema.KindDecimal:  {dec(t, "-1e100"), dec(t, "-10"), dec(t, "-9.5"), dec(t, "-0.001"), dec(t, "0"), dec(t, "0.001"), dec(t, "9.5"), dec(t, "10"), dec(t, "1e100")},
		schema.KindDateTime: {at(t, "0001-01-01T00:00:00Z"), at(t, "2026-01-01T00:00:00Z"), at(t, "2026-01-01T00:00:00.000000001Z"), at(t, "2026-01-01T00:00:00.1Z"), at(t, "9999-12-31T23:59:59Z")},
		schema.KindDate:     {scalar.Date("0001-01-01"), scalar.Date("2025-12-31"), scalar.Date("2026-01-01")},
	}
	for kind, values := range kinds {
		for i, v := range values {
			text := aggregate.Sortable(v)
			back, err := aggregate.FromSortable(kind, text)
			if err != nil || scalar.Compare(back, v) != 0 {
				t.Errorf("%v is read as %v, %v", v, back, err)
			}
			if i > 0 && aggregate.Sortable(values[i-1]) >= text {
				t.Errorf("%v sorts behind %v", values[i-1], v)
			}
		}
		if _, err := aggregate.FromSortable(kind, "rubbish"); err == nil {
			t.Error("rubbish was read as", kind)
		}
	}
	if _, err := aggregate.FromSortable(schema.KindString, "=x"); err == nil {
		t.Error("a String was read")
	}
	if aggregate.Sortable(math.Copysign(0, -1)) != aggregate.Sortable(0.0) || aggregate.Sortable(dec(t, "1.50")) != aggregate.Sortable(dec(t, "1.5")) {
		t.Error("equal values have different texts")
	}
}

func TestTexts(t *testing.T) {
	long := strings.Repeat("x", 201)
	seen := map[string]any{}
	for _, v := range []any{"", "=", "#", "x", long, long + "x", true, scalar.Date("2026-01-01")} {
		text := aggregate.Sortable(v)
		if other, ok := seen[text]; ok || len(text) > 201 {
			t.Error(v, other, text)
		}
		seen[text] = v
	}
	ids := map[string]bool{}
	for _, of := range [][3]string{{"a", "b", "c"}, {"ab", "", "c"}, {"a", "", "bc"}, {"", "1:a", ""}, {"1:a", "", ""}} {
		id := aggregate.TallyID(of[0], of[1], of[2])
		if ids[id] || len(id) != 43 {
			t.Error(of, id)
		}
		ids[id] = true
	}
}
