package logtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// fill appends n events of several entities to partition 0 and returns them.
func (s *suite) fill(t *testing.T, n int) []eventlog.Event {
	t.Helper()
	entities := []eventlog.Ref{s.refIn(0, 0), s.refIn(0, 1), s.refIn(0, 2)}
	for i := range n {
		s.append(t, s.step(entities[i%3], int64(i/3), nil))
	}
	return s.all(t, 0)
}

func testReadPages(t *testing.T, s *suite) {
	events := s.fill(t, 40)
	if len(events) != 40 {
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		prev := ""
		if i > 0 {
			prev = events[i-1].Hash
		}
		if e.Seq != uint64(i+1) || e.Prev != prev || len(e.Hash) != 40 || e.Partition != 0 {
			t.Fatalf("event %d: %+v", i+1, e)
		}
	}
	page, err := s.log.Read(s.ctx, 0, 10, events[9].Hash, 1000, 0)
	if err != nil || len(page) != 30 || page[0].Seq != 11 {
		t.Fatalf("%d events after 10: %v", len(page), err)
	}
	for _, bad := range []struct{ partition, limit int }{{-1, 1}, {Partitions, 1}, {0, 0}} {
		if _, err := s.log.Read(s.ctx, bad.partition, 0, "", bad.limit, 0); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("read of %+v: %v", bad, err)
		}
	}
}

func testReadWaits(t *testing.T, s *suite) {
	start := time.Now()
	if events, err := s.log.Read(s.ctx, 0, 0, "", 10, 60*time.Millisecond); err != nil || len(events) != 0 {
		t.Fatalf("an empty partition gave %v, %v", events, err)
	}
	if took := time.Since(start); took < 50*time.Millisecond || took > 5*time.Second {
		t.Fatalf("waited %s for 60 ms", took)
	}
	after, prev := uint64(0), ""
	for i := range 5 {
		got := make(chan result, 1)
		var events []eventlog.Event
		go func() {
			var err error
			events, err = s.log.Read(s.ctx, 0, after, prev, 10, 20*time.Second)
			got <- result{err: err}
		}()
		s.append(t, s.step(s.refIn(1, 0), int64(i), nil)) // another partition: it must not end the wait with nothing
		s.append(t, s.step(s.refIn(0, 0), int64(i), nil))
		if r := <-got; r.err != nil || len(events) != 1 || events[0].Seq != uint64(i+1) {
			t.Fatalf("woken with %+v, %v", events, r.err)
		}
		after, prev = events[0].Seq, events[0].Hash
	}
}

func testReadEnds(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	got := make(chan error, 1)
	read := func(ctx context.Context) {
		_, err := s.log.Read(ctx, 0, 0, "", 10, time.Minute)
		got <- err
	}
	ends := func(what string, want error) {
		t.Helper()
		select {
		case err := <-got:
			if !errors.Is(err, want) {
				t.Fatalf("%s: the read ended with %v", what, err)
			}
		case <-time.After(2 * time.Second):
			t.Fatalf("%s: the read did not end within 2 s", what)
		}
	}
	go read(ctx)
	cancel()
	ends("context", context.Canceled)
	if _, err := s.log.Append(ctx, s.step(ref("o1"), 0, nil)); !errors.Is(err, context.Canceled) {
		t.Fatalf("append with an ended context: %v", err)
	}
	if _, err := s.log.Load(ctx, eventlog.Load{Primary: ref("o1")}); !errors.Is(err, context.Canceled) {
		t.Fatalf("load with an ended context: %v", err)
	}
	for name, call := range s.calls(ctx) {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: %v", name, err)
		}
	}
	go read(s.ctx)
	if err := s.log.Close(); err != nil {
		t.Fatal(err)
	}
	ends("close", eventlog.ErrClosed)
}

func (s *suite) wantBroken(t *testing.T, what string, after uint64, hash string, wait time.Duration) {
	t.Helper()
	events, err := s.log.Read(s.ctx, 0, after, hash, 10, wait)
	var broken *eventlog.BrokenError
	if !errors.As(err, &broken) || broken.Partition != 0 || broken.After != after || len(events) != 0 {
		t.Errorf("%s: %d events and %v, want a BrokenError", what, len(events), err)
	}
}

func testReadBroken(t *testing.T, s *suite) {
	s.wantBroken(t, "a place in an empty partition", 3, "aa", 0)
	s.wantBroken(t, "a place in an empty partition, waiting", 3, "aa", time.Minute)
	events := s.fill(t, 4)
	s.wantBroken(t, "a wrong hash", 2, events[0].Hash, 0)
	s.wantBroken(t, "a wrong hash at the tail", 4, events[0].Hash, time.Minute)
	s.wantBroken(t, "no hash", 4, "", 0)
	s.wantBroken(t, "a hash before the first", 0, events[0].Hash, 0)
	s.wantBroken(t, "beyond the tail", 5, events[3].Hash, time.Minute)
	s.wantBroken(t, "far beyond the tail", 1<<60, events[3].Hash, 0)
}

