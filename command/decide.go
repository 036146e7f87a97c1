package command

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// decision is what a command leads to.
type decision struct {
	append eventlog.Append
	after  *Snapshot
}

// decide checks the command against what was loaded and computes the append. Its error is a *Rejection or a failure. It changes nothing.
func (a *attempt) decide(ctx context.Context, loaded *eventlog.Loaded, before *Snapshot) (*decision, error) {
	if err := a.checkLife(before); err != nil {
		return nil, err
	}
	now, err := a.when(loaded.Now, loaded.Heads[a.ref])
	if err != nil {
		return nil, err
	}
	c := &Context{
		ctx: ctx, model: a.cfg.Model, log: a.cfg.Log, now: now, heads: loaded.Heads,
		conditions: map[eventlog.Ref]int64{a.ref: before.Version},
	}
	if err := c.checkRefs(a.refs); err != nil {
		return nil, err
	}
	fields, err := a.apply(c, before)
	if err != nil {
		return nil, err
	}
	return a.decided(c, before, fields)
}

// checkLife checks existence, version and state.
func (a *attempt) checkLife(before *Snapshot) error {
	entity := a.spec.Entity
	if a.spec.Kind == schema.Create {
		if before.Version > 0 {
			return &Rejection{Code: AlreadyExists, Field: "id", State: before.State, Message: fmt.Sprintf("the id %q is taken by another %s", a.ref.ID, entity.Name)}
		}
	} else if before.Version == 0 || before.Deleted {
		return &Rejection{Code: NotFound, Field: "id", Message: fmt.Sprintf("there is no %s with id %q", entity.Name, a.ref.ID)}
	}
	if v := a.cmd.ExpectedVersion; v != nil && *v != before.Version {
		return &Rejection{Code: VersionConflict, Field: "command.expectedVersion", State: before.State,
			Message: fmt.Sprintf("%s is at version %d, not %d", a.ref, before.Version, *v)}
	}
	if len(a.spec.From) > 0 && !slices.Contains(a.spec.From, before.State) {
		return &Rejection{Code: InvalidTransition, State: before.State, Allowed: allowed(entity, before.State),
			Message: fmt.Sprintf("%s is not possible: %s %q is %s", a.spec.Name, entity.Name, a.ref.ID, before.State)}
	}
	return nil
}

// allowed returns the names of the commands that may run in a state.
func allowed(e *schema.Entity, state string) []string {
	var out []string
	for _, c := range e.Commands {
		if c.Kind != schema.Create && (len(c.From) == 0 || slices.Contains(c.From, state)) {
			out = append(out, c.Name)
		}
	}
	return out
}

// apply sets the arguments and runs the rule. It returns the entity's fields as they are to be.
func (a *attempt) apply(c *Context, before *Snapshot) (schema.Record, error) {
	fields := make(schema.Record, len(before.Fields)+len(a.spec.Args))
	for k, v := range before.Fields {
		fields[k] = v
	}
	fields["id"] = a.ref.ID
	for _, arg := range a.spec.Args {
		if v, given := a.cmd.Input[arg.Name]; given && arg.Field != nil {
			set(fields, arg.Field.Name, v)
		}
	}
	rule := a.cfg.Rules[a.spec.Name]
	if rule != nil {
		var err error
		if fields, err = a.runRule(rule, c, fields); err != nil {
			return nil, err
		}
	}
	state := before.State
	if a.spec.To != "" {
		state = a.spec.To
	}
	fields["id"] = a.ref.ID
	if f := a.spec.Entity.State; f != nil {
		fields[f.Name] = state
	}
	if a.spec.Kind == schema.Delete {
		return fields, nil
	}
	if rule == nil { // all refs that can have changed were checked
		return fields, checkRequired(a.spec.Entity, fields)
	}
	if err := c.checkRefs(changedRefs(c.model, a.spec.Entity, before.Fields, fields)); err != nil {
		return nil, err
	}
	return fields, checkRequired(a.spec.Entity, fields)
}

// runRule runs a rule. A panic in it is a failure of this command, not of the process.
func (a *attempt) runRule(rule Rule, c *Context, fields schema.Record) (after schema.Record, err error) {
	defer func() {
		if p := recover(); p != nil {
			a.cfg.Logger.Error("a rule panicked", "command", a.spec.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("a rule panicked: %v", p)
		}
	}()
	after, err = rule(c, fields, a.cmd.Input)
	var r *Rejection
	if errors.As(err, &r) && r.Code == "" {
		r.Code = RuleViolated
	}
	if err == nil && after == nil {
		err = errors.New("a rule returned no entity")
	}
	return after, err
}

// checkRequired refuses an entity that lacks a field which the model says is never null.
func checkRequired(e *schema.Entity, fields schema.Record) error {
	for _, f := range e.Fields {
		if f.Copy == nil && f.Type.NonNull && fields[f.Name] == nil {
			return invalid(f.Name, fmt.Sprintf("%s.%s can't be null", e.Name, f.Name))
		}
	}
	return nil
}

// decided puts the append together.
func (a *attempt) decided(c *Context, before *Snapshot, fields schema.Record) (*decision, error) {
	entity, deletes := a.spec.Entity, a.spec.Kind == schema.Delete
	after := &Snapshot{
		Ref: a.ref, Version: before.Version + 1, Fields: fields, Deleted: deletes,
		CreatedAt: before.CreatedAt, UpdatedAt: c.now.Time(),
	}
	if before.Version == 0 {
		after.CreatedAt = after.UpdatedAt
	}
	if entity.State != nil {
		after.State = fields[entity.State.Name].(string)
	}
	d, err := diff(c.model, entity, c.heads[a.ref], fields, deletes, a.touched())
	if err != nil {
		return nil, err
	}
	event := eventlog.NewEvent{
		Ref: a.ref, Name: a.spec.Event, From: before.State, To: after.State, Deleted: deletes,
		Changes: d.changes, Set: d.set, Clear: d.clear,
	}
	out := eventlog.Append{
		Primary: a.ref, CommandID: a.cmd.CommandID, InputHash: a.hash, Decided: c.now.Time(), Imported: a.cmd.OccurredAt != nil,
		Events: []eventlog.NewEvent{event}, Claim: d.claim(a.ref), Release: d.release(a.ref),
		Actor: a.cmd.Actor, CorrelationID: a.cmd.CorrelationID, CausationID: a.cmd.CausationID, Input: a.input,
	}
	for ref, version := range c.conditions {
		out.Conditions = append(out.Conditions, eventlog.Condition{Ref: ref, Version: version})
	}
	return &decision{append: out, after: after}, nil
}

// touched returns the fields that the command can change, nil for any: a rule may change all of them.
func (a *attempt) touched() map[string]bool {
	if a.cfg.Rules[a.spec.Name] != nil || a.spec.Kind == schema.Delete {
		return nil
	}
	out := make(map[string]bool, len(a.spec.Args)+1)
	for _, arg := range a.spec.Args {
		if arg.Field != nil {
			out[arg.Field.Name] = true
		}
	}
	if f := a.spec.Entity.State; f != nil {
		out[f.Name] = true
	}
	return out
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
