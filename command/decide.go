package command

import (
	"context"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// decision is what a command leads to.
type decision struct {
	append eventlog.Append
	after  *Snapshot
	heads  map[eventlog.Ref]eventlog.Head // of everything that was read, as it will be
}

// decide checks the command against what was loaded and computes the append. Its error is a *Rejection or a failure. It changes nothing.
func (a *attempt) decide(ctx context.Context, loaded *eventlog.Loaded, before *Snapshot) (*decision, error) {
	if err := checkExists(a.spec, a.ref, before); err != nil { // a wrong state counts after a wrong version
		return nil, err
	}
	if v := a.cmd.ExpectedVersion; v != nil && *v != before.Version {
		return nil, &Rejection{Code: VersionConflict, Field: "command.expectedVersion", State: before.State,
			Message: fmt.Sprintf("%s is at version %d, not %d", a.ref, before.Version, *v)}
	}
	now, err := a.when(loaded.Now, loaded.Heads[a.ref])
	if err != nil {
		return nil, err
	}
	c := newContext(ctx, a.cfg, &a.cmd, loaded.Heads, now)
	c.conditions[a.ref], c.needed[a.ref] = before.Version, true
	s := &step{c: c, spec: a.spec, ref: a.ref, input: a.cmd.Input, refs: a.refs, before: before}
	after, err := s.decide()
	if err != nil {
		return nil, err
	}
	return a.decided(c, after), nil
}

// decided puts the append together.
func (a *attempt) decided(c *Context, after *Snapshot) *decision {
	out := eventlog.Append{
		Primary: a.ref, CommandID: a.cmd.CommandID, InputHash: a.hash, Decided: c.now.Time(), Imported: a.cmd.OccurredAt != nil,
		Fire: a.cmd.Fire, Depth: a.cmd.Depth,
		Actor: a.cmd.Actor, CorrelationID: a.cmd.CorrelationID, CausationID: a.cmd.CausationID, Input: a.input,
	}
	c.effects.into(&out)
	out.Conditions = c.conditionsOf()
	a.takeStale(&out)
	return &decision{append: out, after: after, heads: c.heads}
}

// snapshot decodes a head.
func snapshot(m *schema.Model, ref eventlog.Ref, head eventlog.Head) (*Snapshot, error) {
	s := &Snapshot{Ref: ref, Version: head.Version, State: head.State, Deleted: head.Deleted, UpdatedAt: head.At.UTC(), CreatedAt: head.CreatedAt.UTC()}
	e := m.Entity(ref.Entity)
	if e == nil || head.Version == 0 {
		return s, nil
	}
	var err error
	s.Fields, err = decodeHead(m, e, ref.ID, head)
	return s, err
}

func decodeHead(m *schema.Model, e *schema.Entity, id string, head eventlog.Head) (schema.Record, error) {
	r := make(schema.Record, len(head.Fields)+2)
	for _, f := range e.Fields {
		raw, ok := head.Fields[f.Name]
		if !ok {
			continue
		}
		v, err := m.DecodeValue(f.Type, raw)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s %s in the log: %w", f.Name, e.Name, id, err)
		}
		set(r, f.Name, v)
	}
	r["id"] = id
	if e.State != nil && head.State != "" {
		r[e.State.Name] = head.State
	}
	return r, nil
}

// visible returns the entity as a client may see it: nil if it is not there.
func visible(s *Snapshot) *Snapshot {
	if s.Version == 0 || s.Deleted {
		return nil
	}
	return s
}

func set(r schema.Record, name string, v any) {
	if v == nil {
		delete(r, name)
		return
	}
	r[name] = v
}

// changedRefs returns the references in fields that a rule changed: those of the arguments were checked before it ran.
func changedRefs(m *schema.Model, e *schema.Entity, before, after schema.Record) []reference {
	was := map[eventlog.Ref]bool{}
	for _, f := range e.Fields {
		for _, r := range refsIn(m, nil, f, before[f.Name], f.Name) {
			was[r.ref] = true
		}
	}
	var out []reference
	for _, f := range e.Fields {
		for _, r := range refsIn(m, nil, f, after[f.Name], f.Name) {
			if !was[r.ref] {
				out = append(out, r)
			}
		}
	}
	return out
}