func testHashAt(t *testing.T, s *suite) {
	events := s.fill(t, 3)
	if hash, err := s.log.HashAt(s.ctx, 0, position.Place{}); err != nil || hash != "" {
		t.Errorf("before the first: %q, %v", hash, err)
	}
	for _, e := range events {
		if hash, err := s.log.HashAt(s.ctx, 0, e.Place()); err != nil || hash != e.Hash {
			t.Errorf("at %d: %q, %v, want %q", e.Seq, hash, err, e.Hash)
		}
	}
	for _, at := range []position.Place{{Epoch: events[0].Epoch, Seq: 4}, {Epoch: events[0].Epoch + 1, Seq: 3}, {Seq: 1 << 60}} {
		hash, err := s.log.HashAt(s.ctx, 0, at)
		var broken *eventlog.BrokenError
		if !errors.As(err, &broken) || broken.Partition != 0 || broken.After != at.Seq || hash != "" {
			t.Errorf("%+v: %q, %v, want a BrokenError", at, hash, err)
		}
	}
	for _, partition := range []int{-1, Partitions} {
		if _, err := s.log.HashAt(s.ctx, partition, events[0].Place()); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("partition %d: %v", partition, err)
		}
	}
}

func testLostTail(t *testing.T, s *suite) {
	events := s.fill(t, 6)
	waiting := make(chan error, 1)
	go func() {
		_, err := s.log.Read(s.ctx, 0, 6, events[5].Hash, 10, 30*time.Second)
		waiting <- err
	}()
	s.features.LoseTail(t, s.log, 0, 2, events[1].Hash)
	select {
	case err := <-waiting:
		var broken *eventlog.BrokenError
		if !errors.As(err, &broken) {
			t.Fatalf("a waiting read got %v, want a BrokenError", err)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("a waiting read did not notice the lost tail")
	}
	s.wantBroken(t, "lost", 6, events[5].Hash, 0)
	if page, err := s.log.Read(s.ctx, 0, 2, events[1].Hash, 10, 0); err != nil || len(page) != 0 {
		t.Fatalf("reading on from what was kept: %v, %v", page, err)
	}
	s.features.LoseTail(t, s.log, 0, 0, "")
	s.wantBroken(t, "all lost", 2, events[1].Hash, 0)
}

func testTampered(t *testing.T, s *suite) {
	events := s.fill(t, 4)
	s.features.Tamper(t, s.log, 0, 3)
	page, err := s.log.Read(s.ctx, 0, 0, "", 2, 0)
	if err != nil || len(page) != 2 {
		t.Fatalf("what comes before: %v, %v", page, err)
	}
	s.wantBroken(t, "changed bytes", 2, events[1].Hash, 0)
}

// testForked has an event that is right in itself, under the right sequence, but follows another event than the one before it.
func testForked(t *testing.T, s *suite) {
	events := s.fill(t, 4)
	s.features.Fork(t, s.log, 0, 3, events[0].Hash)
	page, err := s.log.Read(s.ctx, 0, 0, "", 2, 0)
	if err != nil || len(page) != 2 {
		t.Fatalf("what comes before: %v, %v", page, err)
	}
	s.wantBroken(t, "another history after the anchor", 2, events[1].Hash, 0)
	s.wantBroken(t, "another history in the middle", 0, "", 0)
}

func testHistory(t *testing.T, s *suite) {
	o, other := s.refIn(0, 0), s.refIn(0, 1)
	var places []position.Place
	for i := range 9 {
		places = append(places, place(s.append(t, s.step(o, int64(i), nil))))
		s.append(t, s.step(other, int64(i), nil))
	}
	for n, p := range places {
		events, err := s.history(o, p)
		if err != nil || len(events) != n+1 {
			t.Fatalf("history to version %d: %d events, %v", n+1, len(events), err)
		}
		for i, e := range events {
			if e.Ref() != o || e.Version != int64(i+1) || e.Place() != places[i] || len(e.Hash) != 40 {
				t.Fatalf("history's event %d: %+v", i, e)
			}
		}
	}
	if _, err := s.history(other, places[3]); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("another entity's place: %v", err)
	}
	var broken *eventlog.BrokenError
	for _, p := range []position.Place{{Seq: 100}, {Epoch: 7, Seq: 1}, {}} {
		if _, err := s.history(o, p); !errors.As(err, &broken) {
			t.Errorf("place %+v: %v, want a BrokenError", p, err)
		}
	}
	for e, err := range s.log.History(s.ctx, o, places[8]) { // taking one only
		if err != nil || e.Version != 9 {
			t.Errorf("the newest of the history is %+v, %v", e, err)
		}
		break
	}
}

