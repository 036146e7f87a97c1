package logtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/eventlog"
)

func testDuplicate(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	c := s.refIn(s.with(o, 1), 1)
	a := s.step(o, 0, nil)
	other := s.step(c, 0, nil)
	a.Conditions = append(a.Conditions, other.Conditions...)
	a.Events = append(a.Events, other.Events...)
	a.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: o}}
	if r := s.load(t, eventlog.Load{Primary: o, CommandID: a.CommandID}).Receipt; r != nil {
		t.Fatalf("a receipt before the append: %+v", r)
	}
	first := s.append(t, a)
	s.append(t, s.step(o, 1, nil)) // the entity moves on: the receipt comes before the condition all the same
	again := s.append(t, a)
	loaded := s.load(t, eventlog.Load{Primary: o, CommandID: a.CommandID}).Receipt
	elsewhere := s.load(t, eventlog.Load{Primary: s.refIn(s.with(o, 2), 2), CommandID: a.CommandID}).Receipt
	for name, r := range map[string]*eventlog.Receipt{"append": again, "load": loaded, "load of another entity": elsewhere} {
		if r == nil || !r.Duplicate {
			t.Fatalf("%s: %+v is no duplicate", name, r)
		}
		want := *first
		want.Duplicate = true
		if diff := cmp.Diff(&want, r); diff != "" {
			t.Errorf("%s: the receipt differs from the first:\n%s", name, diff)
		}
	}
	if n := len(s.all(t, 0)) + len(s.all(t, 1)); n != 3 {
		t.Fatalf("%d events, not 3", n)
	}
}

func testReused(t *testing.T, s *suite) {
	o := ref("o1")
	a := s.step(o, 0, nil)
	s.append(t, a)
	for _, r := range []eventlog.Ref{o, s.refIn(s.with(o, 2), 0), s.refIn(s.with(o, 3), 0)} {
		b := Step(r, 0, a.CommandID, nil)
		b.InputHash = "another"
		if _, err := s.log.Append(s.ctx, b); !errors.Is(err, eventlog.ErrCommandIDReused) {
			t.Errorf("%s: %v, want ErrCommandIDReused", r, err)
		}
	}
	if h := s.head(t, o); h.Version != 1 {
		t.Fatalf("head %+v", h)
	}
	if !s.features.Apart {
		return
	}
	other := s.refIn((s.log.PartitionOf(o)+1)%Partitions, 0) // where one append can't span partitions, an id is told from the same id within one
	if r := s.load(t, eventlog.Load{Primary: other, CommandID: a.CommandID}).Receipt; r != nil {
		t.Fatalf("a receipt in another partition: %+v", r)
	}
	if r := s.append(t, Step(other, 0, a.CommandID, nil)); r.Duplicate || r.Events[0].Ref != other {
		t.Fatalf("the same id in another partition: %+v", r)
	}
}

const callers = 32

// race runs do on 32 goroutines at once and returns what each returned.
func race[T any](do func(i int) T) []T {
	out := make([]T, callers)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range out {
		done.Go(func() {
			start.Wait()
			out[i] = do(i)
		})
	}
	start.Done()
	done.Wait()
	return out
}

type result struct {
	receipt *eventlog.Receipt
	err     error
}

func testOneCommandManyCallers(t *testing.T, s *suite) {
	o := ref("o1")
	a := s.step(o, 0, nil)
	written := 0
	for _, r := range race(func(int) result {
		rec, err := s.log.Append(s.ctx, a)
		return result{rec, err}
	}) {
		if r.err != nil {
			t.Fatal(r.err)
		}
		if !r.receipt.Duplicate {
			written++
		}
		if r.receipt.Events[0].Version != 1 || r.receipt.Events[0].Seq != 1 {
			t.Fatalf("receipt %+v", r.receipt.Events)
		}
	}
	if n := len(s.all(t, s.log.PartitionOf(o))); n != 1 || written != 1 {
		t.Fatalf("%d events, %d receipts that are no duplicates", n, written)
	}
}

func testOneVersionManyCallers(t *testing.T, s *suite) {
	o := ref("o1")
	s.append(t, s.step(o, 0, nil))
	won := 0
	for _, err := range race(func(i int) error {
		_, err := s.log.Append(s.ctx, Step(o, 1, fmt.Sprintf("racer-%d", i), nil))
		return err
	}) {
		var conflict *eventlog.ConflictError
		switch {
		case err == nil:
			won++
		case !errors.As(err, &conflict) || conflict.Expected != 1 || conflict.Actual != 2:
			t.Fatalf("a loser got %v", err)
		}
	}
	if h := s.head(t, o); won != 1 || h.Version != 2 {
		t.Fatalf("%d won, head %+v", won, h)
	}
}

