package aggregate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestGroups: what is computed from scratch is what remains of all changes, of entities that came, changed and went.
func TestGroups(t *testing.T) {
	v := view(t, "Sales")
	if needs := aggregate.Needs(v, 0); !slices.Equal(needs, []string{"at", "placed", "region", "status", "total"}) {
		t.Error(needs)
	}
	if needs := aggregate.Needs(view(t, "Sold"), 0); !slices.Equal(needs, []string{"lines"}) {
		t.Error(needs)
	}
	r := rand.New(rand.NewPCG(1, 2))
	times := []scalar.DateTime{at(t, "2026-01-31T23:59:59Z"), at(t, "2026-02-01T00:00:00Z"), at(t, "2026-02-03T00:00:00Z")}
	draw := func() schema.Record {
		fields := schema.Record{"status": []string{"OPEN", "PAID", "PAID"}[r.IntN(3)], "at": schema.Record{"town": []string{"x", "y"}[r.IntN(2)], "zip": r.IntN(3)}}
		if r.IntN(5) > 0 {
			fields["region"] = []string{"PE", "RJ"}[r.IntN(2)]
		}
		if r.IntN(3) > 0 {
			fields["placed"], fields["total"] = times[r.IntN(3)], scalar.NewDecimal(int64(r.IntN(9)))
		}
		return fields
	}
	entities, states := map[string]schema.Record{}, map[string]aggregate.State{}
	for range 300 {
		id, next := string(rune('a'+r.IntN(12))), draw()
		if r.IntN(4) == 0 {
			next = nil
		}
		for _, c := range aggregate.Diff(aggregate.Parts(v, 0, id, entities[id]), aggregate.Parts(v, 0, id, next)) {
			s, err := states[c.Group].With(v, []aggregate.Change{c})
			if err != nil {
				t.Fatal(err)
			}
			states[c.Group] = s
		}
		entities[id] = next
		same(t, v, entities, states)
	}
}

// same compares groups from scratch with states, but for what needs tallies: that is counted here.
func same(t *testing.T, v *schema.View, entities map[string]schema.Record, states map[string]aggregate.State) {
	t.Helper()
	groups := aggregate.NewGroups(v)
	tallied := map[string]map[string]any{}
	towns := map[string]map[string]bool{}
	of := map[string][]any{}
	for id, fields := range entities {
		if fields == nil {
			continue
		}
		if err := groups.Add(0, id, fields); err != nil {
			t.Fatal(err)
		}
		for _, p := range aggregate.Parts(v, 0, id, fields) {
			if of[p.Group] = p.Of; tallied[p.Group] == nil {
				tallied[p.Group], towns[p.Group] = map[string]any{}, map[string]bool{}
			}
			from := tallied[p.Group]
			if total := fields["total"]; total != nil && (from["largest"] == nil || scalar.Compare(total, from["largest"]) > 0) {
				from["largest"] = total
			}
			if placed := fields["placed"]; placed != nil && (from["first"] == nil || scalar.Compare(placed, from["first"]) < 0) {
				from["first"] = placed
			}
			towns[p.Group][fields["at"].(schema.Record)["town"].(string)] = true
			from["different"] = int64(len(towns[p.Group]))
		}
	}
	want := map[string]schema.Record{}
	for id, s := range states {
		if s.Members > 0 {
			want[id] = s.Fields(v, of[id], tallied[id])
		}
	}
	all := groups.All()
	got := map[string]schema.Record{}
	for _, g := range all {
		got[g.ID] = g.Fields
	}
	if got, want := fmt.Sprint(got), fmt.Sprint(want); got != want {
		t.Fatalf("%s\nnot\n%s", got, want)
	}
	if !slices.IsSortedFunc(all, func(a, b aggregate.Group) int { return scalar.Compare(a.ID, b.ID) }) {
		t.Error("not by id:", all)
	}
}

func TestTextsOfIDs(t *testing.T) {
	for _, values := range [][]any{{"a"}, {"~"}, {"a,b"}, {"%41+é\x00"}, {nil}, {"a,b", nil, "~"}, {nil, nil}, {"x", scalar.Date("2026-01-01")}} {
		texts := aggregate.Texts(aggregate.ID(values), len(values))
		for i, v := range values {
			got := any(nil)
			if texts[i] != nil {
				got = *texts[i]
			}
			if day, ok := v.(scalar.Date); ok {
				v = string(day)
			}
			if got != v {
				t.Errorf("%q of %v: %v", aggregate.ID(values), values, got)
			}
		}
	}
	for id, n := range map[string]int{"~#abc": 1, "~%FF": 1, "~%zz": 1, "all": 0, "~%FF,~": 2} {
		for _, text := range aggregate.Texts(id, n) {
			if text != nil {
				t.Errorf("%s: %s", id, *text)
			}
		}
	}
}

func TestEndsOfSpans(t *testing.T) {
	for _, c := range []struct {
		bucket schema.Bucket
		begin  any
		end    any
	}{
		{schema.Hour, at(t, "2026-01-31T23:00:00Z"), at(t, "2026-02-01T00:00:00Z")},
		{schema.Day, scalar.Date("2026-02-28"), scalar.Date("2026-03-01")},
		{schema.Week, scalar.Date("2025-12-29"), scalar.Date("2026-01-05")},
		{schema.Month, scalar.Date("2026-12-01"), scalar.Date("2027-01-01")},
		{schema.Quarter, scalar.Date("2026-10-01"), scalar.Date("2027-01-01")},
		{schema.Year, scalar.Date("2026-01-01"), scalar.Date("2027-01-01")},
		{schema.Year, scalar.Date("9999-01-01"), nil},
		{schema.Hour, at(t, "9999-12-31T23:00:00Z"), nil},
	} {
		if got := aggregate.End(c.bucket, c.begin); got != c.end {
			t.Errorf("%s that begins with %v ends with %v, not %v", c.bucket, c.begin, got, c.end)
		}
	}
}