// testLongHistory has more versions than engines follow in one go.
func testLongHistory(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	const n = 450
	var last position.Place
	for i := range n {
		last = place(s.append(t, s.step(o, int64(i), nil)))
	}
	events, err := s.history(o, last)
	if err != nil || len(events) != n {
		t.Fatalf("%d of %d events, %v", len(events), n, err)
	}
	for i := range events {
		if events[i].Version != int64(i+1) {
			t.Fatalf("event %d is version %d", i, events[i].Version)
		}
	}
}

// history returns the events oldest first.
func (s *suite) history(r eventlog.Ref, at position.Place) ([]eventlog.Event, error) {
	var out []eventlog.Event
	for e, err := range s.log.History(s.ctx, r, at) {
		if err != nil {
			return nil, err
		}
		out = append(out, *e)
	}
	slices.Reverse(out)
	return out, nil
}

// testLargeReads has more bytes than one Read returns.
func testLargeReads(t *testing.T, s *suite) {
	const n, size = 24, 1 << 20
	big := raw(`"` + strings.Repeat("x", size) + `"`)
	o := s.refIn(0, 0)
	for i := range n {
		a := s.step(o, int64(i), nil)
		a.Input = big
		s.append(t, a)
	}
	read, after, prev := 0, uint64(0), ""
	for pieces := 0; ; pieces++ {
		events, err := s.log.Read(s.ctx, 0, after, prev, 1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			if read != n || pieces < 2 {
				t.Fatalf("%d of %d events in %d reads", read, n, pieces)
			}
			return
		}
		if len(events)*size > eventlog.MaxReadBytes+2*size {
			t.Fatalf("one read returned %d events of 1 MiB", len(events))
		}
		read += len(events)
		after, prev = events[len(events)-1].Seq, events[len(events)-1].Hash
	}
}

func place(r *eventlog.Receipt) position.Place {
	return position.Place{Epoch: r.Events[0].Epoch, Seq: r.Events[0].Seq}
}

func testTail(t *testing.T, s *suite) {
	tail, err := s.log.Tail(s.ctx, 0)
	if err != nil || tail.Place != (position.Place{}) || tail.Hash != "" || !tail.Clock.IsZero() {
		t.Fatalf("tail of an empty partition: %+v, %v", tail, err)
	}
	events := s.fill(t, 5)
	tail, err = s.log.Tail(s.ctx, 0)
	last := events[4]
	if err != nil || tail.Place != last.Place() || tail.Hash != last.Hash || !tail.Clock.Equal(last.At) {
		t.Fatalf("tail %+v, %v; the last event is %+v", tail, err, last)
	}
	if _, err := s.log.Tail(s.ctx, Partitions); !errors.Is(err, eventlog.ErrInvalid) {
		t.Fatalf("tail of no partition: %v", err)
	}
}

func testClose(t *testing.T, s *suite) {
	if err := s.log.Ping(s.ctx); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := s.log.Close(); err != nil {
			t.Fatalf("close %d: %v", i+1, err)
		}
	}
	calls := s.calls(s.ctx)
	maps.Copy(calls, map[string]func() error{
		"append":  func() error { _, err := s.log.Append(s.ctx, s.step(ref("o1"), 0, nil)); return err },
		"load":    func() error { _, err := s.log.Load(s.ctx, eventlog.Load{Primary: ref("o1")}); return err },
		"read":    func() error { _, err := s.log.Read(s.ctx, 0, 0, "", 1, time.Minute); return err },
		"tail":    func() error { _, err := s.log.Tail(s.ctx, 0); return err },
		"history": func() error { _, err := s.history(ref("o1"), position.Place{Seq: 1}); return err },
		"ping":    func() error { return s.log.Ping(s.ctx) },
	})
	for name, call := range calls {
		if err := call(); !errors.Is(err, eventlog.ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}
}

func testReopen(t *testing.T, s *suite) {
	before := s.fill(t, 10)
	claim := s.step(s.refIn(1, 0), 0, nil)
	claim.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: claim.Primary}}
	s.append(t, claim)
	durability := s.log.Durability()
	s.log = s.features.Reopen(t, s.log)
	if s.log.Partitions() != Partitions || s.log.Durability() != durability || durability != s.features.Durability {
		t.Fatalf("%d partitions, durability %q, before %q", s.log.Partitions(), s.log.Durability(), durability)
	}
	after := s.all(t, 0)
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Fatalf("the events differ:\n%v\n%v", before, after)
	}
	if r := s.append(t, claim); !r.Duplicate {
		t.Fatal("the receipt is forgotten")
	}
	taken := s.step(s.refIn(2, 0), 0, nil)
	taken.Claim = []eventlog.Claim{{Field: "Order.x", Value: "v", Owner: taken.Primary}}
	var claimed *eventlog.ClaimedError
	if _, err := s.log.Append(s.ctx, taken); !errors.As(err, &claimed) {
		t.Fatalf("the claim is forgotten: %v", err)
	}
	s.append(t, s.step(s.refIn(0, 0), 4, nil))
	if n := len(s.all(t, 0)); n != 11 {
		t.Fatalf("%d events after one more", n)
	}
}
