package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// reference is a reference that a record holds, and the path of the field that holds it.
type reference struct {
	ref  eventlog.Ref
	path string
	in   []string // the states that the other has to be in; nil for any
}

// argRefs returns the references in a command's input.
func argRefs(m *schema.Model, c *schema.Command, input schema.Record) []reference {
	var out []reference
	for _, a := range c.Args {
		v := input[a.Name]
		switch {
		case v == nil:
		case a.Ref != "":
			out = append(out, reference{eventlog.Ref{Entity: a.Ref, ID: v.(string)}, a.Name, a.Field.Ref.In})
		case a.Field != nil:
			out = refsIn(m, out, a.Field, v, a.Name)
		case a.Element == schema.AppendElement || a.Element == schema.UpdateElement:
			out = refsIn(m, out, a.List, v, a.Name)
		}
	}
	return out
}

// refsIn appends the references that the value of a field holds.
func refsIn(m *schema.Model, out []reference, f *schema.Field, v any, path string) []reference {
	if v == nil || f.Ref == nil && f.Type.Kind != schema.KindObject {
		return out
	}
	if list, ok := v.([]any); ok {
		for i, e := range list {
			out = refsIn(m, out, f, e, fmt.Sprintf("%s[%d]", path, i))
		}
		return out
	}
	if f.Ref != nil {
		return append(out, reference{eventlog.Ref{Entity: f.Ref.Entity, ID: v.(string)}, path, f.Ref.In})
	}
	record, object := v.(schema.Record), m.Object(f.Type.Name)
	for _, sub := range object.Fields {
		out = refsIn(m, out, sub, record[sub.Name], path+"."+sub.Name)
	}
	return out
}

// checkRefs refuses references to what does not exist or is not in one of the states that the reference asks for, and adds the others to what the decision has read.
func (c *Context) checkRefs(refs []reference) error {
	for _, r := range refs {
		if err := checkID(r.ref.ID); err != nil {
			return missing(r.ref, r.path)
		}
		head, err := c.head(r.ref)
		if err != nil {
			return err
		}
		if head.Version == 0 || head.Deleted {
			return missing(r.ref, r.path)
		}
		if len(r.in) == 0 {
			continue
		}
		if !slices.Contains(r.in, head.State) {
			return wrongState(r, head.State)
		}
		c.inOneOf(r.ref, r.in)
	}
	return nil
}

// wrongState is the model's own rule: its reason is the entity and the state that it is in, CUSTOMER_BLOCKED.
func wrongState(r reference, state string) error {
	return Reject(schema.UpperSnake(r.ref.Entity)+"_"+state,
		fmt.Sprintf("the %s %q is %s, not %s", r.ref.Entity, r.ref.ID, state, strings.Join(r.in, " or "))).At(r.path)
}
