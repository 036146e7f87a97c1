package scalar_test

import (
	"cmp"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/scalar"
)

func decimals() *rapid.Generator[scalar.Decimal] {
	return rapid.Custom(func(t *rapid.T) scalar.Decimal {
		n := rapid.StringMatching(`-?[0-9]{1,34}`).Draw(t, "digits")
		e := rapid.OneOf(rapid.IntRange(-5, 5), rapid.IntRange(-6176, 6000)).Draw(t, "exponent")
		d, err := scalar.ParseDecimal(n + "e" + big.NewInt(int64(e)).String())
		if err != nil {
			t.Skip("out of limits")
		}
		return d
	})
}

func TestSortableTextOrdersAsDecimalsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := decimals().Draw(t, "a"), decimals().Draw(t, "b")
		if got, want := cmp.Compare(a.Sortable(), b.Sortable()), a.Cmp(b); got != want {
			t.Fatalf("%s and %s compare %d as text %q %q, %d as numbers", a, b, got, a.Sortable(), b.Sortable(), want)
		}
		back, err := scalar.DecimalFromSortable(a.Sortable())
		if err != nil || back.Cmp(a) != 0 {
			t.Fatalf("%s came back as %s, %v", a, back, err)
		}
	})
}

func TestDecimalText(t *testing.T) {
	for in, want := range map[string]string{
		"15.10": "15.1", "0": "0", "-0.00": "0", "1e3": "1000", "-3.25": "-3.25", "+7": "7", ".5": "0.5", "100": "100",
	} {
		d, err := scalar.ParseDecimal(in)
		if err != nil || d.String() != want {
			t.Errorf("%q: %s, %v; want %s", in, d, err, want)
		}
		var back scalar.Decimal
		raw, _ := json.Marshal(d)
		if err := json.Unmarshal(raw, &back); err != nil || back.Cmp(d) != 0 {
			t.Errorf("%s came back as %s, %v", raw, back, err)
		}
	}
	for _, in := range []string{"", ".", "-", "1.2.3", "abc", "1e", "1e99999999", "0x1", "1_0", "NaN", "Inf", " 1", strings.Repeat("9", 35), "1e7000"} {
		if d, err := scalar.ParseDecimal(in); err == nil {
			t.Errorf("%q was read as %s", in, d)
		}
	}
}

func TestDecimalFromGraphQL(t *testing.T) {
	for _, v := range []any{"21.33", 21.33, json.Number("21.33")} {
		var d scalar.Decimal
		if err := d.UnmarshalGQL(v); err != nil || d.String() != "21.33" {
			t.Errorf("%T: %s, %v", v, d, err)
		}
	}
	var d scalar.Decimal
	if err := d.UnmarshalGQL(true); err == nil {
		t.Error("a bool was read as a Decimal")
	}
}

func TestDateTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) scalar.DateTime {
			return scalar.NewDateTime(time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, name), rapid.Int64Range(0, 999_999_999).Draw(t, name+"ns")))
		}
		a, b := draw("a"), draw("b")
		if cmp.Compare(a.Sortable(), b.Sortable()) != a.Compare(b) || (a == b) != (a.Compare(b) == 0) || len(a.Sortable()) != 30 {
			t.Fatalf("%s and %s disagree", a, b)
		}
		for _, text := range []string{a.String(), a.Sortable()} {
			if back, err := scalar.ParseDateTime(text); err != nil || back != a {
				t.Fatalf("%s came back as %s, %v", text, back, err)
			}
		}
	})
	got, err := scalar.ParseDateTime("2026-01-31T09:30:00.123456789+02:00")
	if err != nil || got.String() != "2026-01-31T07:30:00.123456789Z" {
		t.Fatalf("%s, %v", got, err)
	}
	for _, in := range []string{"", "2026-01-31", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "2026-01-31T09:30:00.1234567891Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
		"2026-01-31T9:30:00Z", "2026-01-31T09:30:00,5Z", "2026-01-31T09:30:00,1234567891Z", "2026-1-31T09:30:00,123456789123Z", "2026-01-31T09:30:00+24:00", "2026-01-31T09:30:00+02:60"} {
		if v, err := scalar.ParseDateTime(in); err == nil {
			t.Errorf("%q was read as %s", in, v)
		}
	}
}

