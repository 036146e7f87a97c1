package machinetest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// oracle says what becomes of commands, by an interpretation of the model of its own. It shares no code with package command.
type oracle struct {
	model    *schema.Model
	rules    computed
	entities map[eventlog.Ref]*thing
	owners   map[value]eventlog.Ref // of unique values
	timers   map[eventlog.TimerKey]timer
	done     map[string]done // by command id, and where that counts
	where    func(ref eventlog.Ref) string
	events   int
}

// thing is an entity.
type thing struct {
	version int64
	state   string
	deleted bool
	fields  schema.Record // without id and state
}

// value is a unique value.
type value struct{ unique, text string }

type timer struct {
	token string
	after time.Duration
	set   time.Time
}

// done is a command that was accepted.
type done struct {
	what  string
	after thing
}

// verdict is what becomes of a command.
type verdict struct {
	code      command.Code // "" if it is accepted
	reason    string
	noTimer   bool // the timer that it is run by is gone
	duplicate bool
	after     thing
}

func newOracle(m *schema.Model, rules computed) *oracle {
	return &oracle{
		model: m, rules: rules, entities: map[eventlog.Ref]*thing{}, owners: map[value]eventlog.Ref{}, timers: map[eventlog.TimerKey]timer{}, done: map[string]done{},
		where: func(eventlog.Ref) string { return "" },
	}
}

func no(code command.Code) verdict { return verdict{code: code} }

// decide says what becomes of the command, and remembers it if that is something. The order in which it asks is that of the documentation: the input by itself, what was
// done under the command's id, existence, version, state, references, elements, required fields, timer, unique values.
func (o *oracle) decide(c command.Command, now time.Time) verdict {
	spec := o.model.Command(c.Name)
	ref := eventlog.Ref{Entity: spec.Entity.Name, ID: c.ID}
	if c.ID == "" || !o.owned(spec, c) {
		return no(command.InvalidInput)
	}
	what := describe(o.model, c)
	if d, is := o.done[c.CommandID+o.where(ref)]; is && d.what == what {
		return verdict{duplicate: true, after: d.after}
	} else if is {
		return no(command.CommandIDReused)
	}
	old := o.at(ref)
	switch {
	case spec.Kind == schema.Create && old.version > 0:
		return no(command.AlreadyExists)
	case spec.Kind != schema.Create && (old.version == 0 || old.deleted):
		return no(command.NotFound)
	case c.ExpectedVersion != nil && *c.ExpectedVersion != old.version:
		return no(command.VersionConflict)
	case spec.From != nil && !slices.Contains(spec.From, old.state):
		return no(command.InvalidTransition)
	}
	if v := o.references(spec, c.Input); v.code != "" {
		return v
	}
	after, v := o.after(spec, c.Input, old)
	if v.code != "" {
		return v
	}
	if f := c.Fire; f != nil && o.timers[f.TimerKey].token != f.Token {
		return verdict{noTimer: true}
	}
	values := o.values(spec.Entity, after)
	for _, u := range values {
		if owner, taken := o.owners[u]; taken && owner != ref {
			return no(command.NotUnique)
		}
	}
	if !c.DryRun {
		o.happen(c, spec, ref, after, values, now)
		o.done[c.CommandID+o.where(ref)] = done{what, after}
	}
	return verdict{after: after}
}

func (o *oracle) at(ref eventlog.Ref) thing {
	if t := o.entities[ref]; t != nil {
		return *t
	}
	return thing{}
}

// owned reports whether the id of a new entity begins with that of what it belongs to, whose own id has no slash unless it belongs to something itself.
func (o *oracle) owned(spec *schema.Command, c command.Command) bool {
	with := spec.Entity.With
	if spec.Kind != schema.Create {
		return true
	}
	if with == nil {
		owns := slices.ContainsFunc(o.model.Entities, func(e *schema.Entity) bool { return e.With != nil && e.With.Ref.Entity == spec.Entity.Name })
		return !owns || !strings.Contains(c.ID, "/")
	}
	owner, _ := c.Input[with.Name].(string)
	rest, begins := strings.CutPrefix(c.ID, owner+"/")
	return begins && rest != "" && (o.model.Entity(with.Ref.Entity).With != nil || !strings.Contains(owner, "/"))
}

