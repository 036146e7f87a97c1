package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// draft is what an append finds out before its first write.
type draft struct {
	a     *eventlog.Append
	heads map[eventlog.Ref]eventlog.Head // of every condition, as the events so far leave it
	tails map[int]*eventlog.Tail         // of every partition that gets an event
	at    string                         // the time of all its events
	out   []eventlog.Appended
}

// append checks everything in the contract's order, then writes. Its caller holds the write lock and a savepoint.
func (w *writer) append(ctx context.Context, a *eventlog.Append) (*eventlog.Receipt, error) {
	old, err := scanReceipt(w.stmts.receipt.QueryRowContext(ctx, a.CommandID), a.CommandID)
	if err != nil {
		return nil, w.log.fail("append", err)
	}
	if old != nil {
		if old.InputHash != a.InputHash {
			return nil, fmt.Errorf("%w: %s", eventlog.ErrCommandIDReused, a.CommandID)
		}
		return old, nil
	}
	d := &draft{a: a, heads: map[eventlog.Ref]eventlog.Head{}, tails: map[int]*eventlog.Tail{}}
	if err := w.check(ctx, d); err != nil {
		return nil, err
	}
	if err := w.store(ctx, d); err != nil {
		return nil, w.log.fail("append", err)
	}
	return &eventlog.Receipt{CommandID: a.CommandID, InputHash: a.InputHash, Events: d.out}, nil
}

func (w *writer) check(ctx context.Context, d *draft) error {
	if err := w.checkFire(ctx, d.a.Fire); err != nil {
		return err
	}
	for _, c := range d.a.Conditions {
		h, err := scanHead(w.stmts.head.QueryRowContext(ctx, c.Ref.Entity, c.Ref.ID))
		if err != nil {
			return w.log.fail("append", err)
		}
		if !c.Holds(h) {
			return &eventlog.ConflictError{Ref: c.Ref, Expected: c.Version, Actual: h.Version}
		}
		d.heads[c.Ref] = h
	}
	for _, c := range d.a.Claim {
		if err := w.checkClaim(ctx, d.a, c); err != nil {
			return err
		}
	}
	clock := d.a.Decided.UTC()
	for i := range d.a.Events {
		p := w.log.PartitionOf(d.a.Events[i].Ref)
		if d.tails[p] != nil {
			continue
		}
		t, err := scanTail(w.stmts.tail.QueryRowContext(ctx, p))
		if err != nil {
			return w.log.fail("append", err)
		}
		if t.Clock.After(clock) && !d.a.Imported {
			clock = t.Clock
		}
		d.tails[p] = &t
	}
	d.at = entry.FormatTime(clock)
	return nil
}

func (w *writer) checkClaim(ctx context.Context, a *eventlog.Append, c eventlog.Claim) error {
	var owner eventlog.Ref
	err := w.stmts.claimed.QueryRowContext(ctx, c.Field, c.Value).Scan(&owner.Entity, &owner.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return w.log.fail("append", err)
	}
	if owner == c.Owner {
		return nil
	}
	for _, r := range a.Release {
		if r.Field == c.Field && r.Value == c.Value && r.Owner == owner {
			return nil // it moves within this append
		}
	}
	return &eventlog.ClaimedError{Claim: c, Owner: owner}
}

// store writes the draft. Any error here undoes the savepoint.
func (w *writer) store(ctx context.Context, d *draft) error {
	for i := range d.a.Events {
		if err := w.storeEvent(ctx, d, &d.a.Events[i]); err != nil {
			return err
		}
	}
	for p, t := range d.tails {
		clock := entry.FormatTime(t.Clock)
		if t.Clock.IsZero() {
			clock = ""
		}
		if !d.a.Imported {
			clock = d.at
		}
		if _, err := w.stmts.setTail.ExecContext(ctx, t.Place.Seq, t.Hash, clock, p); err != nil {
			return err
		}
	}
	for _, c := range d.a.Release {
		if _, err := w.stmts.release1.ExecContext(ctx, c.Field, c.Value, c.Owner.Entity, c.Owner.ID); err != nil {
			return err
		}
	}
	for _, c := range d.a.Claim {
		if _, err := w.stmts.claim.ExecContext(ctx, c.Field, c.Value, c.Owner.Entity, c.Owner.ID); err != nil {
			return err
		}
	}
	if err := w.storeTimers(ctx, d.a); err != nil {
		return err
	}
	events, err := json.Marshal(d.out)
	if err != nil {
		return err
	}
	_, err = w.stmts.setReceipt.ExecContext(ctx, d.a.CommandID, d.a.InputHash, w.log.clock.wall().Unix(), string(events))
	return err
}

func (w *writer) storeEvent(ctx context.Context, d *draft, e *eventlog.NewEvent) error {
	p := w.log.PartitionOf(e.Ref)
	tail, head := d.tails[p], d.heads[e.Ref]
	meta, err := entry.Meta(d.a, e)
	if err != nil {
		return err
	}
	en := entry.Entry{
		Partition: p, Seq: tail.Place.Seq + 1, Epoch: tail.Place.Epoch, Version: head.Version + 1, Back: head.Place.Seq,
		At: d.at, Prev: tail.Hash, Meta: meta, Changes: string(e.Changes), Input: string(d.a.Input),
	}
	en.Hash = en.Sum()
	if _, err := w.stmts.event.ExecContext(ctx, placeOf(p, en.Seq), en.Epoch, en.Version, en.Back,
		en.At, en.Prev, en.Hash, en.Meta, en.Changes, en.Input); err != nil {
		return err
	}
	tail.Place.Seq, tail.Hash = en.Seq, en.Hash
	at, err := entry.ParseTime(en.At)
	if err != nil {
		return err
	}
	d.out = append(d.out, eventlog.Appended{Ref: e.Ref, Name: e.Name, From: e.From, To: e.To, Version: en.Version,
		Partition: p, Epoch: en.Epoch, Seq: en.Seq, At: at})
	created := at
	if head.Version > 0 {
		created = head.CreatedAt
	}
	next := eventlog.Head{Version: en.Version, State: e.To, Deleted: e.Deleted, Place: tail.Place, At: at, CreatedAt: created, Fields: merge(head.Fields, e)}
	d.heads[e.Ref] = next // the entity may have another event in this append
	_, err = w.stmts.setHead.ExecContext(ctx, e.Ref.Entity, e.Ref.ID, next.Version, next.State, next.Deleted, en.Epoch, en.Seq, en.At,
		entry.FormatTime(created), encodeFields(next.Fields))
	return err
}

// merge applies what the event does to the head's fields. Fields it doesn't name stay, known to this process or not.
func merge(fields map[string]json.RawMessage, e *eventlog.NewEvent) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(fields)+len(e.Set))
	for name, value := range fields {
		out[name] = value
	}
	for name, value := range e.Set {
		out[name] = value
	}
	for _, name := range e.Clear {
		delete(out, name)
	}
	return out
}
