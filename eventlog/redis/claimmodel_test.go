package redis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// claimModel says who has each value, from what commands are known to have done.
type claimModel struct {
	*crashing
	has    map[string]eventlog.Ref
	open   []eventlog.Append // ended without an answer: their clients may try again
	late   []lateCall
	values []string
	refs   []eventlog.Ref
}

// lateCall is a call of append.lua that the network holds back.
type lateCall struct {
	a eventlog.Append
	w *claiming
}

// Random commands of several entities take, give up and move values, end anywhere, are tried again, and come late. After each of them heads are as a simple map says.
func TestClaimsEqualModel(t *testing.T) {
	c := newCrashing(t)
	sequence := 0
	rapid.Check(t, func(rt *rapid.T) {
		sequence++
		m := &claimModel{crashing: c, has: map[string]eventlog.Ref{}}
		for v := range 3 {
			m.values = append(m.values, fmt.Sprintf("%d-%d", sequence, v))
		}
		for p := range 2 {
			for n := range 2 {
				m.refs = append(m.refs, c.in(p, n))
			}
		}
		for range rapid.IntRange(1, 14).Draw(rt, "commands") {
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				m.again(rt)
			case 1:
				m.delay(rt)
			case 2:
				m.arrive(rt)
			default:
				m.run(rt, m.draw(rt))
			}
			m.compare(rt)
		}
		for _, v := range m.values {
			c.settled(v, m.has[v])
		}
		m.clear(rt)
	})
}

// draw draws a command of an entity, about values of it and of those that lie with it.
func (m *claimModel) draw(rt *rapid.T) eventlog.Append {
	primary := rapid.SampledFrom(m.refs).Draw(rt, "primary")
	var claim, release []eventlog.Claim
	near := func() eventlog.Ref {
		r := rapid.SampledFrom(m.refs).Draw(rt, "owner")
		if m.PartitionOf(r) != m.PartitionOf(primary) {
			return primary
		}
		return r
	}
	for _, v := range m.values {
		if rapid.IntRange(0, 1).Draw(rt, "release") == 0 {
			release = append(release, value(near(), v))
		}
		if rapid.IntRange(0, 1).Draw(rt, "claim") == 0 {
			claim = append(claim, value(near(), v))
		}
	}
	return m.command(primary, claim, release)
}

func (m *claimModel) run(rt *rapid.T, a eventlog.Append) {
	step := rapid.SampledFrom(append([]string{"none", "none"}, steps...)).Draw(rt, "ends at")
	crashed, err := m.crashAt(step, rapid.IntRange(0, 2).Draw(rt, "passes"), func() error { return m.try(a) })
	if crashed && err == nil {
		err = errCrash // nobody has got the answer
	}
	m.known(rt, a, err)
}

// known takes over what a command has done.
func (m *claimModel) known(rt *rapid.T, a eventlog.Append, err error) {
	var claimed *eventlog.ClaimedError
	var conflict *eventlog.ConflictError
	switch {
	case errors.As(err, &claimed):
		if m.has[claimed.Claim.Value] != claimed.Owner {
			rt.Fatalf("%v, who has not: %v", err, m.has)
		}
	case errors.As(err, &conflict):
	case errors.Is(err, errCrash):
		m.open = append(m.open, a)
		if m.happened(rt, a) {
			m.apply(rt, a)
		}
	case err != nil:
		rt.Fatal(err)
	default:
		m.apply(rt, a)
	}
}

func (m *claimModel) happened(rt *rapid.T, a eventlog.Append) bool {
	loaded, err := m.Load(context.Background(), eventlog.Load{Primary: a.Primary, CommandID: a.CommandID})
	if err != nil {
		rt.Fatal(err)
	}
	return loaded.Receipt != nil
}

// apply does to the map what the append does to heads, and fails if it must not have happened.
func (m *claimModel) apply(rt *rapid.T, a eventlog.Append) {
	for _, c := range a.Release {
		if m.has[c.Value] == c.Owner {
			delete(m.has, c.Value)
		}
	}
	for _, c := range a.Claim {
		if has := m.has[c.Value]; has != (eventlog.Ref{}) && has != c.Owner {
			rt.Fatalf("%s has taken %q, which %s has", c.Owner, c.Value, has)
		}
		m.has[c.Value] = c.Owner
	}
}

// again tries a command again that had no answer.
func (m *claimModel) again(rt *rapid.T) {
	if len(m.open) == 0 {
		return
	}
	a := rapid.SampledFrom(m.open).Draw(rt, "again")
	before := m.happened(rt, a)
	receipt, err := m.Append(context.Background(), a)
	switch {
	case before && (err != nil || !receipt.Duplicate):
		rt.Fatalf("what had happened is no duplicate: %v", err)
	case !before:
		m.known(rt, a, err)
	}
}

// delay has a command reserve, and its append be on its way from then on.
func (m *claimModel) delay(rt *rapid.T) {
	a := m.draw(rt)
	w := newClaiming(m.Log, &a)
	taken, _, err := w.reserve(context.Background())
	if err != nil {
		rt.Fatal(err)
	}
	if taken == nil {
		m.late = append(m.late, lateCall{a, w})
	}
}

// arrive delivers an append that was on its way.
func (m *claimModel) arrive(rt *rapid.T) {
	if len(m.late) == 0 {
		return
	}
	l := rapid.SampledFrom(m.late).Draw(rt, "late")
	if rapid.Bool().Draw(rt, "of another version") { // nothing else in its way than what became of its claims
		l.a.Conditions[0].Version = m.command(l.a.Primary, nil, nil).Conditions[0].Version
	}
	reply, err := m.send(context.Background(), &l.a, "late", l.w.part(nil, eventlog.Ref{}))
	if err != nil {
		rt.Fatal(err)
	}
	if texts(reply)[0] == "ok" {
		m.apply(rt, l.a)
	}
}

func (m *claimModel) compare(rt *rapid.T) {
	got := m.holders()
	maps.DeleteFunc(got, func(v string, _ eventlog.Ref) bool { return m.has[v] == got[v] })
	if len(got) != 0 {
		rt.Fatalf("beyond the model's %v heads have %v", m.has, got)
	}
	all := m.holders()
	for v, r := range m.has {
		if all[v] != r {
			rt.Fatalf("%q is %v's, not %v's", v, all[v], r)
		}
	}
}

// clear gives everything up, so that the heads of the next sequence are as short.
func (m *claimModel) clear(rt *rapid.T) {
	for v, r := range m.has {
		if err := m.try(m.command(r, nil, []eventlog.Claim{value(r, v)})); err != nil {
			rt.Fatal(err)
		}
	}
}
