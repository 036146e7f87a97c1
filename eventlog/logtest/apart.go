package logtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// testApart has each part of an append lie in another partition than the primary entity: a log that can't span partitions refuses it, names both, and has written nothing;
// any other takes it. Values of claims may lie anywhere.
func testApart(t *testing.T, s *suite) {
	home, away := s.refIn(0, 0), s.refIn(1, 0)
	s.append(t, s.step(home, 0, nil))
	s.append(t, s.step(away, 0, nil))
	fire := s.set(t, timeout(away, "fired"), longAgo)
	value := eventlog.Claim{Field: "Order.x", Value: "v", Owner: away}
	versions := map[eventlog.Ref]int64{home: 1, away: 1}
	for _, c := range []struct {
		name string
		put  func(a *eventlog.Append)
	}{
		{"condition", func(a *eventlog.Append) {
			a.Conditions = append(a.Conditions, eventlog.Condition{Ref: away, Version: versions[away]})
		}},
		{"event", func(a *eventlog.Append) { also(a, s.step(away, versions[away], nil)) }},
		{"claim", func(a *eventlog.Append) { a.Claim = []eventlog.Claim{value} }},
		{"release", func(a *eventlog.Append) { a.Release = []eventlog.Claim{value} }},
		{"timer", func(a *eventlog.Append) { a.Timers = []eventlog.Timer{{TimerKey: timeout(away, "t"), At: longAgo}} }},
		{"cancelled timer", func(a *eventlog.Append) { a.Cancel = []eventlog.TimerKey{timeout(away, "t")} }},
		{"fired timer", func(a *eventlog.Append) { a.Fire = &fire }},
	} {
		a := s.step(home, versions[home], nil)
		c.put(&a)
		timers := len(s.timers(t, 1, eventlog.TimeoutTimer))
		_, err := s.log.Append(s.ctx, a)
		if !s.features.Apart {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			for _, e := range a.Events {
				versions[e.Ref]++
			}
			continue
		}
		if !errors.Is(err, eventlog.ErrApart) || !strings.Contains(err.Error(), home.String()) || !strings.Contains(err.Error(), away.String()) {
			t.Fatalf("%s: %v", c.name, err)
		}
		l := s.load(t, eventlog.Load{Primary: home, CommandID: a.CommandID, Refs: []eventlog.Ref{away}, Claims: []eventlog.Claim{value}})
		if l.Receipt != nil || l.Heads[home].Version != 1 || l.Heads[away].Version != 1 || l.Owners[0] != (eventlog.Ref{}) {
			t.Fatalf("%s: the refused append wrote %+v", c.name, l)
		}
		if n := len(s.timers(t, 1, eventlog.TimeoutTimer)); n != timers {
			t.Fatalf("%s: %d timers, before %d", c.name, n, timers)
		}
	}
	for p := range Partitions { // wherever its key lies
		a := s.step(home, versions[home]+int64(p), nil)
		a.Claim = []eventlog.Claim{{Field: "Order.x", Value: strings.Repeat("v", p+2), Owner: home}}
		s.append(t, a)
	}
}
