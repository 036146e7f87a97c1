package aggregate_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

const model = `
type Order @entity { id: ID! status: OrderStatus! @state region: String placed: DateTime at: Place total: Decimal lines: [Line!] }
type Place { town: String! zip: Int }
type Line { product: String quantity: Int }
enum OrderStatus { OPEN PAID }
extend type Mutation {
  openOrder(region: String, placed: DateTime, at: PlaceInput, total: Decimal, lines: [LineInput!]): Order! @transition(to: OPEN, emits: "OrderOpened")
  payOrder(id: ID!): Order! @transition(from: [OPEN], to: PAID, emits: "OrderPaid")
}
type Sales @view(of: "Order", in: [PAID], plural: "allSales") {
  region: String! @group
  month: Date @group(by: "placed", bucket: MONTH)
  orders: Int! @count
  towns: Long! @count(of: "at.town")
  zips: Long! @sum(of: "at.zip")
  revenue: Decimal! @sum(of: "total")
  mean: Decimal @avg(of: "total")
  largest: Decimal @max(of: "total")
  first: DateTime @min(of: "placed")
  different: Int! @countDistinct(of: "at.town")
}
type Sold @view(of: "Order", each: "lines", plural: "soldOnes") { product: String! @group(by: "lines[].product") order: Order! @ref @group(by: "id") quantity: Long! @sum(of: "lines[].quantity") lines: Long! @count }
`

func view(t *testing.T, name string) *schema.View {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(model)}})
	if err != nil {
		t.Fatal(err)
	}
	return m.View(name).View
}

