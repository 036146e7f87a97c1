package logtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// longAgo is due at once.
var longAgo = time.Date(2020, 1, 2, 3, 4, 5, 678e6, time.UTC)

func timeout(r eventlog.Ref, name string) eventlog.TimerKey {
	return eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: r, Name: name}
}

// bare returns an append about r without events, under a new command id.
func (s *suite) bare(r eventlog.Ref) eventlog.Append {
	a := s.step(r, 0, nil)
	a.Events, a.Conditions = nil, nil
	return a
}

// set sets one timer, and returns the token that it has.
func (s *suite) set(t *testing.T, k eventlog.TimerKey, at time.Time) eventlog.Fire {
	t.Helper()
	a := s.bare(k.Ref)
	a.Timers = []eventlog.Timer{{TimerKey: k, At: at, Data: raw(`{"of":"` + a.CommandID + `"}`)}}
	s.append(t, a)
	return eventlog.Fire{TimerKey: k, Token: a.CommandID}
}

// timers returns all timers of the partition, read in pages of 2.
func (s *suite) timers(t *testing.T, partition int, kind string) []eventlog.SetTimer {
	t.Helper()
	var out []eventlog.SetTimer
	for after := (*eventlog.SetTimer)(nil); ; after = &out[len(out)-1] {
		page, err := s.log.Timers(s.ctx, partition, kind, after, 2)
		if err != nil || len(page) > 2 {
			t.Fatalf("timers of partition %d: %d in a page of 2, %v", partition, len(page), err)
		}
		if len(page) == 0 {
			return out
		}
		out = append(out, page...)
	}
}

func (s *suite) due(t *testing.T, partition int, kind string, limit int) eventlog.Due {
	t.Helper()
	d, err := s.log.Due(s.ctx, partition, kind, limit)
	if err != nil {
		t.Fatalf("due timers of partition %d: %v", partition, err)
	}
	return d
}

func names(timers []eventlog.SetTimer) string {
	out := []string{}
	for _, t := range timers {
		out = append(out, t.Name)
	}
	return fmt.Sprint(out)
}

func testTimers(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	a := s.step(o, 0, nil)
	odd := raw("{ \"b\" :1.50, \"a\": \"<&>\u2028é\\n\" }")
	at := longAgo.Add(999) // not a whole millisecond: the next one
	a.Timers = []eventlog.Timer{{TimerKey: timeout(o, "a"), After: time.Hour, Data: odd}, {TimerKey: timeout(o, "b"), At: at}}
	before := s.load(t, eventlog.Load{Primary: o}).Now
	s.append(t, a)
	got := s.timers(t, 0, eventlog.TimeoutTimer)
	if len(got) != 2 || got[0].TimerKey != timeout(o, "b") || got[0].Token != a.CommandID || !got[0].Due.Equal(longAgo.Add(time.Millisecond)) || got[0].Data != nil {
		t.Fatalf("timers %+v", got)
	}
	if d := got[1].Due.Sub(before) - time.Hour; d.Abs() > time.Minute || got[1].Due.Location() != time.UTC || string(got[1].Data) != string(odd) {
		t.Fatalf("a timer after an hour, set at %s: %+v", before, got[1])
	}
	replaced := s.set(t, timeout(o, "a"), longAgo)
	if got = s.timers(t, 0, eventlog.TimeoutTimer); len(got) != 2 || names(got) != "[a b]" || got[0].Token != replaced.Token || !got[0].Due.Equal(longAgo) {
		t.Fatalf("after one was replaced: %+v", got)
	}
	command := eventlog.TimerKey{Kind: eventlog.CommandTimer, Ref: o, Name: "a"} // the same name, of another kind
	s.set(t, command, longAgo)
	cancel := s.bare(o)
	cancel.Cancel = []eventlog.TimerKey{timeout(o, "a"), timeout(o, "never"), timeout(o, "b")}
	cancel.Timers = []eventlog.Timer{{TimerKey: timeout(o, "b"), At: longAgo.Add(time.Hour)}}
	s.append(t, cancel)
	if got = s.timers(t, 0, eventlog.TimeoutTimer); len(got) != 1 || got[0].Name != "b" || got[0].Token != cancel.CommandID {
		t.Fatalf("after two were cancelled and one was set again: %+v", got)
	}
	if got = s.timers(t, 0, eventlog.CommandTimer); len(got) != 1 || got[0].TimerKey != command {
		t.Fatalf("timers of the other kind: %+v", got)
	}
}

