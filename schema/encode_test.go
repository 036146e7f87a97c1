package schema_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func load(t testing.TB, sdl string) *schema.Model {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"model.graphql": {Data: []byte(sdl)}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const everything = `
type Thing @entity @crud {
  id: ID! n: Int f: Float s: String d: Decimal day: Date at: DateTime u: UUID j: JSON k: Kind owner: Thing @ref(inverse: "owned") part: Part
  tags: [String!] loose: [String] js: [JSON!] parts: [Part!]
}
type Part { name: String! size: Size kinds: [Kind!]! }
type Size { h: Int! maker: Thing @ref }
enum Kind { RED GREEN }
`

// TestWhatCantBeReadIsNotWritten encodes what rules can make and clients can't send.
func TestWhatCantBeReadIsNotWritten(t *testing.T) {
	m := load(t, everything)
	part := func(over schema.Record) schema.Record {
		r := schema.Record{"name": "n", "kinds": []any{"RED"}}
		for k, v := range over {
			r[k] = v
		}
		return r
	}
	for _, c := range []struct {
		field string
		value any
		want  string // "" if it is written
	}{
		{"n", 1 << 31, "32 bits"}, {"n", 1<<31 - 1, ""}, {"n", "1", "a string is no Int"},
		{"s", "a\x00b", "NUL"}, {"s", "\xff", "UTF-8"}, {"s", strings.Repeat("x", schema.MaxStringBytes+1), "longer"}, {"s", "", ""}, {"s", "line\nbreak", ""},
		{"day", scalar.Date("garbage"), "not a Date"}, {"day", scalar.Date("2026-02-29"), "not a Date"}, {"day", scalar.Date(""), "not a Date"}, {"day", scalar.Date("2024-02-29"), ""},
		{"u", scalar.UUID("garbage"), "not a UUID"}, {"u", scalar.UUID(""), "not a UUID"}, {"u", scalar.NewUUID(), ""},
		{"j", scalar.JSON("{"), "not a JSON"}, {"j", scalar.JSON(""), "not a JSON"}, {"j", scalar.JSON(`{"a":1,"a":2}`), "twice"}, {"j", scalar.JSON(`1,"k":2`), "not a JSON"},
		{"k", "PURPLE", `Kind has no value "PURPLE"`}, {"k", "RED", ""},
		{"owner", "", "no ID"}, {"owner", "a\x00", "no ID"}, {"owner", strings.Repeat("x", 201), "no ID"}, {"owner", "é", ""},
		{"tags", []any{"a", nil}, "[1]: can't be null"}, {"loose", []any{"a", nil}, ""}, {"tags", []any{"a", "\x00"}, "[1]: is no text"},
		{"js", []any{scalar.JSON("null")}, "[0]: can't be null"},
		{"part", schema.Record{}, "name: can't be null"}, {"part", part(schema.Record{"kinds": nil}), "kinds: can't be null"}, {"part", part(nil), ""},
		{"part", part(schema.Record{"size": schema.Record{}}), "size.h: can't be null"}, {"part", part(schema.Record{"kinds": []any{"RED", "NO"}}), "kinds[1]: Kind has no"},
		{"part", part(schema.Record{"size": schema.Record{"h": 1, "maker": ""}}), "size.maker: is no ID"},
		{"parts", []any{part(nil), part(schema.Record{"size": schema.Record{"h": 1 << 40}})}, "[1].size.h: 1099511627776 is no Int"},
	} {
		f := m.Entity("Thing").Field(c.field)
		raw, err := m.EncodeValue(f.Type, c.value)
		if c.want != "" {
			var at *schema.InputError
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &at) {
				t.Errorf("%s %#.40v: %s, %v; want %q", c.field, c.value, raw, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %#v: %v", c.field, c.value, err)
		} else if _, err := m.DecodeValue(f.Type, raw); err != nil {
			t.Errorf("%s %s can't be read: %v", c.field, raw, err)
		}
	}
	_, err := m.EncodeRecord(m.Entity("Thing").Fields, schema.Record{"part": schema.Record{"name": "n", "kinds": []any{"NO"}}})
	if err == nil || !strings.HasPrefix(err.Error(), "part.kinds[0]: ") {
		t.Error(err)
	}
}

func TestWhatARuleConvertedBecomesCanonical(t *testing.T) {
	m := load(t, everything)
	for in, want := range map[any]string{
		scalar.JSON(`{"b": 1, "a": "\u0041"}`):              `{"a":"A","b":1}`,
		scalar.UUID("0190B5F4-7A3E-7CC3-98A1-0D2F5E6B7C8D"): `"0190b5f4-7a3e-7cc3-98a1-0d2f5e6b7c8d"`,
	} {
		field := "j"
		if _, ok := in.(scalar.UUID); ok {
			field = "u"
		}
		if got, err := m.EncodeValue(m.Entity("Thing").Field(field).Type, in); err != nil || string(got) != want {
			t.Errorf("%v: %s, %v", in, got, err)
		}
	}
}

// TestWhatAnOlderModelAllowedIsWrittenAgain: consolidating and rebuilding must not stop at what was right when it happened.
func TestWhatAnOlderModelAllowedIsWrittenAgain(t *testing.T) {
	m := load(t, everything)
	part := m.Entity("Thing").Field("part").Type
	old := json.RawMessage(`{"kinds":["BLUE"]}`)
	v, err := m.DecodeValue(part, old)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := m.EncodeStored(part, v); err != nil || string(raw) != string(old) {
		t.Errorf("%s, %v", raw, err)
	}
	if _, err := m.EncodeValue(part, v); err == nil {
		t.Error("it was written anew")
	}
	if _, err := m.EncodeStored(part, schema.Record{"name": 3}); err == nil {
		t.Error("an int was written as a String")
	}
}

func BenchmarkEncodeOrder(b *testing.B) {
	m := store(b)
	fields := m.Entity("Order").Fields
	r := schema.Record{
		"id": "o1", "status": "CREATED", "customer": "c1", "total": decimal("79.09"), "placedAt": dateTime("2017-10-02T10:56:33Z"),
		"lines": []any{schema.Record{"product": "p1", "seller": "s1", "price": decimal("21.33"), "freight": decimal("15.1"), "quantity": 3}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.EncodeRecord(fields, r); err != nil {
			b.Fatal(err)
		}
	}
}
