package gen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"runtime"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// rule is a function of the package rules that belongs to a command.
type rule struct {
	command *schema.Command
	name    string
}

// ruleReader finds the rules among the functions of the package rules, and whatever was meant to be one and is none.
type ruleReader struct {
	*rulePackage
	commands map[string]*schema.Command // by Go name
	rules    map[string]rule            // by Go name
	places   map[string]token.Pos
	mistakes []error
	notes    []string
}

// readRules reads rules/*.go by syntax. It reads no types: the package entity may not be there yet. Notes are for the user, and no mistakes.
func readRules(dir, module string, m *schema.Model) (rules []rule, notes []string, err error) {
	pkg, mistakes, err := parseRules(dir, module)
	if err != nil {
		return nil, nil, err
	}
	r := &ruleReader{rulePackage: pkg, commands: map[string]*schema.Command{}, rules: map[string]rule{}, places: map[string]token.Pos{}, mistakes: mistakes}
	for _, c := range m.Commands {
		r.commands[schema.GoName(c.Name)] = c
	}
	for _, f := range pkg.files {
		r.file(f)
	}
	for _, found := range r.rules {
		rules = append(rules, found)
	}
	slices.SortFunc(rules, func(a, b rule) int { return strings.Compare(a.command.Name, b.command.Name) })
	return rules, r.notes, errors.Join(r.mistakes...)
}

func (r *ruleReader) fail(p token.Pos, format string, args ...any) {
	r.mistakes = append(r.mistakes, fmt.Errorf("%s: %s", r.fset.Position(p), fmt.Sprintf(format, args...)))
}

func (r *ruleReader) file(f *ruleFile) {
	switch {
	case !f.built:
		r.leftOut(f)
		return
	case f.test && f.Name.Name == "rules_test":
		return
	case f.Name.Name != "rules":
		r.fail(f.Name.Pos(), "the package %s is in the folder rules: write package rules", f.Name.Name)
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			r.function(f, d)
		case *ast.GenDecl:
			r.variables(d)
		}
	}
}

// leftOut says which rules don't run because this system does not build their file.
func (r *ruleReader) leftOut(f *ruleFile) {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && r.commands[fn.Name.Name] != nil {
			r.notes = append(r.notes, fmt.Sprintf("%s: %s is no rule here: %s/%s leaves the file out, by its name or its build constraints",
				r.fset.Position(fn.Pos()), fn.Name.Name, runtime.GOOS, runtime.GOARCH))
		}
	}
}

// variables refuses variables that are named as commands: only functions are rules.
func (r *ruleReader) variables(d *ast.GenDecl) {
	if d.Tok != token.VAR && d.Tok != token.CONST {
		return
	}
	for _, s := range d.Specs {
		for _, name := range s.(*ast.ValueSpec).Names {
			if c := r.commands[name.Name]; c != nil {
				r.fail(name.Pos(), "%s is named as a command, and no function: write %s, or another name", name.Name, signature(c))
			}
		}
	}
}

// function tells whether a function is a rule, by its name or by its parameters, and checks that it then is both.
func (r *ruleReader) function(f *ruleFile, fn *ast.FuncDecl) {
	name := fn.Name.Name
	if fn.Recv != nil || !fn.Name.IsExported() || f.test {
		r.almost(f, fn)
		return
	}
	c := r.commands[name]
	params := f.types(fn.Type.Params)
	shaped := slices.Contains(params, "*command.Context") || slices.Contains(params, "command.Context")
	switch {
	case c == nil && shaped:
		r.fail(fn.Pos(), "%s looks like a rule, but the model has no such command: name it as a command is%s, or write its name in lower case", name, r.like(name))
	case c == nil:
	case fn.Type.TypeParams != nil:
		r.fail(fn.Pos(), "the rule %s has type parameters: write %s", name, signature(c))
	case !r.exact(f, fn, c):
		r.fail(fn.Pos(), "the rule %s is not as it should be: write %s", name, signature(c))
	case r.places[name].IsValid():
		r.fail(fn.Pos(), "the rule %s is there twice, first at %s: leave one out", name, r.fset.Position(r.places[name]))
	default:
		r.rules[name], r.places[name] = rule{c, name}, fn.Pos()
	}
}

// almost refuses what is a rule but for being a method, in lower case, or in a test.
func (r *ruleReader) almost(f *ruleFile, fn *ast.FuncDecl) {
	for name, c := range r.commands {
		if !strings.EqualFold(name, fn.Name.Name) || !r.exact(f, fn, c) {
			continue
		}
		switch {
		case f.test:
			r.fail(fn.Pos(), "the rule %s is in a test, where it does not run: move it, or name it otherwise", fn.Name.Name)
		case fn.Recv != nil:
			r.fail(fn.Pos(), "the rule %s is a method: write %s", fn.Name.Name, signature(c))
		default:
			r.fail(fn.Pos(), "the rule %s is not exported: write %s", fn.Name.Name, signature(c))
		}
	}
}

func (r *ruleReader) exact(f *ruleFile, fn *ast.FuncDecl, c *schema.Command) bool {
	want := []string{"*command.Context", "*entity." + c.Entity.Name, "entity." + schema.GoName(c.Name)}
	return slices.Equal(f.types(fn.Type.Params), want) && slices.Equal(f.types(fn.Type.Results), []string{"error"})
}

func signature(c *schema.Command) string {
	name := schema.GoName(c.Name)
	return fmt.Sprintf("func %s(c *command.Context, %s *entity.%s, in entity.%s) error", name, c.Entity.Singular, c.Entity.Name, name)
}

// like suggests the command whose name differs only in case.
func (r *ruleReader) like(name string) string {
	for other := range r.commands {
		if strings.EqualFold(other, name) {
			return " (" + other + ")"
		}
	}
	return ""
}
