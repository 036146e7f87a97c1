package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// attempt is one command on its way. prepare is done once, run once per try.
type attempt struct {
	cfg  *Config
	spec *schema.Command
	cmd  Command

	ref   eventlog.Ref
	refs  []reference // in the arguments
	input []byte
	hash  string
	stale []staleClaim
}

// prepare completes and checks what does not depend on the log.
func (a *attempt) prepare() error {
	c := &a.cmd
	input, err := encodeInput(a.cfg.Model, a.spec, c.Input)
	if err != nil {
		return err
	}
	a.input, a.hash = input, inputHash(c, input)
	if c.CommandID != "" && !validID(c.CommandID) {
		return invalid("command.id", "a command id has 1 to 200 bytes of UTF-8 and no control characters")
	}
	if c.ID == "" && a.spec.Kind == schema.Create {
		c.ID = newID(a.spec, c.Input, c.CommandID)
	}
	if err := checkID(c.ID); err != nil {
		return err
	}
	if err := checkOwner(a.cfg.Model, a.spec, c.ID, c.Input); err != nil {
		return err
	}
	if c.CommandID == "" {
		c.CommandID = newCommandID()
	}
	if v := c.ExpectedVersion; v != nil && *v < 0 {
		return invalid("command.expectedVersion", "a version is 0 or more")
	}
	if c.OccurredAt != nil && !a.cfg.AllowImport {
		return invalid("command.occurredAt", "this server does not import history: start it with --allow-import for that")
	}
	if c.RunAt != nil && c.OccurredAt != nil {
		return invalid("command.runAt", "what is imported has happened: it can't be run at another time")
	}
	a.ref = eventlog.Ref{Entity: a.spec.Entity.Name, ID: c.ID}
	a.refs = argRefs(a.cfg.Model, a.spec, c.Input)
	if err := a.load().Check(); err != nil { // more than a log reads at once
		return tooMuch(err)
	}
	return nil
}

// run loads, decides and appends once.
func (a *attempt) run(ctx context.Context) (*Result, error) {
	loaded, err := a.cfg.Log.Load(ctx, a.load())
	if err != nil {
		return nil, a.failed(err, false)
	}
	head := loaded.Heads[a.ref]
	if loaded.Receipt != nil {
		return a.duplicate(ctx, loaded.Receipt, head)
	}
	before, err := snapshot(a.cfg.Model, a.ref, head)
	if err != nil {
		return nil, err
	}
	if a.cmd.RunAt != nil && !a.cmd.DryRun {
		return a.schedule(ctx, loaded, before)
	}
	d, err := a.decide(ctx, loaded, before)
	if err != nil {
		return rejected(visible(before), err)
	}
	if a.cmd.DryRun {
		return a.rehearsed(ctx, d, before)
	}
	receipt, err := a.cfg.Log.Append(ctx, d.append)
	if err != nil {
		return a.appendFailed(ctx, before, err)
	}
	if receipt.Duplicate {
		return a.duplicateNow(ctx, receipt)
	}
	at := receipt.Events[0].At.UTC()
	d.after.UpdatedAt = at
	if d.after.Version == 1 {
		d.after.CreatedAt = at
	}
	return &Result{Entity: d.after, Receipt: a.receipt(receipt), Known: others(d.heads, a.ref)}, nil
}

func (a *attempt) load() eventlog.Load {
	l := eventlog.Load{Primary: a.ref, CommandID: a.cmd.CommandID}
	seen := map[eventlog.Ref]bool{a.ref: true}
	for _, r := range a.refs {
		if !seen[r.ref] && validID(r.ref.ID) {
			seen[r.ref] = true
			l.Refs = append(l.Refs, r.ref)
		}
	}
	return l
}

// appendFailed turns what the log refused into rejections; a lost race stays an error, so that the command is tried again.
func (a *attempt) appendFailed(ctx context.Context, before *Snapshot, err error) (*Result, error) {
	var claimed *eventlog.ClaimedError
	var conflict *eventlog.ConflictError
	switch {
	case errors.Is(err, eventlog.ErrCommandIDReused):
		return rejected(visible(before), reused(a.cmd.CommandID))
	case errors.As(err, &claimed):
		stale, err := a.forsake(ctx, claimed.Claim, claimed.Owner)
		switch {
		case err != nil:
			return nil, err
		case stale:
			return nil, &eventlog.ConflictError{Ref: claimed.Owner}
		}
		return rejected(visible(before), a.notUnique(claimed.Claim))
	case errors.As(err, &conflict):
		a.stale = slices.DeleteFunc(a.stale, func(s staleClaim) bool { return s.Owner == conflict.Ref }) // it may have the value again
		return nil, err
	case errors.Is(err, eventlog.ErrNoTimer):
		return nil, err
	case errors.Is(err, eventlog.ErrApart):
		return nil, fmt.Errorf("a rule of %s reaches too far: %w", a.spec.Name, err)
	case errors.Is(err, eventlog.ErrInvalid): // more than a log takes, which is the client's doing
		return rejected(visible(before), tooMuch(err))
	}
	return nil, a.failed(err, true)
}

// failed says what is known of the command's outcome after the log failed.
func (a *attempt) failed(err error, appending bool) error {
	return &OutcomeError{CommandID: a.cmd.CommandID, Unknown: appending, Err: err}
}