func at(t *testing.T, s string) scalar.DateTime {
	t.Helper()
	d, err := scalar.ParseDateTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func dec(t *testing.T, s string) scalar.Decimal {
	t.Helper()
	d, err := scalar.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPartsOfEntities(t *testing.T) {
	v := view(t, "Sales")
	placed := at(t, "2026-03-31T23:59:59.5Z")
	paid := schema.Record{"status": "PAID", "region": "PE", "placed": placed, "at": schema.Record{"town": "Recife"}, "total": dec(t, "1.50")}
	parts := aggregate.Parts(v, 0, "o1", paid)
	if len(parts) != 1 || parts[0].Group != "PE,2026-03-01" || !reflect.DeepEqual(parts[0].Of, []any{"PE", scalar.Date("2026-03-01")}) ||
		!reflect.DeepEqual(parts[0].Values, []any{true, "Recife", nil, dec(t, "1.50"), dec(t, "1.50"), dec(t, "1.50"), placed, "Recife"}) {
		t.Error(parts)
	}
	for why, r := range map[string]schema.Record{"is not paid": {"status": "OPEN", "region": "PE"}, "has no region": {"status": "PAID"}, "is deleted": nil} {
		if parts := aggregate.Parts(v, 0, "o1", r); len(parts) > 0 {
			t.Errorf("an order that %s counts: %v", why, parts)
		}
	}
	if parts := aggregate.Parts(v, 0, "o1", schema.Record{"status": "PAID", "region": "PE"}); len(parts) != 1 || parts[0].Group != "PE,~" || parts[0].Values[1] != nil {
		t.Error("a null that may be grouped by, and objects that are null:", parts)
	}
}

func TestPartsOfElements(t *testing.T) {
	v := view(t, "Sold")
	order := schema.Record{"status": "OPEN", "lines": []any{
		schema.Record{"product": "p1", "quantity": 2}, nil, schema.Record{"quantity": 5}, schema.Record{"product": "p2"}, schema.Record{"product": "p1", "quantity": 2},
	}}
	parts := aggregate.Parts(v, 0, "o/1", order)
	if len(parts) != 3 || parts[0].Group != "p1,o%2F1" || parts[1].Group != "p2,o%2F1" || parts[1].Values[0] != nil || parts[2].Values[0] != 2 {
		t.Fatal(parts)
	}
	if parts := aggregate.Parts(v, 0, "o1", schema.Record{"status": "OPEN"}); len(parts) > 0 {
		t.Error(parts)
	}
	other := slices.Clone(parts)
	slices.Reverse(other)
	if changes := aggregate.Diff(parts, other); len(changes) > 0 {
		t.Error("another order is a change:", changes)
	}
	changes := aggregate.Diff(parts, parts[1:]) // one of two equal ones goes
	if len(changes) != 1 || !changes[0].Goes || changes[0].Group != "p1,o%2F1" {
		t.Error(changes)
	}
	changes = aggregate.Diff(parts[:1], parts[1:2])
	if len(changes) != 2 || !changes[0].Goes || changes[1].Goes || changes[1].Group != "p2,o%2F1" {
		t.Error(changes)
	}
}

func TestStates(t *testing.T) {
	v := view(t, "Sales")
	part := func(total any, zip any) []aggregate.Part {
		r := schema.Record{"status": "PAID", "region": "PE", "at": schema.Record{"town": "Recife"}}
		if total != nil {
			r["total"] = total
		}
		if zip != nil {
			r["at"].(schema.Record)["zip"] = zip
		}
		return aggregate.Parts(v, 0, "o", r)
	}
	text := []byte(nil)
	step := func(before, after []aggregate.Part) schema.Record {
		t.Helper()
		s, err := aggregate.ReadState(text)
		if err != nil {
			t.Fatal(err)
		}
		if s, err = s.With(v, aggregate.Diff(before, after)); err != nil {
			t.Fatal(err)
		}
		if text, err = s.Text(); err != nil {
			t.Fatal(err)
		}
		return s.Fields(v, []any{"PE", nil}, map[string]any{"largest": dec(t, "7"), "different": int64(2)})
	}
	zero := schema.Record{
		"region": "PE", "orders": 0, "towns": scalar.Long(0), "zips": scalar.Long(0), "revenue": scalar.Decimal{}, "largest": dec(t, "7"), "different": 2,
	}
	same := func(got schema.Record, orders int, towns, zips scalar.Long, revenue, mean string) {
		t.Helper()
		want := schema.Record{"region": "PE", "orders": orders, "towns": towns, "zips": zips, "revenue": dec(t, revenue), "largest": dec(t, "7"), "different": 2}
		if mean != "" {
			want["mean"] = dec(t, mean)
		}
		for name := range want {
			if d, ok := got[name].(scalar.Decimal); ok && d.Cmp(want[name].(scalar.Decimal)) == 0 {
				delete(got, name)
				delete(want, name)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("it is %v, not %v", got, want)
		}
	}
	a, b, c := part(dec(t, "0.1"), 7), part(dec(t, "0.2"), nil), part(nil, -9)
	same(step(nil, a), 1, 1, 7, "0.1", "0.1")
	same(step(nil, b), 2, 2, 7, "0.3", "0.15")
	same(step(nil, c), 3, 3, -2, "0.3", "0.15")
	same(step(a, nil), 2, 2, -9, "0.2", "0.2")
	same(step(b, part(dec(t, "99999999999999999999999999999999.99"), nil)), 2, 2, -9, "99999999999999999999999999999999.99", "99999999999999999999999999999999.99")
	same(step(part(dec(t, "99999999999999999999999999999999.99"), nil), nil), 1, 1, -9, "0", "")
	if got := step(c, nil); !reflect.DeepEqual(got, zero) {
		t.Error(got)
	}
	s, _ := aggregate.ReadState(text)
	if _, err := s.With(v, aggregate.Diff(a, nil)); err == nil || !strings.Contains(err.Error(), "more went from the group than came") {
		t.Error("what is not there went:", err)
	}
	if _, err := aggregate.ReadState([]byte("[]")); err == nil {
		t.Error("a state of another kind was read")
	}
}

// TestResultsBeyondTheirTypes are shown as near as the type allows; the state is exact all the same.
func TestResultsBeyondTheirTypes(t *testing.T) {
	v := view(t, "Sales")
	part := func(total string, zip int) []aggregate.Part {
		return aggregate.Parts(v, 0, "o", schema.Record{"status": "PAID", "region": "PE", "total": dec(t, total), "at": schema.Record{"town": "x", "zip": zip}})
	}
	full := aggregate.State{Sums: map[string]aggregate.SumOfOne{"orders": {Count: math.MaxInt32}, "zips": {Sum: scalar.NewDecimal(math.MaxInt64)}}}
	var hostile []aggregate.Change
	for _, total := range []string{"9e6144", "9e6144", "1e-6176"} {
		hostile = append(hostile, aggregate.Diff(nil, part(total, 1))...)
	}
	s, err := full.With(v, hostile)
	if err != nil {
		t.Fatal(err)
	}
	fields := s.Fields(v, []any{"PE", nil}, map[string]any{"different": int64(math.MaxInt32 + 1)})
	for name, want := range map[string]any{
		"orders": math.MaxInt32, "different": math.MaxInt32, "zips": scalar.Long(math.MaxInt64), "revenue": dec(t, "9999999999999999999999999999999999e6111"),
	} {
		got := fields[name]
		if d, ok := got.(scalar.Decimal); ok && d.Cmp(want.(scalar.Decimal)) == 0 {
			continue
		}
		if got != want {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = aggregate.ReadState(text); err != nil {
		t.Fatal(err)
	}
	var gone []aggregate.Change
	for range 2 {
		gone = append(gone, aggregate.Diff(part("9e6144", 1), nil)...)
	}
	if s, err = s.With(v, gone); err != nil {
		t.Fatal(err)
	}
	if left := s.Fields(v, []any{"PE", nil}, nil)["revenue"].(scalar.Decimal); left.Cmp(dec(t, "1e-6176")) != 0 {
		t.Errorf("what is left of the sum is %s", left)
	}
}

func TestBuckets(t *testing.T) {
	for _, c := range []struct {
		bucket schema.Bucket
		of     any
		want   any
	}{
		{schema.Hour, at(t, "2026-03-31T23:59:59.999999999Z"), at(t, "2026-03-31T23:00:00Z")},
		{schema.Hour, at(t, "2026-03-31T23:59:59+05:30"), at(t, "2026-03-31T18:00:00Z")},
		{schema.Day, at(t, "2026-03-31T23:59:59-01:00"), scalar.Date("2026-04-01")},
		{schema.Week, at(t, "2026-03-01T00:00:00Z"), scalar.Date("2026-02-23")}, // a Sunday
		{schema.Week, scalar.Date("2026-02-23"), scalar.Date("2026-02-23")},
		{schema.Week, scalar.Date("0001-01-03"), scalar.Date("0001-01-01")},
		{schema.Month, scalar.Date("2024-02-29"), scalar.Date("2024-02-01")},
		{schema.Quarter, scalar.Date("2024-12-31"), scalar.Date("2024-10-01")},
		{schema.Quarter, at(t, "2024-01-01T00:00:00Z"), scalar.Date("2024-01-01")},
		{schema.Quarter, at(t, "2024-06-30T23:59:59Z"), scalar.Date("2024-04-01")},
		{schema.Year, at(t, "9999-12-31T23:59:59Z"), scalar.Date("9999-01-01")},
		{"", scalar.Date("2024-12-31"), scalar.Date("2024-12-31")}, {"", "x", "x"},
	} {
		if got := aggregate.Bucket(c.bucket, c.of); got != c.want {
			t.Errorf("%s of %v is %v, not %v", c.bucket, c.of, got, c.want)
		}
	}
	for d := time.Date(2023, 12, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2026; d = d.AddDate(0, 0, 1) {
		week := aggregate.Bucket(schema.Week, scalar.Date(d.Format(time.DateOnly))).(scalar.Date)
		first, err := time.Parse(time.DateOnly, string(week))
		if err != nil || first.Weekday() != time.Monday || first.After(d) || d.Sub(first) >= 7*24*time.Hour {
			t.Error(d, week)
		}
	}
}
