package command

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Possibility says whether a command could run on an entity.
type Possibility struct {
	Command   *schema.Command
	Rejection *Rejection // nil if it could
	Failed    bool       // it could not: its rule fails, or can't be run without input
	Asked     bool       // the rule, if there is one, was asked; false where the state is against it, and for a command that needs input, whose rule may still refuse
}

// Possible returns what each command of the entity, but for those that create, would do now, in the model's order. It writes nothing. The error is of the log, or of ctx.
func (e *Engine) Possible(ctx context.Context, entity *schema.Entity, id string) ([]Possibility, error) {
	if !validID(id) {
		return nil, nil
	}
	ref := eventlog.Ref{Entity: entity.Name, ID: id}
	loaded, err := e.cfg.Log.Load(ctx, eventlog.Load{Primary: ref})
	if err != nil {
		return nil, err
	}
	before, err := snapshot(e.cfg.Model, ref, loaded.Heads[ref])
	if err != nil || before.Version == 0 || before.Deleted {
		return nil, err
	}
	var out []Possibility
	for _, spec := range entity.Commands {
		if spec.Kind == schema.Create {
			continue
		}
		p := Possibility{Command: spec}
		err := checkLife(spec, ref, before)
		if err == nil && !needsInput(spec) {
			p.Asked = true
			err = e.could(ctx, spec, before, loaded)
		}
		if err != nil && !errors.As(err, &p.Rejection) {
			var failed *OutcomeError
			if errors.As(err, &failed) || ctx.Err() != nil {
				return nil, err
			}
			e.cfg.Logger.Warn("a rule fails that is asked whether its command is possible", "command", spec.Name, "entity", ref.String(), "error", err)
			p.Failed = true
		}
		out = append(out, p)
	}
	return out, nil
}

// needsInput reports whether the command can't run without arguments.
func needsInput(spec *schema.Command) bool {
	return slices.ContainsFunc(spec.Args, func(a *schema.Arg) bool { return a.Type.NonNull })
}

// could decides a command without input.
func (e *Engine) could(ctx context.Context, spec *schema.Command, before *Snapshot, loaded *eventlog.Loaded) error {
	cmd := Command{Name: spec.Name, ID: before.Ref.ID, Input: schema.Record{}, CommandID: newCommandID(), DryRun: true}
	c := newContext(ctx, &e.cfg, &cmd, maps.Clone(loaded.Heads), scalar.NewDateTime(later(loaded.Now, before.UpdatedAt)))
	c.conditions[before.Ref] = before.Version
	s := &step{c: c, spec: spec, ref: before.Ref, input: cmd.Input, before: before}
	_, err := s.decide()
	return err
}
