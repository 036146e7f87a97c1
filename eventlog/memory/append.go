package memory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// Append implements eventlog.Log: everything is checked before anything is written.
func (l *Log) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	metas := make([]string, len(a.Events))
	for i := range a.Events {
		var err error
		if metas[i], err = entry.Meta(&a, &a.Events[i]); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx, "append"); err != nil {
		return nil, err
	}
	if old := l.receipts.find(a.CommandID); old != nil {
		if old.InputHash != a.InputHash {
			return nil, fmt.Errorf("%w: %s", eventlog.ErrCommandIDReused, a.CommandID)
		}
		return old, nil
	}
	if err := l.check(&a); err != nil {
		return nil, err
	}
	r := &eventlog.Receipt{CommandID: a.CommandID, InputHash: a.InputHash, Events: l.storeEvents(&a, metas)}
	l.storeClaims(&a)
	l.storeTimers(&a)
	l.receipts.add(r, l.utc(), l.window)
	return copyReceipt(r, false), nil
}

// check finds out whether the append may happen, in the contract's order.
func (l *Log) check(a *eventlog.Append) error {
	if f := a.Fire; f != nil {
		if t := l.timers[f.TimerKey]; t == nil || t.Token != f.Token {
			return fmt.Errorf("%w: %s of %s", eventlog.ErrNoTimer, f.Name, f.Ref)
		}
	}
	for _, c := range a.Conditions {
		if h := l.heads[c.Ref]; !c.Holds(h) {
			return &eventlog.ConflictError{Ref: c.Ref, Expected: c.Version, Actual: h.Version}
		}
	}
	for _, c := range a.Claim {
		owner, taken := l.owners[unique{c.Field, c.Value}]
		if taken && owner != c.Owner && !releases(a, c, owner) {
			return &eventlog.ClaimedError{Claim: c, Owner: owner}
		}
	}
	return nil
}

// releases reports whether the append takes the claimed value from the owner: it moves within the append.
func releases(a *eventlog.Append, c eventlog.Claim, owner eventlog.Ref) bool {
	for _, r := range a.Release {
		if r.Field == c.Field && r.Value == c.Value && r.Owner == owner {
			return true
		}
	}
	return false
}

func (l *Log) storeEvents(a *eventlog.Append, metas []string) []eventlog.Appended {
	at := a.Decided.UTC().Round(0)
	touched := map[*partition]bool{}
	for i := range a.Events {
		p := l.partitions[l.PartitionOf(a.Events[i].Ref)]
		touched[p] = true
		if p.clock.After(at) && !a.Imported {
			at = p.clock
		}
	}
	out := make([]eventlog.Appended, len(a.Events))
	for i := range a.Events {
		out[i] = l.storeEvent(a, &a.Events[i], metas[i], at)
	}
	for p := range touched {
		if !a.Imported {
			p.clock = at
		}
		close(p.woken)
		p.woken = make(chan struct{})
	}
	return out
}

func (l *Log) storeEvent(a *eventlog.Append, e *eventlog.NewEvent, meta string, at time.Time) eventlog.Appended {
	number := l.PartitionOf(e.Ref)
	p, old := l.partitions[number], l.heads[e.Ref]
	en := entry.Entry{
		Partition: number, Seq: uint64(len(p.entries)) + 1, Version: old.Version + 1, Back: old.Place.Seq,
		At: entry.FormatTime(at), Meta: meta, Changes: string(e.Changes), Input: string(a.Input),
	}
	if n := len(p.entries); n > 0 {
		en.Prev = p.entries[n-1].Hash
	}
	en.Hash = en.Sum()
	p.entries = append(p.entries, en)
	h := eventlog.Head{Version: en.Version, State: e.To, Deleted: e.Deleted, At: at, CreatedAt: old.CreatedAt, Fields: merge(old.Fields, e)}
	h.Place.Seq = en.Seq
	if en.Version == 1 {
		h.CreatedAt = at
	}
	l.heads[e.Ref] = h
	return eventlog.Appended{Ref: e.Ref, Name: e.Name, From: e.From, To: e.To, Version: en.Version, Partition: number, Seq: en.Seq, At: at}
}

// merge returns the head's fields after the event.
func merge(fields map[string]json.RawMessage, e *eventlog.NewEvent) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(fields)+len(e.Set))
	for name, value := range fields {
		out[name] = value
	}
	for name, value := range e.Set {
		out[name] = bytes.Clone(value)
	}
	for _, name := range e.Clear {
		delete(out, name)
	}
	return out
}

func (l *Log) storeClaims(a *eventlog.Append) {
	for _, c := range a.Release {
		if key := (unique{c.Field, c.Value}); l.owners[key] == c.Owner {
			delete(l.owners, key)
		}
	}
	for _, c := range a.Claim {
		l.owners[unique{c.Field, c.Value}] = c.Owner
	}
}
