package position_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/position"
)

func drawPosition(t *rapid.T, label string) position.Position {
	var p position.Position
	for range rapid.IntRange(0, 5).Draw(t, label) {
		p = p.Join(position.At(rapid.IntRange(0, 20).Draw(t, "partition"), position.Place{
			Epoch: rapid.Uint64().Draw(t, "epoch"), Seq: rapid.Uint64().Draw(t, "seq"),
		}))
	}
	return p
}

func TestTextFormRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPosition(t, "p")
		got, err := position.Parse(p.String())
		if err != nil || got.String() != p.String() || !got.Includes(p) || !p.Includes(got) {
			t.Fatalf("%v became %v (%v)", p, got, err)
		}
	})
}

func TestJoinIsALeastUpperBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPosition(t, "a"), drawPosition(t, "b")
		j := a.Join(b)
		if !j.Includes(a) || !j.Includes(b) || j.String() != b.Join(a).String() || j.Join(a).String() != j.String() {
			t.Fatalf("join of %v and %v is %v", a, b, j)
		}
		for _, n := range j.Partitions() {
			got, _ := j.Place(n)
			inA, _ := a.Place(n)
			inB, _ := b.Place(n)
			if got != inA && got != inB {
				t.Fatalf("partition %d: %v comes from neither %v nor %v", n, got, inA, inB)
			}
		}
	})
}

func TestMeetIsAGreatestLowerBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPosition(t, "a"), drawPosition(t, "b")
		m := a.Meet(b)
		if !a.Includes(m) || !b.Includes(m) || m.String() != b.Meet(a).String() || a.Join(m).String() != a.String() || a.Meet(a.Join(b)).String() != a.String() {
			t.Fatalf("meet of %v and %v is %v", a, b, m)
		}
	})
}

func TestOfKeepsItsOwn(t *testing.T) {
	places := map[int]position.Place{3: {Epoch: 1, Seq: 2}}
	p := position.Of(places)
	places[3] = position.Place{}
	if want := position.At(3, position.Place{Epoch: 1, Seq: 2}); p.String() != want.String() || !position.Of(nil).IsZero() {
		t.Errorf("%v, %v", p, position.Of(nil))
	}
}

func TestParseRefusesGarbage(t *testing.T) {
	for _, s := range []string{"x", "AA", "AQ", "AQAA", "AQAAAQ==", "AQABAQABAQ", "<position>", "AQABgAA", "!!!!"} {
		if _, err := position.Parse(s); err == nil {
			t.Errorf("Parse(%q) succeeded", s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if p, err := position.Parse(s); err == nil && p.String() != s {
			t.Fatalf("%q parsed, but is not what String makes: %q", s, p.String())
		}
	})
}