func TestJSON(t *testing.T) {
	got, err := scalar.ParseJSON([]byte(` {"b": [1.50, true, null, "<&>"], "a": {}} `))
	if err != nil || got != `{"a":{},"b":[1.50,true,null,"<&>"]}` {
		t.Fatalf("%s, %v", got, err)
	}
	for _, in := range []string{"", "{", `{"a":1,"a":2}`, "1 2", "\"\xff\"", nested(65), "nul"} {
		if v, err := scalar.ParseJSON([]byte(in)); err == nil {
			t.Errorf("%q was read as %s", in, v)
		}
	}
}

func nested(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func TestJSONIsAsDeepAsTheDocumentationSays(t *testing.T) {
	for _, in := range []string{nested(64), strings.Repeat("[", 64) + "1" + strings.Repeat("]", 64)} {
		if _, err := scalar.ParseJSON([]byte(in)); err != nil {
			t.Error(err)
		}
	}
	if _, err := scalar.ParseJSON([]byte(strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65))); err == nil {
		t.Error("65 levels were read")
	}
}

// TestCanonicalIsWhatParseJSONSays compares the quick look with parsing, on texts that are almost right.
func TestCanonicalIsWhatParseJSONSays(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"{", "}", "[", "]", ",", ":", " ", `"a"`, `"b"`, `"a":`, `"b":`, `"\u2028"`, "\"\u2028\"", `"é"`, `"\n"`, "\xff",
		"null", "true", "false", "0", "-1.5e+3", "01", "1.", "-", ".5", "1e", "{}", "[]", `{"a":1,"b":[2]}`, `{"b":1,"a":2}`, `{"a":1,"a":2}`, nested(64), nested(65),
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "")
		want, wantErr := scalar.ParseJSON([]byte(text))
		got, err := scalar.JSON(text).Canonical()
		if got != want || (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %q, %v; parsed %q, %v", text, got, err, want, wantErr)
		}
	})
}

func TestValidIsWhatParsingSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.StringMatching(`[0-2]?[0-9]{3}-[0-2][0-9]-[0-3][0-9x]`).Draw(t, "day")
		if _, err := scalar.ParseDate(day); (err == nil) != scalar.Date(day).Valid() {
			t.Fatalf("%q: %v", day, err)
		}
	})
	if u := scalar.NewUUID(); !u.Valid() || scalar.UUID(strings.ToUpper(string(u))).Valid() || scalar.UUID("").Valid() || scalar.UUID(strings.Repeat("0", 36)).Valid() {
		t.Error(u)
	}
}

func TestTextScalars(t *testing.T) {
	if _, err := scalar.ParseDate("2026-02-29"); err == nil {
		t.Error("a day that does not exist was read")
	}
	if u, err := scalar.ParseUUID("0190B5F4-7A3E-7CC3-98A1-0D2F5E6B7C8D"); err != nil || u != "0190b5f4-7a3e-7cc3-98a1-0d2f5e6b7c8d" {
		t.Errorf("%s, %v", u, err)
	}
	if _, err := scalar.ParseUUID("{0190b5f4-7a3e-7cc3-98a1-0d2f5e6b7c8d}"); err == nil {
		t.Error("braces were read")
	}
	var l scalar.Long
	if err := l.UnmarshalGQL("9223372036854775807"); err != nil || l != 1<<63-1 {
		t.Errorf("%d, %v", l, err)
	}
	if err := l.UnmarshalGQL(1.5); err == nil {
		t.Error("1.5 was read as a Long")
	}
	if a, b := scalar.NewUUID(), scalar.NewUUID(); a >= b {
		t.Errorf("%s does not sort before %s", a, b)
	}
}
