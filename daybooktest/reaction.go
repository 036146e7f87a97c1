package daybooktest

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Reacting is a case of reactions: those that the model declares, and those that are written in Go.
type Reacting struct {
	k         *Kit
	reactions []*command.AnyReaction
}

// Reacting tests the model's reactions on what has happened so far, and those in Go: rules.Reactions(), some of them, or nil.
func (k *Kit) Reacting(r command.Reactions) *Reacting {
	k.t.Helper()
	for _, one := range r {
		k.command(Event{Name: one.Event, Entity: one.Entity})
	}
	all, err := r.All(k.model)
	if err != nil {
		k.t.Fatalf("the reactions: %v", err)
	}
	return &Reacting{k, all}
}

// Reacted is what reactions led to.
type Reacted struct {
	k    *Kit
	to   string
	sent []command.Command
	err  error
}

// On lets an event happen, as Given does, and reacts to it.
func (r *Reacting) On(e Event) *Reacted {
	r.k.t.Helper()
	r.k.settled()
	before := r.k.snapshot(refOf(r.k.command(e), e.ID))
	r.k.happen(e)
	return r.to(r.k.news(), before)
}

// When executes a command that is accepted, and reacts to its event.
func (r *Reacting) When(c Command) *Reacted {
	r.k.t.Helper()
	before := r.k.snapshot(refOf(r.k.spec(c.Name), c.ID))
	o := r.k.When(c)
	r.k.settled()
	return r.to(o.events[:min(1, len(o.events))], before)
}

// to runs the reactions to events of one entity.
func (r *Reacting) to(events []eventlog.Event, before *command.Snapshot) *Reacted {
	r.k.t.Helper()
	out := &Reacted{k: r.k, to: "nothing"}
	for i := range events {
		e := &events[i]
		out.to = e.Name + " of " + name(e.Ref())
		entity := r.k.snapshot(e.Ref())
		if e.Deleted {
			entity = before
		}
		for _, one := range r.reactions {
			if one.Entity != e.Entity || one.Event != e.Name {
				continue
			}
			reacted, err := one.Commands(r.k.model, e, entity.Fields)
			for _, c := range reacted {
				if c.Rejection != nil && err == nil {
					err = fmt.Errorf("%s can't be: %s", c.Command.Name, describe(c.Rejection))
				}
				out.sent = append(out.sent, c.Command)
			}
			if err != nil {
				out.err = fmt.Errorf("%s: %w", one.Name, err)
				return out
			}
		}
	}
	return out
}

// ThenSends says which commands the reactions send, in order, those of the model first; none at all, that they send nothing. An ID that is left out is "", that of a create.
func (r *Reacted) ThenSends(commands ...Command) *Kit {
	r.k.t.Helper()
	if r.err != nil {
		r.k.t.Fatalf("the reaction to %s failed: %v", r.to, r.err)
	}
	var got, want []sent
	for _, c := range r.sent {
		got = append(got, r.k.shownCommand(c.Name, c.ID, c.Input))
	}
	for _, c := range commands {
		input, err := r.k.input(r.k.spec(c.Name), c.Input)
		if err != nil {
			r.k.t.Fatalf("%s: %v", c.Name, err)
		}
		want = append(want, r.k.shownCommand(c.Name, c.ID, input))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.k.t.Fatalf("after %s other commands are sent than these (- expected, + sent):\n%s", r.to, diff)
	}
	return r.k
}

// ThenFails says that a reaction failed, with an error that contains the text.
func (r *Reacted) ThenFails(text string) *Kit {
	r.k.t.Helper()
	if r.err == nil || !strings.Contains(r.err.Error(), text) {
		r.k.t.Fatalf("the reaction to %s did not fail with %q: %v", r.to, text, r.err)
	}
	return r.k
}

// sent is a command as it is compared.
type sent struct {
	Command, ID string
	Input       map[string]any
}

func (k *Kit) shownCommand(command, id string, input schema.Record) sent {
	k.t.Helper()
	out := sent{command, id, map[string]any{}}
	for _, a := range k.spec(command).Args {
		if v, given := input[a.Name]; given {
			out.Input[a.Name] = k.shown(a.Type, v)
		}
	}
	return out
}
