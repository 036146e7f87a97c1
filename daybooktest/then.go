package daybooktest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Then says that the command was accepted and made exactly these events, in this order: its own first, then those of the commands that its rule ran.
func (o *Outcome) Then(events ...Event) *Outcome {
	o.t.Helper()
	if o.seen = true; !o.accepted() {
		o.t.Fatalf("%s", o)
	}
	got, want := make([]seen, len(o.events)), make([]seen, len(events))
	for i := range o.events {
		got[i] = o.seenEvent(&o.events[i])
	}
	for i, e := range events {
		want[i] = o.wanted(e)
		if i < len(got) {
			got[i].onlyAs(&want[i], e)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		o.t.Fatalf("%s, and made other events than these (- expected, + made):\n%s", o, diff)
	}
	return o
}

// ThenRejected says that the command was rejected, with the code or for the reason.
func (o *Outcome) ThenRejected(codeOrReason string) *Rejected {
	o.t.Helper()
	if o.seen = true; o.err != nil || o.accepted() {
		o.t.Fatalf("%s, not rejected with %s%s", o, codeOrReason, o.list())
	}
	r := o.result.Rejections[0]
	if string(r.Code) != codeOrReason && r.Reason != codeOrReason {
		o.t.Fatalf("%s\nnot with %s", o, codeOrReason)
	}
	return &Rejected{o, r}
}

// ThenFailed says that the command failed, which is no rejection, with an error that contains the text: a rule returned it, or panicked.
func (o *Outcome) ThenFailed(text string) *Outcome {
	o.t.Helper()
	if o.seen = true; o.err == nil || !strings.Contains(o.err.Error(), text) {
		o.t.Fatalf("%s, not failed with %q%s", o, text, o.list())
	}
	return o
}

// ThenDuplicate says that the command had been accepted before under its id, and that nothing happened now.
func (o *Outcome) ThenDuplicate() *Outcome {
	o.t.Helper()
	if o.seen = true; !o.accepted() || !o.result.Receipt.Duplicate || len(o.events) > 0 {
		o.t.Fatalf("%s, not before%s", o, o.list())
	}
	return o
}

// list names the events that were made.
func (o *Outcome) list() string {
	out := ""
	for i := range o.events {
		out += "\n+ " + o.events[i].Name + " of " + name(o.events[i].Ref())
	}
	return out
}

// Rejected is a command that was rejected.
type Rejected struct {
	*Outcome
	r *command.Rejection
}

// At says which argument is at fault, as a path: "lines[2].price".
func (r *Rejected) At(field string) *Rejected {
	r.t.Helper()
	if r.r.Field != field {
		r.t.Fatalf("%s\nnot at %q", r.Outcome, field)
	}
	return r
}

// Saying says that the message contains a text.
func (r *Rejected) Saying(text string) *Rejected {
	r.t.Helper()
	if !strings.Contains(r.r.Message, text) {
		r.t.Fatalf("%s\nwithout %q", r.Outcome, text)
	}
	return r
}

// ThenEntity says what the command's entity is like now: of the fields only those that are named, nil for null.
func (o *Outcome) ThenEntity(fields map[string]any) *Outcome {
	o.t.Helper()
	o.ThenEntityOf(o.ref.Entity, o.ref.ID, fields)
	return o
}

// ThenEntityOf is ThenEntity of any entity. nil fields say that there is none.
func (k *Kit) ThenEntityOf(entity, id string, fields map[string]any) *Kit {
	k.t.Helper()
	k.settled()
	e, ref := k.model.Entity(entity), eventlog.Ref{Entity: entity, ID: id}
	if e == nil {
		k.t.Fatalf("the model has no entity %q: it has %s", entity, names(k.model.Entities, func(e *schema.Entity) string { return e.Name }))
	}
	s := k.snapshot(ref)
	there := s != nil && !s.Deleted
	if there != (fields != nil) {
		k.t.Fatalf("is there %s? %v, expected %v", name(ref), there, fields != nil)
	}
	got, want := map[string]any{}, map[string]any{}
	for n, v := range fields {
		f := e.Field(n)
		if f == nil || f.Copy != nil {
			k.t.Fatalf("%s has no field %q of its own: it has %s", entity, n, names(e.Fields, func(f *schema.Field) string { return f.Name }))
		}
		t := k.given(f.Type)
		t.NonNull = false
		want[n], got[n] = k.shown(t, k.coerce(t, v, n)), k.shown(f.Type, s.Fields[n])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		k.t.Fatalf("%s is otherwise (- expected, + is):\n%s", name(ref), diff)
	}
	return k
}

// ThenTimer says that a timeout of the command's entity is set, "CREATED/expireOrder", and in what time from now it is due.
func (o *Outcome) ThenTimer(timer string, in time.Duration) *Outcome {
	o.t.Helper()
	o.settled()
	set := o.timer(o.ref, timer)
	if set == nil {
		o.t.Fatalf("the timer %s of %s is not set", timer, name(o.ref))
	}
	if due := set.Due.Sub(o.now); due != in {
		o.t.Fatalf("the timer %s of %s is due in %s, not %s", timer, name(o.ref), due, in)
	}
	return o
}

// ThenNoTimer says that a timeout of the command's entity is not set: it never was, or was cancelled, or has run.
func (o *Outcome) ThenNoTimer(timer string) *Outcome {
	o.t.Helper()
	o.settled()
	if set := o.timer(o.ref, timer); set != nil {
		o.t.Fatalf("the timer %s of %s is set: it is due in %s", timer, name(o.ref), set.Due.Sub(o.now))
	}
	return o
}

// seen is an event as it is compared.
type seen struct {
	Event, Entity, ID, From, To string
	Set                         map[string]any
	Changes                     []change
}

type change struct {
	What  string // "insert lines 2-1"
	Value any
}

func (k *Kit) seenEvent(e *eventlog.Event) seen {
	k.t.Helper()
	out := seen{Event: e.Name, Entity: e.Entity, ID: e.ID, From: e.From, To: e.To, Set: map[string]any{}, Changes: []change{}}
	changes, err := eventlog.DecodeChanges(e.Changes)
	if err != nil {
		k.t.Fatalf("%s: %v", e.EventID(), err)
	}
	state := k.model.Entity(e.Entity).State
	for _, c := range changes {
		switch {
		case c.Op != "set":
			one := change{What: c.Op + " " + c.Path + " " + c.Key}
			if len(c.Value) > 0 {
				one.Value = k.decoded(c.Value)
			}
			out.Changes = append(out.Changes, one)
		case state == nil || c.Path != state.Name:
			out.Set[c.Path] = k.decoded(c.Value)
		}
	}
	return out
}

// wanted makes comparable what is expected.
func (k *Kit) wanted(e Event) seen {
	k.t.Helper()
	entity := k.command(e).Entity
	out := seen{Event: e.Name, Entity: entity.Name, ID: e.ID, From: e.From, To: e.To}
	for _, state := range []string{e.From, e.To} {
		if state != "" && !slices.Contains(entity.States, state) {
			k.t.Fatalf("%s has no state %q: it has %s", entity.Name, state, strings.Join(entity.States, ", "))
		}
	}
	if e.Set != nil {
		out.Set = make(map[string]any, len(e.Set))
	}
	for _, n := range slices.Sorted(maps.Keys(e.Set)) {
		f, t := k.field(entity, e.Name, n)
		t.NonNull = false
		out.Set[n] = k.shown(f.Type, k.coerce(t, e.Set[n], n))
	}
	if e.Changes != nil {
		out.Changes = []change{}
	}
	for _, c := range e.Changes {
		f, t := k.field(entity, e.Name, c.list)
		if k.model.Keyed(f) == nil {
			k.t.Fatalf("%s of %s is no list whose elements have a @key", c.list, entity.Name)
		}
		one := change{What: c.op + " " + c.list + " " + c.key}
		if t.List = false; c.value != nil {
			one.Value = k.shown(t, k.coerce(t, c.value, c.list))
		}
		out.Changes = append(out.Changes, one)
	}
	return out
}

// onlyAs forgets what is not expected of the event in any way.
func (s *seen) onlyAs(want *seen, e Event) {
	if e.ID == "" {
		s.ID = ""
	}
	if e.From == "" {
		s.From = ""
	}
	if e.To == "" {
		s.To = ""
	}
	if e.Set == nil {
		s.Set = nil
	}
	if e.Changes == nil {
		s.Changes = nil
	}
	for i := range s.Changes {
		if i < len(e.Changes) && e.Changes[i].value == nil {
			s.Changes[i].Value, want.Changes[i].Value = nil, nil
		}
	}
}