// lost is the answer when the race was lost too often.
func (a *attempt) lost(ctx context.Context, conflict *eventlog.ConflictError) (*Result, error) {
	loaded, err := a.cfg.Log.Load(ctx, eventlog.Load{Primary: a.ref})
	if err != nil {
		return nil, a.failed(err, false)
	}
	now, err := snapshot(a.cfg.Model, a.ref, loaded.Heads[a.ref])
	if err != nil {
		return nil, err
	}
	return rejected(visible(now), &Rejection{Code: VersionConflict, State: now.State, Message: conflict.Error() + ": it changed while the command was decided"})
}

// notUnique says that another entity has a value; which argument it came from is known of the command's own entity only.
func (a *attempt) notUnique(c eventlog.Claim) *Rejection {
	r := notUnique(a.cfg.Model.Entity(c.Owner.Entity), c.Field, c.Value)
	if c.Owner != a.ref {
		r.Field = ""
	}
	return r
}

func (a *attempt) receipt(r *eventlog.Receipt) *Receipt {
	return &Receipt{
		CommandID: r.CommandID, Position: r.Position(), Version: r.Events[0].Version, Events: r.Events,
		Duplicate: r.Duplicate, Durability: a.cfg.Log.Durability(),
	}
}

// others are the heads that were read besides the command's own entity.
func others(heads map[Ref]eventlog.Head, own Ref) Known {
	delete(heads, own)
	return Known{heads}
}

// rehearsed is the answer to a dry run: what would have happened. Unique values, which only an append is sure of, are asked for.
func (a *attempt) rehearsed(ctx context.Context, d *decision, before *Snapshot) (*Result, error) {
	if err := d.append.Check(); err != nil {
		return rejected(visible(before), tooMuch(err))
	}
	if claims := d.append.Claim; len(claims) > 0 {
		loaded, err := a.cfg.Log.Load(ctx, eventlog.Load{Primary: a.ref, Claims: claims})
		if err != nil {
			return nil, a.failed(err, false)
		}
		for i, owner := range loaded.Owners {
			if owner == (eventlog.Ref{}) || owner == claims[i].Owner || d.releases(claims[i], owner) {
				continue
			}
			if stale, err := a.forsake(ctx, claims[i], owner); err != nil || !stale {
				if err != nil {
					return nil, err
				}
				return rejected(visible(before), a.notUnique(claims[i]))
			}
		}
	}
	r := &Receipt{CommandID: a.cmd.CommandID, Version: d.after.Version, Durability: "none"}
	versions := map[eventlog.Ref]int64{}
	for _, c := range d.append.Conditions {
		versions[c.Ref] = c.Version
	}
	for _, e := range d.append.Events {
		versions[e.Ref]++
		r.Events = append(r.Events, eventlog.Appended{
			Ref: e.Ref, Name: e.Name, From: e.From, To: e.To, Version: versions[e.Ref], At: d.append.Decided,
			Partition: a.cfg.Log.PartitionOf(e.Ref),
		})
	}
	return &Result{Entity: d.after, Receipt: r, Known: others(d.heads, a.ref)}, nil
}

// releases reports whether the append takes a claimed value from its owner.
func (d *decision) releases(c eventlog.Claim, owner eventlog.Ref) bool {
	return slices.ContainsFunc(d.append.Release, func(r eventlog.Claim) bool {
		return r.Field == c.Field && r.Value == c.Value && r.Owner == owner
	})
}

// when returns the time of the event to be.
func (a *attempt) when(now time.Time, head eventlog.Head) (scalar.DateTime, error) {
	if a.cmd.OccurredAt == nil {
		return scalar.NewDateTime(later(now, head.At)), nil // the clock stepped back, and the entity's last event was imported, which moves no partition's clock
	}
	at := *a.cmd.OccurredAt
	switch {
	case at.Time().After(now):
		return at, invalid("command.occurredAt", fmt.Sprintf("%s lies in the future of the log, where it is %s", at, scalar.NewDateTime(now)))
	case head.Version > 0 && at.Time().Before(head.At):
		return at, invalid("command.occurredAt", fmt.Sprintf("%s is before the entity's previous event, which was at %s", at, scalar.NewDateTime(head.At)))
	}
	return at, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func invalid(field, message string) *Rejection {
	return &Rejection{Code: InvalidInput, Field: field, Message: message}
}

// tooMuch is the rejection of what no log takes, or reads at once. What it says is for the client, who made it too much.
func tooMuch(err error) *Rejection {
	return invalid("", "the command is too much at once: "+strings.TrimPrefix(err.Error(), eventlog.ErrInvalid.Error()+": "))
}

func reused(id string) *Rejection {
	return &Rejection{Code: CommandIDReused, Field: "command.id", Message: fmt.Sprintf("the command id %q was used before with another input", id)}
}

func checkID(id string) error {
	if !validID(id) {
		return invalid("id", "an id has 1 to 200 bytes of UTF-8 and no control characters")
	}
	return nil
}

func validID(id string) bool {
	if len(id) == 0 || len(id) > 200 || !utf8.ValidString(id) {
		return false
	}
	for _, r := range id {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
