package daybooktest

import (
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Event is an event, as it is given or as it is expected. What is left out of one that is expected is not looked at.
type Event struct {
	Name   string // "OrderCreated"
	Entity string // may be left out if events of one entity only have the name
	ID     string // of the entity; not to be left out of one that is given
	From   string // the state before
	To     string // the state after; of one that is given, what its command leads to

	// Set has the fields that the event sets, but for the state; nil clears. Values are plain Go values, as the API takes them; a ref is an id. Of an event that is
	// expected they are all that it sets; an empty map says that it sets none.
	Set map[string]any

	// Changes are those of single elements of keyed lists, in order, in an event that is expected. An empty list says that there are none.
	Changes []Change
}

// Change is what an event does to one element of a keyed list: see Insert, Update, Remove.
type Change struct {
	op, list, key string
	value         map[string]any
}

// Insert says that an element is new in the list, as its last one. The value is not looked at if it is nil; else it is the whole element.
func Insert(list, key string, value map[string]any) Change { return Change{"insert", list, key, value} }

// Update says that an element was changed. The value is not looked at if it is nil; else it is the whole element, as it is then.
func Update(list, key string, value map[string]any) Change { return Change{"update", list, key, value} }

// Remove says that an element was taken out of the list.
func Remove(list, key string) Change { return Change{"remove", list, key, nil} }

// command returns the command that makes such events. There is one: the model refuses another of the same entity.
func (k *Kit) command(e Event) *schema.Command {
	k.t.Helper()
	if e.Entity != "" && k.model.Entity(e.Entity) == nil {
		k.t.Fatalf("the model has no entity %q: it has %s", e.Entity, names(k.model.Entities, func(e *schema.Entity) string { return e.Name }))
	}
	var found []*schema.Command
	for _, c := range k.model.Commands {
		if c.Event == e.Name && (e.Entity == "" || e.Entity == c.Entity.Name) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		among, of := k.model.Commands, "the model"
		if e.Entity != "" {
			among, of = k.model.Entity(e.Entity).Commands, e.Entity
		}
		k.t.Fatalf("%s has no event %q: it has %s", of, e.Name, names(among, func(c *schema.Command) string { return c.Event }))
	}
	if len(found) > 1 {
		k.t.Fatalf("%s is an event of %s: say which Entity", e.Name, names(found, func(c *schema.Command) string { return c.Entity.Name }))
	}
	return found[0]
}

// field returns the field that an event may set, with the type that its values are given in.
func (k *Kit) field(e *schema.Entity, event, name string) (*schema.Field, schema.Type) {
	k.t.Helper()
	f := e.Field(name)
	switch {
	case f == nil:
		k.t.Fatalf("%s sets %q, and %s has no such field: it has %s", event, name, e.Name, names(e.Fields, func(f *schema.Field) string { return f.Name }))
	case name == "id":
		k.t.Fatalf("%s sets the id, which is the event's ID", event)
	case f == e.State:
		k.t.Fatalf("%s sets the state %s: write it as To", event, name)
	case f.Copy != nil:
		k.t.Fatalf("%s sets the copy %s: copies are not in the log, the consolidator makes them", event, name)
	}
	return f, k.given(f.Type)
}

// given returns the type in which values of t are given: elements of lists may lack their key, which Daybook fills.
func (k *Kit) given(t schema.Type) schema.Type {
	if t.Kind == schema.KindObject && k.model.Input(t.Name+"Input") != nil {
		t.Name += "Input"
	}
	return t
}

func names[T any](list []T, name func(T) string) string {
	var out []string
	for _, one := range list {
		if n := name(one); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return strings.Join(out, ", ")
}

func refOf(c *schema.Command, id string) eventlog.Ref {
	return eventlog.Ref{Entity: c.Entity.Name, ID: id}
}
