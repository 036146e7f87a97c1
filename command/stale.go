package command

import (
	"context"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// staleClaim is a unique value that an entity took and has no more, and that was not given up: the model had no @unique when it was changed or deleted.
type staleClaim struct {
	eventlog.Claim
	version int64 // of its owner, that has it no more
}

// forsake looks whether the owner of a value that a command wants still has it. If not, the next try takes the value from it.
func (a *attempt) forsake(ctx context.Context, c eventlog.Claim, owner eventlog.Ref) (bool, error) {
	c.Owner = owner
	if !a.cfg.Log.Spans() || slices.ContainsFunc(a.stale, func(s staleClaim) bool { return s.Claim == c }) {
		return false, nil // a Cluster looks for itself
	}
	loaded, err := a.cfg.Log.Load(ctx, eventlog.Load{Primary: owner})
	if err != nil {
		return false, a.failed(err, false)
	}
	head := loaded.Heads[owner]
	if a.holds(head, c) {
		return false, nil
	}
	a.stale = append(a.stale, staleClaim{c, head.Version})
	return true, nil
}

// holds reports whether an entity with that head has the value.
func (a *attempt) holds(head eventlog.Head, c eventlog.Claim) bool {
	if head.Version == 0 || head.Deleted {
		return false
	}
	e := a.cfg.Model.Entity(c.Owner.Entity)
	if e == nil {
		return true // another model's to know
	}
	for _, u := range e.Uniques {
		if u.Name == c.Field {
			value, has := uniqueOf(e, u, head)
			return has && value == c.Value
		}
	}
	return true
}

// takeStale has the append give up what owners have no more, as long as they are as they were seen.
func (a *attempt) takeStale(out *eventlog.Append) {
	for _, s := range a.stale {
		if !slices.ContainsFunc(out.Claim, func(c eventlog.Claim) bool { return c.Field == s.Field && c.Value == s.Value }) {
			continue
		}
		out.Release = append(out.Release, s.Claim)
		i := slices.IndexFunc(out.Conditions, func(c eventlog.Condition) bool { return c.Ref == s.Owner })
		switch {
		case i < 0:
			out.Conditions = append(out.Conditions, eventlog.Condition{Ref: s.Owner, Version: s.version})
		case out.Conditions[i].Alive:
			out.Conditions[i] = eventlog.Condition{Ref: s.Owner, Version: s.version}
		}
	}
}
