package logtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// timerModel is what is set, by key.
type timerModel map[eventlog.TimerKey]eventlog.SetTimer

// drawn returns an entity of a random sequence: in any partition, or all in one where one append can't span them.
func (s *suite) drawn(sequence string, n int) eventlog.Ref {
	if s.features.Apart {
		return s.entityIn("Order", sequence, int(sequence[len(sequence)-1])%Partitions, n)
	}
	return ref(fmt.Sprintf("%s-%d", sequence, n))
}

// testTimersEqualModel draws sequences of appends that set, cancel and fire timers, and moves, and compares what is set with a map.
// Each sequence has entities of its own.
func testTimersEqualModel(t *testing.T, s *suite) {
	sequence := 0
	rapid.Check(t, func(rt *rapid.T) {
		sequence++
		key := func() eventlog.TimerKey {
			r := s.drawn(fmt.Sprintf("m%d", sequence), rapid.IntRange(0, 2).Draw(rt, "entity"))
			kind := rapid.SampledFrom([]string{eventlog.TimeoutTimer, eventlog.CommandTimer}).Draw(rt, "kind")
			return eventlog.TimerKey{Kind: kind, Ref: r, Name: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "name")}
		}
		m := timerModel{}
		for range rapid.IntRange(1, 15).Draw(rt, "appends") {
			k := key()
			if rapid.IntRange(0, 4).Draw(rt, "move") == 0 {
				m.remove(rt, s, k)
				continue
			}
			a := s.bare(k.Ref)
			a.Timers, a.Cancel = make([]eventlog.Timer, rapid.IntRange(0, 2).Draw(rt, "timers")), []eventlog.TimerKey{k}
			for i := range a.Timers {
				at := longAgo.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "at")) * time.Second)
				a.Timers[i] = eventlog.Timer{TimerKey: key(), At: at, Data: raw(fmt.Sprint(i))}
			}
			if rapid.Bool().Draw(rt, "fire") {
				a.Fire = &eventlog.Fire{TimerKey: key()}
				a.Fire.Token = m[a.Fire.TimerKey].Token
				if a.Fire.Token == "" {
					a.Fire.Token = "none"
				}
			}
			m.append(rt, s, &a)
		}
		m.compare(rt, s, fmt.Sprintf("m%d-", sequence))
	})
}

func (m timerModel) remove(rt *rapid.T, s *suite, k eventlog.TimerKey) {
	old, is := m[k]
	if !is {
		old.Token = "none"
	}
	if got, err := s.log.MoveTimer(s.ctx, eventlog.Fire{TimerKey: k, Token: old.Token}, -1); got != is || err != nil {
		rt.Fatalf("%+v removed: %v, %v", k, got, err)
	}
	delete(m, k)
}

func (m timerModel) append(rt *rapid.T, s *suite, a *eventlog.Append) {
	_, err := s.log.Append(s.ctx, *a)
	if a.Fire != nil {
		if _, is := m[a.Fire.TimerKey]; !is {
			if !errors.Is(err, eventlog.ErrNoTimer) {
				rt.Fatalf("fired %+v, which is not there: %v", a.Fire, err)
			}
			return
		}
		delete(m, a.Fire.TimerKey)
	}
	if err != nil {
		rt.Fatal(err)
	}
	for _, k := range a.Cancel {
		delete(m, k)
	}
	for _, t := range a.Timers {
		m[t.TimerKey] = eventlog.SetTimer{TimerKey: t.TimerKey, Token: a.CommandID, Due: t.At, Data: t.Data}
	}
}

// compare compares what is set with what the log says, and then cancels it all.
func (m timerModel) compare(rt *rapid.T, s *suite, ids string) {
	for p := range Partitions {
		for _, kind := range []string{eventlog.TimeoutTimer, eventlog.CommandTimer} {
			var want []eventlog.SetTimer
			for k, t := range m {
				if k.Kind == kind && s.log.PartitionOf(k.Ref) == p {
					want = append(want, t)
				}
			}
			slices.SortFunc(want, func(a, b eventlog.SetTimer) int { return entry.CompareTimers(&a, &b) })
			d, err := s.log.Due(s.ctx, p, kind, eventlog.MaxTimers)
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(want, append([]eventlog.SetTimer(nil), d.Timers...)); diff != "" {
				rt.Fatalf("timers of %s in partition %d: %s", ids, p, diff)
			}
		}
	}
	for k := range m {
		m.remove(rt, s, k)
	}
}
