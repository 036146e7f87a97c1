package command

import (
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// reference is a reference that a record holds, and the path of the field that holds it.
type reference struct {
	ref  eventlog.Ref
	path string
}

// argRefs returns the references in a command's input.
func argRefs(m *schema.Model, c *schema.Command, input schema.Record) []reference {
	var out []reference
	for _, a := range c.Args {
		v := input[a.Name]
		switch {
		case v == nil:
		case a.Ref != "":
			out = append(out, reference{eventlog.Ref{Entity: a.Ref, ID: v.(string)}, a.Name})
		case a.Field != nil:
			out = refsIn(m, out, a.Field, v, a.Name)
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
		return append(out, reference{eventlog.Ref{Entity: f.Ref.Entity, ID: v.(string)}, path})
	}
	record, object := v.(schema.Record), m.Object(f.Type.Name)
	for _, sub := range object.Fields {
		out = refsIn(m, out, sub, record[sub.Name], path+"."+sub.Name)
	}
	return out
}

// checkRefs refuses references to what does not exist, and adds the others to what the decision has read.
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
	}
	return nil
}
