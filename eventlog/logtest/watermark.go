package logtest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

func (s *suite) watermark(t *testing.T, partition int) eventlog.Tail {
	t.Helper()
	tail, err := s.log.Watermark(s.ctx, partition)
	if err != nil {
		t.Fatalf("watermark of partition %d: %v", partition, err)
	}
	return tail
}

func testWatermark(t *testing.T, s *suite) {
	a, b := s.refIn(0, 0), s.refIn(0, 1)
	empty := s.watermark(t, 0)
	if empty.Place.Seq != 0 || empty.Hash != "" || time.Since(empty.Clock).Abs() > time.Minute || empty.Clock.Location() != time.UTC {
		t.Fatalf("an empty partition has the watermark %+v", empty)
	}
	first, second := s.step(a, 0, nil), s.step(b, 0, nil) // both decided before what follows
	first.Decided = s.load(t, eventlog.Load{Primary: a}).Now
	second.Decided = s.load(t, eventlog.Load{Primary: b}).Now
	mark := s.watermark(t, 0)
	if at := s.append(t, first).Events[0].At; at.Before(mark.Clock) || mark.Clock.Before(first.Decided) {
		t.Fatalf("decided %s, the watermark says %s, happened %s", first.Decided, mark.Clock, at)
	}
	next := s.watermark(t, 0)
	last := s.all(t, 0)[0]
	if next.Place != last.Place() || next.Hash != last.Hash || next.Clock.Before(last.At) {
		t.Fatalf("after an event the watermark is %+v, the event is %+v", next, last)
	}
	tail, err := s.log.Tail(s.ctx, 0)
	if err != nil || tail.Place != next.Place || tail.Hash != next.Hash || !tail.Clock.Equal(next.Clock) {
		t.Fatalf("the tail is %+v, the watermark was %+v (%v)", tail, next, err)
	}
	if now := s.load(t, eventlog.Load{Primary: a}).Now; now.Before(next.Clock) {
		t.Fatalf("a decision would read %s, before the watermark %s", now, next.Clock)
	}
	if at := s.append(t, second).Events[0].At; at.Before(next.Clock) {
		t.Fatalf("%s happened before the watermark %s", at, next.Clock)
	}
	old := s.step(a, 1, nil) // what is imported may be older
	old.Imported, old.Decided = true, time.Date(2017, 10, 2, 10, 56, 33, 0, time.UTC)
	s.append(t, old)
	if again := s.watermark(t, 0); again.Place.Seq != 3 || again.Clock.Before(next.Clock) {
		t.Fatalf("after an import the watermark is %+v, before %+v", again, next)
	}
	if other, err := s.log.Tail(s.ctx, 1); err != nil || !other.Clock.IsZero() {
		t.Fatalf("the clock of another partition: %+v, %v", other, err)
	}
	if _, err := s.log.Watermark(s.ctx, Partitions); !errors.Is(err, eventlog.ErrInvalid) {
		t.Fatalf("watermark of no partition: %v", err)
	}
	if s.features.Reopen != nil {
		before := s.watermark(t, 0)
		s.log = s.features.Reopen(t, s.log)
		if after, err := s.log.Tail(s.ctx, 0); err != nil || !after.Clock.Equal(before.Clock) {
			t.Fatalf("opened again, the clock is %s, before %s (%v)", after.Clock, before.Clock, err)
		}
	}
}

// testWatermarkRace takes watermarks while several write, and compares them with what was written.
func testWatermarkRace(t *testing.T, s *suite) {
	const writers, each = 4, 25
	appends := make([][]eventlog.Append, writers)
	for i := range appends {
		for n := range each {
			appends[i] = append(appends[i], s.step(s.refIn(0, i), int64(n), nil))
		}
	}
	var running sync.WaitGroup
	failed := make(chan error, writers)
	for _, list := range appends {
		running.Go(func() {
			for _, a := range list {
				l, err := s.log.Load(s.ctx, eventlog.Load{Primary: a.Primary})
				if err == nil {
					a.Decided = l.Now
					_, err = s.log.Append(s.ctx, a)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	var marks []eventlog.Tail
	for going := true; going; {
		marks = append(marks, s.watermark(t, 0))
		select {
		case <-done:
			going = false
		default:
		}
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	events := s.all(t, 0)
	if len(events) != writers*each {
		t.Fatalf("%d events", len(events))
	}
	for _, m := range marks {
		for _, e := range events[m.Place.Seq:] {
			if e.At.Before(m.Clock) {
				t.Fatalf("event %d is of %s: before the watermark %s of place %d", e.Seq, e.At, m.Clock, m.Place.Seq)
			}
		}
		for _, e := range events[:m.Place.Seq] {
			if e.At.After(m.Clock) {
				t.Fatalf("event %d is of %s: after the watermark %s of place %d", e.Seq, e.At, m.Clock, m.Place.Seq)
			}
		}
	}
}
