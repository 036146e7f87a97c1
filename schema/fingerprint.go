package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
)

// Fingerprint tells a model from another by everything that code is generated from: names, types, descriptions and order, not comments and white space.
// The generator writes it into package graph, so that a program notices that its model changed since.
func (m *Model) Fingerprint() string {
	h := sha256.New()
	for _, e := range m.Readables() {
		printf(h, "entity %q %q %q %q %q %v", e.Name, e.Singular, e.Plural, e.Description, e.File, e.CRUD)
		printFields(h, e.Fields)
		for _, i := range e.Inverses {
			printf(h, "inverse %+v", *i)
		}
		if e.State != nil {
			printf(h, "state %q", e.State.Name)
		}
		printMachine(h, e)
		if e.View != nil {
			printView(h, e)
		}
	}
	for _, o := range append(append([]*Object{}, m.Objects...), m.Inputs...) {
		printf(h, "object %q %q %v %v %q", o.Name, o.Description, o.Derived, o.Patch, path.Base(o.Pos.File))
		printFields(h, o.Fields)
	}
	for _, e := range m.Enums {
		printf(h, "enum %q %q %q", e.Name, e.Description, path.Base(e.Pos.File))
		for _, v := range e.Values {
			printf(h, "value %q %q", v.Name, v.Description)
		}
	}
	for _, c := range m.Commands {
		printf(h, "command %q %q %d %q %q %q %q %q", c.Name, c.Entity.Name, c.Kind, c.From, c.To, c.Event, c.Description, path.Base(c.Pos.File))
		for _, a := range c.Args {
			printf(h, "argument %q %q %q %v", a.Name, a.Type, a.Description, a.Field != nil)
			if a.List != nil {
				printf(h, "element %q %q", a.Element, a.List.Name)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// printMachine prints what an entity's directives say beside fields and commands.
func printMachine(h io.Writer, e *Entity) {
	if e.With != nil {
		printf(h, "with %q", e.With.Name)
	}
	for _, u := range e.Uniques {
		printf(h, "unique %q %v", u.Name, u.IgnoreCase)
	}
	for _, i := range e.Indexes {
		printf(h, "index %+v %v", i.Fields, i.AsOf)
	}
	for _, t := range e.Timeouts {
		printf(h, "timeout %q %d", t.Name(), t.After)
	}
	for _, r := range e.Reactions {
		printf(h, "reaction %q %+v", r.Name, r.With)
		if r.OrElse != nil {
			printf(h, "or else %q", r.OrElse.Name)
		}
	}
}

func printFields(h io.Writer, fields []*Field) {
	for _, f := range fields {
		printf(h, "field %q %q %q %v %v %v %v %v", f.Name, f.Type, f.Description, f.Indexed, f.IndexedAsOf, f.Unique, f.Computed, f.Key)
		if f.Ref != nil {
			printf(h, "ref %+v", *f.Ref)
		}
		if f.Copy != nil {
			printf(h, "copy %+v", *f.Copy)
		}
	}
}

func printf(h io.Writer, format string, args ...any) { fmt.Fprintf(h, format+"\n", args...) }
