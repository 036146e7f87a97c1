package gen

import (
	"github.com/daybook-cqrs/daybook/schema"
)

// input writes the input of a command, and what rules and reactions do with one.
func (f *goFile) input(c *schema.Command) {
	f.schema, f.command = true, true
	name := schema.GoName(c.Name)
	fields := make([]*schema.Field, len(c.Args))
	for i, a := range c.Args {
		fields[i] = &schema.Field{Name: a.Name, Type: a.Type}
		if a.Ref != "" {
			fields[i].Ref = &schema.Ref{Entity: a.Ref}
		}
	}
	f.structure(name, "the input of the command "+c.Name+".", fields)
	f.of(name, fields)
	f.printf("\n// Record makes a record of it. Nil pointers and nil lists are left out: they are arguments that are not given.\nfunc (v %s) Record() schema.Record {\n\tr := schema.Record{}\n", name)
	for _, fd := range fields {
		f.writes(fd, false)
	}
	f.printf("\treturn r\n}\n")
	f.runs(c, name)
}

// runs writes the methods that execute the command from a rule, and send it from a reaction.
func (f *goFile) runs(c *schema.Command, name string) {
	e, on := c.Entity, "on the "+c.Entity.Singular+" of that id"
	if c.Kind == schema.Create {
		on = `for a new ` + e.Singular + `; id may be ""`
	}
	absent, said := "", ""
	if c.Kind == schema.Delete {
		absent, said = " || r == nil", " It returns nil: there is none any more."
	}
	f.printf("\n// RunOn executes %s within the rule's own command, %s.%s See command.Context.Run.\nfunc (v %s) RunOn(c *command.Context, id string) (*%s, error) {\n\tr, err := c.Run(%q, id, v.Record())\n\tif err != nil%s {\n\t\treturn nil, err\n\t}\n\treturn %sOf(r), nil\n}\n",
		c.Name, on, said, name, e.Name, c.Name, absent, e.Name)
	f.printf("\n// SendTo has %s executed after the reaction, %s. See command.Reaction.Send.\nfunc (v %s) SendTo(r *command.Reaction, id string) {\n\tr.Send(%q, id, v.Record())\n}\n",
		c.Name, on, name, c.Name)
}
