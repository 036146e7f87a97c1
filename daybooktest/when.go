package daybooktest

import (
	"errors"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Command is a command, as it comes or as a reaction is expected to send it.
type Command struct {
	Name  string
	ID    string         // of the entity; "" for a create whose id is derived from the command's
	Input map[string]any // plain Go values, as the API takes them: what is left out stays, nil clears

	CommandID       string    // "" for "command-1" and so on, in the order of the test
	ExpectedVersion int64     // 0 for any
	OccurredAt      time.Time // the zero time but for history that is imported
	Actor           string
}

// Outcome is what became of a command. Its Thens look at it; as a Kit it goes on from there.
type Outcome struct {
	*Kit
	spec   *schema.Command
	ref    eventlog.Ref
	result *command.Result
	err    error
	events []eventlog.Event
	seen   bool
}

// When executes a command on what has happened so far.
func (k *Kit) When(c Command) *Outcome {
	k.t.Helper()
	k.settled()
	spec := k.spec(c.Name)
	o := &Outcome{Kit: k, spec: spec, ref: refOf(spec, c.ID)}
	cmd, rejection := k.coerced(spec, c)
	if rejection != nil {
		o.result = &command.Result{Rejections: []*command.Rejection{rejection}}
	} else {
		o.execute(cmd)
	}
	k.last = o
	return o
}

func (k *Kit) spec(name string) *schema.Command {
	k.t.Helper()
	spec := k.model.Command(name)
	if spec == nil {
		k.t.Fatalf("the model has no command %q: it has %s", name, names(k.model.Commands, func(c *schema.Command) string { return c.Name }))
	}
	return spec
}

// coerced reads the command as the API does: a value that is not of its type is a rejection there, and an argument that there is not is no request at all.
func (k *Kit) coerced(spec *schema.Command, c Command) (command.Command, *command.Rejection) {
	k.t.Helper()
	out := command.Command{Name: c.Name, ID: c.ID, CommandID: c.CommandID, Actor: c.Actor}
	if out.CommandID == "" {
		out.CommandID = k.commandID()
	}
	if c.ExpectedVersion != 0 {
		out.ExpectedVersion = &c.ExpectedVersion
	}
	if !c.OccurredAt.IsZero() {
		at := scalar.NewDateTime(c.OccurredAt)
		out.OccurredAt = &at
	}
	var err error
	if out.Input, err = k.input(spec, c.Input); err == nil {
		return out, nil
	}
	path := ""
	var at interface{ InputPath() string }
	if errors.As(err, &at) {
		path = at.InputPath()
	}
	return out, &command.Rejection{Code: command.InvalidInput, Field: path, Message: err.Error()}
}

func (k *Kit) input(spec *schema.Command, given map[string]any) (schema.Record, error) {
	k.t.Helper()
	out, known := schema.Record{}, 0
	for _, a := range spec.Args {
		v, is := given[a.Name]
		if !is && a.Type.NonNull {
			k.t.Fatalf("%s lacks the argument %s: %s", spec.Name, a.Name, a.Type)
		}
		if !is {
			continue
		}
		known++
		var err error
		if out[a.Name], err = k.model.Coerce(a.Type, plain(v), a.Name); err != nil {
			return nil, err
		}
	}
	if known < len(given) {
		k.t.Fatalf("%s is given an argument that it does not have: it has %s", spec.Name, names(spec.Args, func(a *schema.Arg) string { return a.Name }))
	}
	return out, nil
}

func (o *Outcome) execute(cmd command.Command) {
	o.t.Helper()
	o.result, o.err = o.engine.Execute(o.ctx, cmd)
	if o.err == nil && o.result.Entity != nil {
		o.ref = o.result.Entity.Ref // the id may have been derived
	}
	o.events = o.news()
}

// WhenTimer lets a timeout of an entity run its command. The clock says that it is due, or has to be moved there before.
func (k *Kit) WhenTimer(entity, id, timer string) *Outcome {
	k.t.Helper()
	k.settled()
	ref := eventlog.Ref{Entity: entity, ID: id}
	set := k.timer(ref, timer)
	if set == nil {
		k.t.Fatalf("the timer %s of %s is not set", timer, name(ref))
	}
	if set.Due.After(k.now) {
		k.t.Fatalf("the timer %s of %s is due in %s: let that Pass before", timer, name(ref), set.Due.Sub(k.now))
	}
	cmd, _, err := k.engine.DecodeTimer(*set)
	if err != nil {
		k.t.Fatalf("%v", err)
	}
	o := &Outcome{Kit: k, spec: k.spec(cmd.Name), ref: ref}
	o.execute(cmd)
	k.last = o
	return o
}

// timer returns a timeout's timer as it is set, nil if it is not.
func (k *Kit) timer(ref eventlog.Ref, timer string) *eventlog.SetTimer {
	k.t.Helper()
	e := k.model.Entity(ref.Entity)
	known := ""
	if e != nil {
		known = names(e.Timeouts, (*schema.Timeout).Name)
		for _, t := range e.Timeouts {
			if t.Name() != timer {
				continue
			}
			set, err := k.log.Timers(k.ctx, 0, eventlog.TimeoutTimer, nil, eventlog.MaxTimers)
			if err != nil {
				k.t.Fatalf("%v", err)
			}
			for i := range set {
				if set[i].Ref == ref && set[i].Name == timer {
					return &set[i]
				}
			}
			return nil
		}
	}
	k.t.Fatalf("%s has no timeout %q: it has %s", ref.Entity, timer, known)
	return nil
}

func (o *Outcome) accepted() bool { return o.err == nil && o.result.Receipt != nil }

// Accepted reports whether the command was accepted, for tests that don't know it beforehand.
func (o *Outcome) Accepted() bool { return o.Result() != nil && o.accepted() }

// Result returns what the engine answered; nil if the command failed, which is no rejection.
func (o *Outcome) Result() *command.Result {
	o.seen = true
	return o.result
}

// String says what became of the command.
func (o *Outcome) String() string {
	what := fmt.Sprintf("%s of %s", o.spec.Name, name(o.ref))
	switch {
	case o.err != nil:
		return fmt.Sprintf("%s failed: %v", what, o.err)
	case !o.accepted():
		return what + " was rejected: " + describe(o.result.Rejections[0])
	case o.result.Receipt.Duplicate:
		return what + " was accepted before"
	}
	return what + " was accepted"
}

func describe(r *command.Rejection) string {
	out := string(r.Code)
	if r.Reason != "" {
		out += " " + r.Reason
	}
	if r.Field != "" {
		out += " at " + r.Field
	}
	return out + ": " + r.Message
}
