package gen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// rule is a function of the package rules that belongs to a command.
type rule struct {
	command *schema.Command
	name    string
}

// ruleTable reads rules/*.go by syntax and writes the table that wires them. It reads no types: the package entity may not be there yet.
func ruleTable(dir, module string, m *schema.Model) (string, error) {
	rules, err := readRules(dir, m)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(header + "package rules\n\n")
	fmt.Fprintf(&b, "import %q\n", runtimeModule+"/command")
	if len(rules) > 0 {
		fmt.Fprintf(&b, "import %q\nimport %q\n", runtimeModule+"/schema", module+"/entity")
	}
	b.WriteString("\n// Table returns the rules by command.\nfunc Table() command.Rules {\n\treturn command.Rules{\n")
	for _, r := range rules {
		e := r.command.Entity
		fmt.Fprintf(&b, "\t\t%q: func(c *command.Context, record, input schema.Record) (schema.Record, error) {\n", r.command.Name)
		fmt.Fprintf(&b, "\t\t\tv := entity.%sOf(record)\n\t\t\tif err := %s(c, v, entity.%sOf(input)); err != nil {\n\t\t\t\treturn nil, err\n\t\t\t}\n", e.Name, r.name, schema.GoName(r.command.Name))
		fmt.Fprintf(&b, "\t\t\treturn command.KeepEmpty(record, v.Record()%s), nil\n\t\t},\n", textFields(e))
	}
	b.WriteString("\t}\n}\n")
	return b.String(), nil
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

func readRules(dir string, m *schema.Model) ([]rule, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	byGoName := map[string]*schema.Command{}
	for _, c := range m.Commands {
		byGoName[schema.GoName(c.Name)] = c
	}
	var out []rule
	var mistakes []error
	fset := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_gen.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(fset, "rules/"+filepath.Base(file), text, parser.SkipObjectResolution)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		for _, d := range parsed.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() {
				continue
			}
			r, err := readRule(fn, byGoName)
			if err != nil {
				mistakes = append(mistakes, fmt.Errorf("%s: %w", fset.Position(fn.Pos()), err))
			} else if r.command != nil {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b rule) int { return strings.Compare(a.command.Name, b.command.Name) })
	return out, errors.Join(mistakes...)
}

// readRule tells whether a function is a rule, by its name or by its first parameter, and checks that it then is both.
func readRule(fn *ast.FuncDecl, commands map[string]*schema.Command) (rule, error) {
	c := commands[fn.Name.Name]
	params := flatten(fn.Type.Params)
	shaped := len(params) > 0 && params[0] == "*command.Context"
	switch {
	case c == nil && !shaped:
		return rule{}, nil
	case c == nil:
		return rule{}, fmt.Errorf("%s looks like a rule, but the model has no such command: name it as a command is, or write its name in lower case", fn.Name.Name)
	}
	want := []string{"*command.Context", "*entity." + c.Entity.Name, "entity." + schema.GoName(c.Name)}
	if !slices.Equal(params, want) || !slices.Equal(flatten(fn.Type.Results), []string{"error"}) {
		return rule{}, fmt.Errorf("the rule %s is not as it should be: write func %s(c %s, %s %s, in %s) error", fn.Name.Name, fn.Name.Name, want[0], c.Entity.Singular, want[1], want[2])
	}
	return rule{c, fn.Name.Name}, nil
}

// flatten returns the types of parameters as they are written.
func flatten(fields *ast.FieldList) []string {
	var out []string
	if fields == nil {
		return nil
	}
	for _, f := range fields.List {
		text := typeText(f.Type)
		for range max(1, len(f.Names)) {
			out = append(out, text)
		}
	}
	return out
}

func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeText(e.X)
	case *ast.SelectorExpr:
		return typeText(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return "?"
}
