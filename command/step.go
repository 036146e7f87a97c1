package command

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// step is the decision on one command: the client's, or one that a rule runs within it.
type step struct {
	c      *Context
	spec   *schema.Command
	ref    eventlog.Ref
	input  schema.Record
	refs   []reference // in the input
	before *Snapshot
	only   map[string]bool // fields that the command can change; nil for any
}

// decide checks the transition, the references and the rule, and adds what follows to the context's effects. Its error is a *Rejection or a failure.
func (s *step) decide() (*Snapshot, error) {
	c := s.c
	if err := checkLife(s.spec, s.ref, s.before); err != nil {
		return nil, err
	}
	if err := c.checkRefs(s.refs); err != nil {
		return nil, err
	}
	s.only = s.touched()
	c.active[s.ref] = true
	fields, err := s.apply()
	delete(c.active, s.ref)
	if err != nil {
		return nil, err
	}
	return s.affect(fields)
}

// checkLife checks existence and state.
func checkLife(spec *schema.Command, ref eventlog.Ref, before *Snapshot) error {
	if err := checkExists(spec, ref, before); err != nil {
		return err
	}
	if len(spec.From) > 0 && !slices.Contains(spec.From, before.State) {
		return &Rejection{Code: InvalidTransition, State: before.State, Allowed: allowed(spec.Entity, before.State),
			Message: fmt.Sprintf("%s is not possible: %s %q is %s", spec.Name, spec.Entity.Name, ref.ID, before.State)}
	}
	return nil
}

// checkExists checks that the entity is there, or that a create's never was.
func checkExists(spec *schema.Command, ref eventlog.Ref, before *Snapshot) error {
	entity := spec.Entity
	if spec.Kind == schema.Create {
		if before.Version > 0 {
			whose := "by another " + entity.Name
			if before.Deleted {
				whose = "for ever: it was that of a " + entity.Name + " that was deleted"
			}
			return &Rejection{Code: AlreadyExists, Field: "id", State: before.State, Message: fmt.Sprintf("the id %q is taken %s", ref.ID, whose)}
		}
	} else if before.Version == 0 || before.Deleted {
		return &Rejection{Code: NotFound, Field: "id", Message: fmt.Sprintf("there is no %s with id %q", entity.Name, ref.ID)}
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
func (s *step) apply() (schema.Record, error) {
	entity := s.spec.Entity
	fields, err := s.given()
	if err != nil {
		return nil, err
	}
	rule := s.c.cfg.Rules[s.spec.Name]
	if rule != nil {
		if fields, err = s.runRule(rule, fields); err != nil {
			return nil, err
		}
	}
	state := s.before.State
	if s.spec.To != "" {
		state = s.spec.To
	}
	fields["id"] = s.ref.ID
	if f := entity.State; f != nil {
		fields[f.Name] = state
	}
	if s.spec.Kind == schema.Delete {
		return fields, nil
	}
	if rule != nil { // without one, all refs that can have changed were checked
		if err := s.checkRule(fields); err != nil {
			return nil, err
		}
	}
	return fields, checkRequired(entity, fields)
}

// given returns the entity with the arguments set.
func (s *step) given() (schema.Record, error) {
	fields := make(schema.Record, len(s.before.Fields)+len(s.spec.Args))
	for k, v := range s.before.Fields {
		fields[k] = v
	}
	fields["id"] = s.ref.ID
	for _, arg := range s.spec.Args {
		v, given := s.input[arg.Name]
		if given && arg.Field != nil {
			set(fields, arg.Field.Name, v)
		}
		if given && v != nil && arg.Element != schema.NoElement {
			if err := changeElements(s.c.model, fields, arg, v); err != nil {
				return nil, err
			}
		}
	}
	return fields, nameElements(s.c.model, s.spec.Entity, s.before, fields, s.only)
}

// checkRule checks what a rule may do wrong.
func (s *step) checkRule(fields schema.Record) error {
	entity := s.spec.Entity
	if err := nameElements(s.c.model, entity, s.before, fields, nil); err != nil {
		return err
	}
	if f := entity.With; f != nil && s.spec.Kind != schema.Create && fields[f.Name] != s.before.Fields[f.Name] {
		return fmt.Errorf("a rule changed %s.%s, which never changes: the id begins with it", entity.Name, f.Name)
	}
	return s.c.checkRefs(changedRefs(s.c.model, entity, s.before.Fields, fields))
}

// runRule runs a rule. A panic in it is a failure of this command, not of the process.
func (s *step) runRule(rule Rule, fields schema.Record) (after schema.Record, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.c.cfg.Logger.Error("a rule panicked", "command", s.spec.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("a rule panicked: %v", p)
		}
	}()
	after, err = rule(s.c, fields, s.input)
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

// affect adds the event and all that comes with it to the context's effects.
func (s *step) affect(fields schema.Record) (*Snapshot, error) {
	c, entity, deletes := s.c, s.spec.Entity, s.spec.Kind == schema.Delete
	after := &Snapshot{
		Ref: s.ref, Version: s.before.Version + 1, Fields: fields, Deleted: deletes,
		CreatedAt: s.before.CreatedAt, UpdatedAt: c.now.Time(),
	}
	if s.before.Version == 0 {
		after.CreatedAt = after.UpdatedAt
	}
	if entity.State != nil {
		after.State = fields[entity.State.Name].(string)
	}
	head := c.heads[s.ref]
	d, err := diff(c.model, entity, head, fields, deletes, s.only)
	if err != nil {
		return nil, err
	}
	if err := c.effects.claim(s.ref, d); err != nil {
		return nil, err
	}
	c.effects.events = append(c.effects.events, eventlog.NewEvent{
		Ref: s.ref, Name: s.spec.Event, From: s.before.State, To: after.State, Deleted: deletes,
		Changes: d.changes, Set: d.set, Clear: d.clear,
	})
	s.timers(after)
	if len(c.active) > 0 { // the command that it runs within may look at the entity
		c.heads[s.ref] = d.next(head, after)
	}
	return after, nil
}

// touched returns the fields that the command can change, nil for any: a rule may change all of them.
func (s *step) touched() map[string]bool {
	if s.c.cfg.Rules[s.spec.Name] != nil || s.spec.Kind == schema.Delete {
		return nil
	}
	out := make(map[string]bool, len(s.spec.Args)+1)
	for _, arg := range s.spec.Args {
		if arg.Field != nil {
			out[arg.Field.Name] = true
		}
		if arg.List != nil {
			out[arg.List.Name] = true
		}
	}
	if f := s.spec.Entity.State; f != nil {
		out[f.Name] = true
	}
	return out
}