func testDue(t *testing.T, s *suite) {
	if d := s.due(t, 0, eventlog.TimeoutTimer, 10); len(d.Timers) != 0 || d.Next >= 0 {
		t.Fatalf("of an empty partition: %+v", d)
	}
	o, p := s.refIn(0, 0), s.refIn(0, 1)
	later := s.bare(o)
	later.Timers = []eventlog.Timer{{TimerKey: timeout(o, "later"), After: time.Hour}, {TimerKey: timeout(o, "much later"), At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}}
	s.append(t, later)
	if d := s.due(t, 0, eventlog.TimeoutTimer, 10); len(d.Timers) != 0 || d.Next <= 0 || d.Next > time.Hour+time.Millisecond {
		t.Fatalf("before anything is due: %+v", d)
	}
	s.set(t, timeout(o, "third"), longAgo.Add(2*time.Second))
	s.set(t, timeout(p, "first"), longAgo)
	s.set(t, timeout(o, "second"), longAgo.Add(time.Second))
	s.set(t, eventlog.TimerKey{Kind: eventlog.CommandTimer, Ref: o, Name: "other"}, longAgo)
	s.set(t, timeout(s.refIn(1, 0), "elsewhere"), longAgo)
	for range 2 { // it removes nothing
		if d := s.due(t, 0, eventlog.TimeoutTimer, 2); names(d.Timers) != "[first second]" || d.Next != 0 {
			t.Fatalf("two of three: %+v", d)
		}
	}
	d := s.due(t, 0, eventlog.TimeoutTimer, 3)
	if names(d.Timers) != "[first second third]" || d.Next <= 0 || d.Next > time.Hour {
		t.Fatalf("three of three: %+v", d)
	}
	if diff := cmp.Diff(s.timers(t, 0, eventlog.TimeoutTimer)[:3], d.Timers); diff != "" {
		t.Fatalf("Due and Timers differ: %s", diff)
	}
	if d := s.due(t, 0, eventlog.CommandTimer, eventlog.MaxTimers); names(d.Timers) != "[other]" || d.Next >= 0 {
		t.Fatalf("of the other kind: %+v", d)
	}
}

