package logtest

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

func testTime(t *testing.T, s *suite) {
	a, b := s.refIn(0, 0), s.refIn(0, 1)
	now := s.load(t, eventlog.Load{Primary: a}).Now
	if d := time.Since(now).Abs(); d > time.Minute || now.Location() != time.UTC {
		t.Fatalf("the log's clock says %s", now)
	}
	late := s.step(a, 0, nil)
	late.Decided = now.Add(time.Hour).Truncate(time.Second).Add(123456789)
	if at := s.append(t, late).Events[0].At; !at.Equal(late.Decided) || at.Location() != time.UTC {
		t.Fatalf("decided %s, happened %s", late.Decided, at)
	}
	early := s.step(b, 0, nil)
	early.Decided = now
	if at := s.append(t, early).Events[0].At; !at.Equal(late.Decided) {
		t.Fatalf("time stepped back to %s", at)
	}
	if n := s.load(t, eventlog.Load{Primary: a}).Now; n.Before(late.Decided) {
		t.Fatalf("a decision would read %s, before the partition's clock", n)
	}
	c := s.refIn(s.with(a, 1), 3) // one append over two partitions has one time, the later clock
	both := s.step(c, 0, nil)
	more := s.step(a, 1, nil)
	both.Conditions = append(both.Conditions, more.Conditions...)
	both.Events = append(both.Events, more.Events...)
	for _, e := range s.append(t, both).Events {
		if !e.At.Equal(late.Decided) {
			t.Fatalf("%s happened at %s", e.Ref, e.At)
		}
	}
	if tail, err := s.log.Tail(s.ctx, s.with(a, 1)); err != nil || !tail.Clock.Equal(late.Decided) {
		t.Fatalf("the clock of the other partition: %+v, %v", tail, err)
	}
}

func testImported(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	s.append(t, s.step(o, 0, nil))
	before, err := s.log.Tail(s.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	old := s.step(o, 1, nil)
	old.Imported, old.Decided = true, time.Date(2017, 10, 2, 10, 56, 33, 0, time.UTC)
	if at := s.append(t, old).Events[0].At; !at.Equal(old.Decided) {
		t.Fatalf("imported at %s, happened at %s", old.Decided, at)
	}
	after, err := s.log.Tail(s.ctx, 0)
	if err != nil || !after.Clock.Equal(before.Clock) {
		t.Fatalf("the clock went from %s to %s (%v)", before.Clock, after.Clock, err)
	}
	events := s.all(t, 0)
	if e := events[1]; !e.Imported || !e.At.Equal(old.Decided) || events[0].Imported {
		t.Fatalf("events %+v", events)
	}
	first := s.step(s.refIn(1, 0), 0, nil) // the first of a partition that has no clock yet
	first.Imported, first.Decided = true, old.Decided
	s.append(t, first)
	if tail, err := s.log.Tail(s.ctx, 1); err != nil || !tail.Clock.IsZero() {
		t.Fatalf("an import started the clock: %+v, %v", tail, err)
	}
	if now := s.load(t, eventlog.Load{Primary: first.Primary}).Now; time.Since(now).Abs() > time.Minute {
		t.Fatalf("now is %s", now)
	}
}

// testLoadIsAtomic moves a value between two entities, of two partitions where one append can span them, in single appends, while readers check that they
// never see one without the other.
func testLoadIsAtomic(t *testing.T, s *suite) {
	a := s.refIn(0, 0)
	b := s.refIn(s.with(a, 1), 1)
	stop := make(chan struct{})
	failed := make(chan string, callers)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				l, err := s.log.Load(s.ctx, eventlog.Load{Primary: a, Refs: []eventlog.Ref{b}})
				if err != nil {
					failed <- err.Error()
					return
				}
				va, vb := l.Heads[a], l.Heads[b]
				if va.Version != vb.Version || string(va.Fields["n"]) != string(vb.Fields["n"]) {
					failed <- fmt.Sprintf("one append, seen by half: %+v and %+v", va, vb)
					return
				}
			}
		})
	}
	for i := range int64(60) {
		set := map[string]json.RawMessage{"n": raw(fmt.Sprint(i))}
		both, more := s.step(a, i, set), s.step(b, i, set)
		both.Conditions = append(both.Conditions, more.Conditions...)
		both.Events = append(both.Events, more.Events...)
		s.append(t, both)
	}
	close(stop)
	readers.Wait()
	select {
	case text := <-failed:
		t.Fatal(text)
	default:
	}
}