// references looks for the first reference in the input that is to nothing, or to what is in another state than it has to be.
func (o *oracle) references(spec *schema.Command, input schema.Record) verdict {
	for _, a := range spec.Args {
		f := a.Field
		if a.List != nil && a.Element != schema.RemoveElement {
			f = a.List
		}
		if f == nil {
			continue
		}
		if v := o.referencesIn(f, input[a.Name]); v.code != "" {
			return v
		}
	}
	return verdict{}
}

func (o *oracle) referencesIn(f *schema.Field, v any) verdict {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if found := o.referencesIn(f, one); found.code != "" {
				return found
			}
		}
	case schema.Record:
		for _, inner := range o.model.Object(f.Type.Name).Fields {
			if found := o.referencesIn(inner, v[inner.Name]); found.code != "" {
				return found
			}
		}
	case string:
		if f.Ref == nil {
			return verdict{}
		}
		other := o.at(eventlog.Ref{Entity: f.Ref.Entity, ID: v})
		if other.version == 0 || other.deleted {
			return no(command.ReferenceNotFound)
		}
		if f.Ref.In != nil && !slices.Contains(f.Ref.In, other.state) {
			return verdict{code: command.RuleViolated, reason: strings.ToUpper(f.Ref.Entity) + "_" + other.state} // no model here has an entity of two words
		}
	}
	return verdict{}
}

// after returns the entity as the command makes it.
func (o *oracle) after(spec *schema.Command, input schema.Record, old thing) (thing, verdict) {
	after := thing{version: old.version + 1, state: old.state, deleted: spec.Kind == schema.Delete, fields: maps.Clone(old.fields)}
	if after.fields == nil {
		after.fields = schema.Record{}
	}
	if spec.To != "" {
		after.state = spec.To
	}
	for _, a := range spec.Args {
		v, given := input[a.Name]
		switch {
		case a.Field != nil && given && v == nil:
			delete(after.fields, a.Field.Name)
		case a.Field != nil && given:
			after.fields[a.Field.Name] = v
		case a.List != nil && v != nil:
			changed, verdict := o.elements(a, list(after.fields[a.List.Name]), v)
			if verdict.code != "" {
				return after, verdict
			}
			after.fields[a.List.Name] = changed
		}
	}
	if after.deleted {
		return after, verdict{}
	}
	if !o.name(spec.Entity, &after) {
		return after, no(command.InvalidInput)
	}
	if rule := o.rules[spec.Name]; rule != nil {
		rule(after.fields)
		maps.DeleteFunc(after.fields, func(_ string, v any) bool { return v == nil })
	}
	for _, f := range spec.Entity.Fields {
		if f.Type.NonNull && f.Copy == nil && f.Name != "id" && f != spec.Entity.State && after.fields[f.Name] == nil {
			return after, no(command.InvalidInput)
		}
	}
	return after, verdict{}
}

// happen remembers what the command did.
func (o *oracle) happen(c command.Command, spec *schema.Command, ref eventlog.Ref, after thing, values []value, now time.Time) {
	old := o.at(ref)
	if after.deleted {
		after.fields = schema.Record{}
	}
	o.entities[ref] = &after
	o.events++
	maps.DeleteFunc(o.owners, func(_ value, owner eventlog.Ref) bool { return owner == ref })
	for _, u := range values {
		o.owners[u] = ref
	}
	if c.Fire != nil {
		delete(o.timers, c.Fire.TimerKey)
	}
	moves := spec.To != "" || after.deleted
	for _, t := range spec.Entity.Timeouts {
		key := eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: ref, Name: t.In + "/" + t.Run.Name}
		if moves && t.In == old.state {
			delete(o.timers, key)
		}
		if moves && !after.deleted && t.In == after.state {
			o.timers[key] = timer{c.CommandID, t.After, now}
		}
	}
}