// testTimersInOrder has timers that are due at one time, of keys whose order as text could differ from that of their parts.
func testTimersInOrder(t *testing.T, s *suite) {
	want := []eventlog.TimerKey{}
	for _, entity := range []string{"A", "A1", "AB", "A_", "Aa"} {
		for i, found := 0, 0; found < 2; i++ { // ends: the hash reaches every partition
			if r := (eventlog.Ref{Entity: entity, ID: fmt.Sprintf("x%03d", i)}); s.log.PartitionOf(r) == 0 {
				want = append(want, timeout(r, "a"), timeout(r, "é"))
				found++
			}
		}
	}
	for i := range want {
		s.set(t, want[(i*7)%len(want)], longAgo)
	}
	got := []eventlog.TimerKey{}
	for _, one := range s.timers(t, 0, eventlog.TimeoutTimer) {
		got = append(got, one.TimerKey)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	gone := eventlog.SetTimer{TimerKey: want[6], Due: longAgo} // the last of a page, removed since
	cancel := s.bare(want[6].Ref)
	cancel.Cancel = []eventlog.TimerKey{want[6]}
	s.append(t, cancel)
	for _, c := range []struct {
		after eventlog.SetTimer
		first eventlog.TimerKey
	}{
		{gone, want[7]}, {eventlog.SetTimer{TimerKey: want[9], Due: longAgo.Add(-1)}, want[0]}, {eventlog.SetTimer{TimerKey: want[2], Due: longAgo}, want[3]},
	} {
		page, err := s.log.Timers(s.ctx, 0, eventlog.TimeoutTimer, &c.after, 1)
		if err != nil || len(page) != 1 || page[0].TimerKey != c.first {
			t.Fatalf("after %+v: %+v, %v, want %+v", c.after, page, err, c.first)
		}
	}
	end := eventlog.SetTimer{TimerKey: want[0], Due: longAgo.Add(time.Millisecond)}
	if page, err := s.log.Timers(s.ctx, 0, eventlog.TimeoutTimer, &end, 1); err != nil || len(page) != 0 {
		t.Fatalf("behind all: %+v, %v", page, err)
	}
}

func testTimersOverPartitions(t *testing.T, s *suite) {
	if s.features.Apart {
		apart := s.bare(s.refIn(0, 0))
		apart.Timers = []eventlog.Timer{{TimerKey: timeout(s.refIn(1, 0), "t"), At: longAgo}}
		if _, err := s.log.Append(s.ctx, apart); !errors.Is(err, eventlog.ErrApart) {
			t.Fatalf("over two partitions: %v", err)
		}
		for p := range Partitions {
			if got := s.timers(t, p, eventlog.TimeoutTimer); len(got) != 0 {
				t.Fatalf("partition %d has %+v of a refused append", p, got)
			}
		}
		return
	}
	a := s.step(s.refIn(0, 0), 0, nil)
	for p := range Partitions {
		for _, kind := range []string{eventlog.TimeoutTimer, eventlog.CommandTimer} {
			a.Timers = append(a.Timers, eventlog.Timer{TimerKey: eventlog.TimerKey{Kind: kind, Ref: s.refIn(p, 1), Name: "t"}, At: longAgo})
		}
	}
	s.append(t, a)
	more := s.bare(s.refIn(3, 0))
	more.Fire = &eventlog.Fire{TimerKey: a.Timers[2].TimerKey, Token: a.CommandID}
	more.Cancel = []eventlog.TimerKey{a.Timers[4].TimerKey}
	s.append(t, more)
	for p := range Partitions {
		want := 1
		if p == 1 || p == 2 {
			want = 0
		}
		if got := s.timers(t, p, eventlog.TimeoutTimer); len(got) != want {
			t.Errorf("partition %d has %+v", p, got)
		}
		if got := s.timers(t, p, eventlog.CommandTimer); len(got) != 1 {
			t.Errorf("partition %d has the commands %+v", p, got)
		}
	}
}

func testMoveTimer(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	f := s.set(t, timeout(o, "t"), longAgo)
	move := func(f eventlog.Fire, after time.Duration, want bool) {
		t.Helper()
		if is, err := s.log.MoveTimer(s.ctx, f, after); is != want || err != nil {
			t.Fatalf("move by %s: %v, %v", after, is, err)
		}
	}
	before := s.timers(t, 0, eventlog.TimeoutTimer)
	other := f
	other.Token = "another"
	move(other, time.Hour, false)
	move(other, -1, false)
	move(f, time.Hour, true)
	d := s.due(t, 0, eventlog.TimeoutTimer, 10)
	if len(d.Timers) != 0 || d.Next <= time.Minute || d.Next > time.Hour+time.Millisecond {
		t.Fatalf("after an hour: %+v", d)
	}
	after := s.timers(t, 0, eventlog.TimeoutTimer)
	if diff := cmp.Diff(before, after, cmpopts.IgnoreFields(eventlog.SetTimer{}, "Due")); diff != "" {
		t.Fatalf("a move changes more than the time: %s", diff)
	}
	move(f, 0, true)
	if d := s.due(t, 0, eventlog.TimeoutTimer, 10); len(d.Timers) != 1 {
		t.Fatalf("now: %+v", d)
	}
	move(f, -time.Hour, true)
	move(f, time.Hour, false)
	if got := s.timers(t, 0, eventlog.TimeoutTimer); len(got) != 0 {
		t.Fatalf("after it was removed: %+v", got)
	}
}

// testTimerComes waits for a timer as long as Due says, and then looks until it is due.
func testTimerComes(t *testing.T, s *suite) {
	o := s.refIn(0, 0)
	a := s.bare(o)
	a.Timers = []eventlog.Timer{{TimerKey: timeout(o, "t"), After: 80 * time.Millisecond}}
	s.append(t, a)
	for {
		d := s.due(t, 0, eventlog.TimeoutTimer, 1)
		if len(d.Timers) == 1 {
			return
		}
		if d.Next < 0 || d.Next > 80*time.Millisecond {
			t.Fatalf("due in %s", d.Next)
		}
		select {
		case <-time.After(d.Next):
		case <-s.ctx.Done():
			t.Fatal("it never came")
		}
	}
}

// testLargeTimers has more bytes than one Due or Timers returns.
func testLargeTimers(t *testing.T, s *suite) {
	const n = 20
	data := make([]byte, eventlog.MaxTimerBytes)
	for i := range data {
		data[i] = '1'
	}
	o := s.refIn(0, 0)
	for i := range n {
		a := s.bare(o)
		a.Timers = []eventlog.Timer{{TimerKey: timeout(o, fmt.Sprintf("%02d", i)), At: longAgo, Data: data}}
		s.append(t, a)
	}
	d := s.due(t, 0, eventlog.TimeoutTimer, n)
	if len(d.Timers) < 1 || len(d.Timers) > eventlog.MaxReadBytes/len(data)+1 || d.Next != 0 {
		t.Fatalf("%d timers of 1 MiB, next %s", len(d.Timers), d.Next)
	}
	page, err := s.log.Timers(s.ctx, 0, eventlog.TimeoutTimer, nil, n)
	if err != nil || len(page) != len(d.Timers) {
		t.Fatalf("a page of %d timers of 1 MiB, %v", len(page), err)
	}
	if all := s.timers(t, 0, eventlog.TimeoutTimer); len(all) != n {
		t.Fatalf("%d timers", len(all))
	}
}
