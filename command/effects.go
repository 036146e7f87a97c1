package command

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// effects are what a decision leads to so far. Claims, releases and timers are what remains of all its steps.
type effects struct {
	events   []eventlog.NewEvent
	claims   map[claimKey]eventlog.Ref
	releases map[claimKey]eventlog.Ref
	timers   map[eventlog.TimerKey]*eventlog.Timer // nil: to be cancelled
}

type claimKey struct{ field, value string }

func (e *effects) clone() effects {
	return effects{slices.Clone(e.events), maps.Clone(e.claims), maps.Clone(e.releases), maps.Clone(e.timers)}
}

// claim adds the unique values that an entity takes and gives up.
func (e *effects) claim(owner eventlog.Ref, d *difference) error {
	if len(d.claims)+len(d.frees) == 0 {
		return nil
	}
	if e.claims == nil {
		e.claims, e.releases = map[claimKey]eventlog.Ref{}, map[claimKey]eventlog.Ref{}
	}
	for _, k := range d.frees {
		if e.claims[k] == owner {
			delete(e.claims, k)
		}
		if _, other := e.releases[k]; !other {
			e.releases[k] = owner
		}
	}
	for _, k := range d.claims {
		if len(k.value) > eventlog.MaxClaimValue {
			return tooLong(d.entity, k)
		}
		if other, taken := e.claims[k]; taken && other != owner {
			return notUnique(d.entity, k.field, k.value)
		}
		e.claims[k] = owner
	}
	return nil
}

func (e *effects) setTimer(key eventlog.TimerKey, t *eventlog.Timer) {
	if e.timers == nil {
		e.timers = map[eventlog.TimerKey]*eventlog.Timer{}
	}
	e.timers[key] = t
}

// into puts the effects into an append. The event of the command's own entity comes first.
func (e *effects) into(a *eventlog.Append) {
	own := len(e.events) - 1 // decided last, after all that its rule ran
	a.Events = append(append(a.Events, e.events[own]), e.events[:own]...)
	a.Claim, a.Release = claimsOf(e.claims), claimsOf(e.releases)
	for key, t := range e.timers {
		if t == nil {
			a.Cancel = append(a.Cancel, key)
		} else {
			a.Timers = append(a.Timers, *t)
		}
	}
}

func claimsOf(m map[claimKey]eventlog.Ref) []eventlog.Claim {
	out := make([]eventlog.Claim, 0, len(m))
	for k, owner := range m {
		out = append(out, eventlog.Claim{Field: k.field, Value: k.value, Owner: owner})
	}
	return out
}

// next returns the head as the event leaves it, for what else the same decision does with the entity.
func (d *difference) next(before eventlog.Head, after *Snapshot) eventlog.Head {
	h := eventlog.Head{
		Version: after.Version, State: after.State, Deleted: after.Deleted, Place: before.Place,
		At: after.UpdatedAt, CreatedAt: after.CreatedAt, Fields: maps.Clone(before.Fields),
	}
	if h.Fields == nil {
		h.Fields = make(map[string]json.RawMessage, len(d.set))
	}
	maps.Copy(h.Fields, d.set)
	for _, name := range d.clear {
		delete(h.Fields, name)
	}
	return h
}