func testClaims(t *testing.T, s *suite) {
	s.claims(t, s.refIn(0, 0), s.refIn(1, 0))
	s.claims(t, s.refIn(0, 1), s.refIn(0, 2))
}

// claims has two entities take values from each other. They let go of them in the end.
func (s *suite) claims(t *testing.T, a, b eventlog.Ref) {
	t.Helper()
	claim := func(owner eventlog.Ref, value string) eventlog.Claim {
		return eventlog.Claim{Field: "Order.email", Value: value, Owner: owner}
	}
	try := func(r eventlog.Ref, take, release []eventlog.Claim) error {
		st := s.step(r, s.head(t, r).Version, nil)
		st.Claim, st.Release = take, release
		_, err := s.log.Append(s.ctx, st)
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(err error, owner eventlog.Ref) {
		t.Helper()
		var claimed *eventlog.ClaimedError
		if !errors.As(err, &claimed) || claimed.Owner != owner {
			t.Fatalf("%v, want a claim of %s", err, owner)
		}
	}
	must(try(a, []eventlog.Claim{claim(a, "x"), claim(a, "")}, nil))
	must(try(a, []eventlog.Claim{claim(a, "x")}, nil)) // the same owner again
	refused(try(b, []eventlog.Claim{claim(b, "y"), claim(b, "x")}, nil), a)
	if v := s.head(t, b).Version; v != 0 {
		t.Fatalf("a refused claim made version %d", v)
	}
	must(try(a, []eventlog.Claim{claim(a, "y")}, []eventlog.Claim{claim(a, "x")}))
	must(try(b, []eventlog.Claim{claim(b, "x")}, nil))
	must(try(a, nil, []eventlog.Claim{claim(a, "x")})) // releasing what another has does nothing
	refused(try(a, []eventlog.Claim{claim(a, "x")}, nil), b)
	must(try(a, []eventlog.Claim{claim(a, "y")}, []eventlog.Claim{claim(a, "y")})) // released and taken: taken
	refused(try(b, []eventlog.Claim{claim(b, "y")}, nil), a)
	moves := try(a, []eventlog.Claim{claim(b, "y")}, []eventlog.Claim{claim(a, "y")}) // within one append
	if s.features.Apart && s.log.PartitionOf(a) != s.log.PartitionOf(b) {
		if !errors.Is(moves, eventlog.ErrApart) {
			t.Fatalf("moved to another partition: %v", moves)
		}
		refused(try(b, []eventlog.Claim{claim(b, "y")}, nil), a)
		must(try(a, nil, []eventlog.Claim{claim(a, "y")}))
		moves = try(b, []eventlog.Claim{claim(b, "y")}, nil)
	}
	must(moves)
	refused(try(a, []eventlog.Claim{claim(a, "y")}, nil), b)
	must(try(b, nil, []eventlog.Claim{claim(b, "x"), claim(b, "y")}))
	must(try(a, []eventlog.Claim{claim(a, "x"), claim(a, "y")}, nil))
	must(try(a, nil, []eventlog.Claim{claim(a, "x"), claim(a, "y"), claim(a, "")}))
}

func testClaimRace(t *testing.T, s *suite) {
	won := 0
	for _, err := range race(func(i int) error {
		o := ref(fmt.Sprintf("o%d", i))
		a := Step(o, 0, "claim-"+o.ID, nil)
		a.Claim = []eventlog.Claim{{Field: "Order.email", Value: "one@example.org", Owner: o}}
		_, err := s.log.Append(s.ctx, a)
		return err
	}) {
		var claimed *eventlog.ClaimedError
		switch {
		case err == nil:
			won++
		case !errors.As(err, &claimed):
			t.Fatalf("a loser got %v", err)
		}
	}
	if won != 1 {
		t.Fatalf("%d won", won)
	}
}

func testOwners(t *testing.T, s *suite) {
	o := ref("o1")
	take := s.step(o, 0, nil)
	take.Claim = []eventlog.Claim{{Field: "Order.email", Value: "x", Owner: o}, {Field: "Order.email", Value: "", Owner: o}}
	s.append(t, take)
	claims := append([]eventlog.Claim{{Field: "Order.email", Value: "free", Owner: o}, {Field: "Order.other", Value: "x", Owner: o}}, take.Claim...)
	l, err := s.log.Load(s.ctx, eventlog.Load{Primary: o, Claims: claims})
	if err != nil || !slices.Equal(l.Owners, []eventlog.Ref{{}, {}, o, o}) {
		t.Fatalf("owners %+v, %v", l, err)
	}
	if _, err := s.log.Load(s.ctx, eventlog.Load{Primary: o, Claims: []eventlog.Claim{{Value: "x"}}}); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("a claim without a field: %v", err)
	}
}
