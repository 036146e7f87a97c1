package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// tableFuncs are the functions of table_gen.go.
var tableFuncs = []string{"Table", "Reactions", "Projections"}

// table writes the tables that wire rules to commands, reactions to events, and projections to views.
func table(module string, found []role) string {
	by := map[string][]role{}
	for _, o := range found {
		by[o.kind()] = append(by[o.kind()], o)
	}
	var b strings.Builder
	b.WriteString(header + "package rules\n\n")
	fmt.Fprintf(&b, "import %q\nimport %q\n", commandPkg, projectionPkg)
	if len(found) > len(by[aProjection]) {
		fmt.Fprintf(&b, "import %q\n", runtimeModule+"/schema")
	}
	if len(found) > 0 {
		fmt.Fprintf(&b, "import %q\n", module+"/entity")
	}
	ruleTable(&b, by[aRule])
	reactionTable(&b, by[aReaction])
	projectionTable(&b, by[aProjection])
	return b.String()
}

func ruleTable(b *strings.Builder, rules []role) {
	b.WriteString("\n// Table returns the rules by command.\nfunc Table() command.Rules {\n")
	if slices.ContainsFunc(rules, func(o role) bool { return required(o.command) != "" }) {
		b.WriteString(notNull)
	}
	b.WriteString("\treturn command.Rules{\n")
	for _, o := range rules {
		fmt.Fprintf(b, "\t\t%q: func(c *command.Context, record, input schema.Record) (schema.Record, error) {\n", o.command.Name)
		if args := required(o.command); args != "" {
			fmt.Fprintf(b, "\t\t\tif err := notNull(input%s); err != nil {\n\t\t\t\treturn nil, err\n\t\t\t}\n", args)
		}
		fmt.Fprintf(b, "\t\t\tv := entity.%sOf(record)\n\t\t\tif err := %s(c, v, entity.%sOf(input)); err != nil {\n\t\t\t\treturn nil, err\n\t\t\t}\n", o.entity.Name, o.name, o.name)
		fmt.Fprintf(b, "\t\t\treturn command.KeepEmpty(record, v.Record()%s), nil\n\t\t},\n", textFields(o.entity))
	}
	b.WriteString("\t}\n}\n")
}

func reactionTable(b *strings.Builder, reactions []role) {
	b.WriteString("\n// Reactions returns the reactions that are written in Go.\nfunc Reactions() command.Reactions {\n")
	if len(reactions) == 0 {
		b.WriteString("\treturn nil\n}\n")
		return
	}
	b.WriteString("\treturn command.Reactions{\n")
	for _, o := range reactions {
		fmt.Fprintf(b, "\t\t{Name: %q, Entity: %q, Event: %q, React: func(r *command.Reaction, record schema.Record) error {\n", o.name, o.entity.Name, o.event)
		fmt.Fprintf(b, "\t\t\treturn %s(r, entity.%sOf(record))\n\t\t}},\n", o.name, o.entity.Name)
	}
	b.WriteString("\t}\n}\n")
}

func projectionTable(b *strings.Builder, projections []role) {
	b.WriteString("\n// Projections returns the projections by the view that they make and the entity that they make it of.\nfunc Projections() projection.Table {\n")
	if len(projections) == 0 {
		b.WriteString("\treturn nil\n}\n")
		return
	}
	slices.SortStableFunc(projections, func(a, b role) int { return strings.Compare(a.view.Name, b.view.Name) })
	b.WriteString("\treturn projection.Table{\n")
	for i, o := range projections {
		if i == 0 || projections[i-1].view != o.view {
			fmt.Fprintf(b, "\t\t%q: {\n", o.view.Name)
		}
		fmt.Fprintf(b, "\t\t\t%q: projection.Wrap(%s, entity.%sOf, entity.%sOf, (*entity.%s).Record),\n", o.entity.Name, o.name, o.entity.Name, o.view.Name, o.view.Name)
		if i == len(projections)-1 || projections[i+1].view != o.view {
			b.WriteString("\t\t},\n")
		}
	}
	b.WriteString("\t}\n}\n")
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

// textFields are the arguments that name the fields in which "" may mean that a client gave just that. Keys of elements are not among them: an empty one is
// one that is not given.
func textFields(e *schema.Entity) string {
	s := ""
	for _, f := range e.Fields {
		if f.Copy == nil && textual(f) && f.Type.Kind == schema.KindString {
			s += fmt.Sprintf(", %q", f.Name)
		}
	}
	return s
}
