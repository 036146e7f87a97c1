package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// table writes the table that wires rules to commands.
func table(module string, rules []rule) string {
	var b strings.Builder
	b.WriteString(header + "package rules\n\n")
	fmt.Fprintf(&b, "import %q\n", runtimeModule+"/command")
	if len(rules) > 0 {
		fmt.Fprintf(&b, "import %q\nimport %q\n", runtimeModule+"/schema", module+"/entity")
	}
	b.WriteString("\n// Table returns the rules by command.\nfunc Table() command.Rules {\n")
	if slices.ContainsFunc(rules, func(r rule) bool { return required(r.command) != "" }) {
		b.WriteString(notNull)
	}
	b.WriteString("\treturn command.Rules{\n")
	for _, r := range rules {
		e := r.command.Entity
		fmt.Fprintf(&b, "\t\t%q: func(c *command.Context, record, input schema.Record) (schema.Record, error) {\n", r.command.Name)
		if args := required(r.command); args != "" {
			fmt.Fprintf(&b, "\t\t\tif err := notNull(input%s); err != nil {\n\t\t\t\treturn nil, err\n\t\t\t}\n", args)
		}
		fmt.Fprintf(&b, "\t\t\tv := entity.%sOf(record)\n\t\t\tif err := %s(c, v, entity.%sOf(input)); err != nil {\n\t\t\t\treturn nil, err\n\t\t\t}\n", e.Name, r.name, schema.GoName(r.command.Name))
		fmt.Fprintf(&b, "\t\t\treturn command.KeepEmpty(record, v.Record()%s), nil\n\t\t},\n", textFields(e))
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}

// notNull is inside Table, where no function of the user can have its name.
const notNull = `	// An explicit null clears a field, and these are never null: see docs/adr/0004-zero-in-rules.md of Daybook.
	notNull := func(input schema.Record, names ...string) error {
		for _, name := range names {
			if v, given := input[name]; given && v == nil {
				return &command.Rejection{Code: command.InvalidInput, Field: name, Message: name + " can't be null: leave it out"}
			}
		}
		return nil
	}
`

// required are the arguments that name what may be left out but not be null.
func required(c *schema.Command) string {
	s := ""
	for _, a := range c.Args {
		if a.Field != nil && a.Field.Type.NonNull && !a.Type.NonNull {
			s += fmt.Sprintf(", %q", a.Name)
		}
	}
	return s
}

// textFields are the arguments that name the fields in which "" may mean that a client gave just that.
func textFields(e *schema.Entity) string {
	s := ""
	for _, f := range e.Fields {
		if f.Copy == nil && textual(f) && f.Type.Kind == schema.KindString {
			s += fmt.Sprintf(", %q", f.Name)
		}
	}
	return s
}

// idle returns the commands, and the arguments of commands, that nothing comes of: they set no field, and there is no rule. The model's checker can't say
// that: it knows no rules.
func idle(m *schema.Model, rules []rule) schema.Errors {
	var out schema.Errors
	for _, c := range m.Commands {
		if c.CRUD || slices.ContainsFunc(rules, func(r rule) bool { return r.command == c }) {
			continue
		}
		sets, name := false, schema.GoName(c.Name)
		for _, a := range c.Args {
			sets = sets || a.Field != nil
			if a.Field == nil {
				out = append(out, &schema.Error{
					Pos: a.Pos, What: fmt.Sprintf("the argument %s of %s sets no field of %s, and %s has no rule", a.Name, c.Name, c.Entity.Name, c.Name),
					Write: "name it as a field is, leave it out, or write the rule " + name,
				})
			}
		}
		if c.Kind == schema.Transition && !sets && slices.Contains(c.From, c.To) {
			out = append(out, &schema.Error{
				Pos: c.Pos, What: fmt.Sprintf("%s changes nothing of a %s that is %s already, and has no rule", c.Name, c.Entity.Name, c.To),
				Write: fmt.Sprintf("leave %s out of from, add an argument, or write the rule %s", c.To, name),
			})
		}
	}
	return out
}
