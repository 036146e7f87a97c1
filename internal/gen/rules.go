package gen

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"runtime"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// ruleReader finds the rules, reactions and projections among the functions of the package rules, and whatever was meant to be one and is none.
type ruleReader struct {
	*rulePackage
	model    *schema.Model
	roles    map[string][]role // by Go name
	found    map[string]role   // by Go name
	places   map[string]token.Pos
	mistakes []error
	notes    []string
}

// readRules reads rules/*.go by syntax. It reads no types: the package entity may not be there yet. Notes are for the user, and no mistakes.
func readRules(dir, module string, m *schema.Model) (found []role, notes []string, err error) {
	pkg, mistakes, err := parseRules(dir, module)
	if err != nil {
		return nil, nil, err
	}
	r := &ruleReader{rulePackage: pkg, model: m, roles: rolesOf(m), found: map[string]role{}, places: map[string]token.Pos{}, mistakes: mistakes}
	for _, f := range pkg.files {
		r.file(f)
	}
	reaches := newReacher(pkg, m)
	for _, o := range r.found {
		if o.command != nil {
			o.reaches = reaches.of(o.name)
		}
		found = append(found, o)
	}
	slices.SortFunc(found, func(a, b role) int { return strings.Compare(a.key(), b.key()) })
	return found, r.notes, errors.Join(r.mistakes...)
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

// leftOut says which rules, reactions and projections don't run because this system does not build their file.
func (r *ruleReader) leftOut(f *ruleFile) {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || r.roles[fn.Name.Name] == nil {
			continue
		}
		o := ofKind(r.roles[fn.Name.Name], f.shape(fn))[0]
		r.notes = append(r.notes, fmt.Sprintf("%s: %s is no %s here: %s/%s leaves the file out, by its name or its build constraints",
			r.fset.Position(fn.Pos()), fn.Name.Name, o.kind(), runtime.GOOS, runtime.GOARCH))
	}
}

// variables refuses variables that are named as rules, reactions and projections: these are functions.
func (r *ruleReader) variables(d *ast.GenDecl) {
	if d.Tok != token.VAR && d.Tok != token.CONST {
		return
	}
	for _, s := range d.Specs {
		for _, name := range s.(*ast.ValueSpec).Names {
			if slices.Contains(tableFuncs, name.Name) {
				r.fail(name.Pos(), "%s is a function of table_gen.go: choose another name", name.Name)
			}
			if roles := r.roles[name.Name]; roles != nil {
				r.fail(name.Pos(), "%s is named as %s, and no function: write %s, or another name", name.Name, roles[0].purpose(), signatures(roles))
			}
		}
	}
}

// function tells whether a function is a rule, a reaction or a projection, by its name or by its parameters, and checks that it then is so by both.
func (r *ruleReader) function(f *ruleFile, fn *ast.FuncDecl) {
	if fn.Recv != nil || !fn.Name.IsExported() || f.test {
		r.almost(f, fn)
		return
	}
	name, shape := fn.Name.Name, f.shape(fn)
	roles := ofKind(r.roles[name], shape)
	fits := r.fits(f, fn, roles)
	switch {
	case slices.Contains(tableFuncs, name):
		r.fail(fn.Pos(), "%s is a function of table_gen.go: choose another name", name)
	case len(roles) == 0 && shape == aRule:
		r.fail(fn.Pos(), "%s looks like a rule, but the model has no such command: name it as a command is%s, or write its name in lower case", name, r.like(name, aRule))
	case len(roles) == 0 && shape == aReaction:
		r.noEvent(f, fn)
	case len(roles) == 0 && shape == aProjection:
		r.noView(fn)
	case len(roles) == 0:
	case fn.Type.TypeParams != nil:
		r.fail(fn.Pos(), "the %s %s has type parameters: write %s", roles[0].kind(), name, signatures(roles))
	case len(fits) == 0:
		r.fail(fn.Pos(), "the %s %s is not as it should be: write %s", roles[0].kind(), name, signatures(roles))
	case len(fits) > 1:
		r.fail(fn.Pos(), "%s could be for two events of %s, %s and %s: rename one of them in the model", name, fits[0].entity.Name, fits[0].event, fits[1].event)
	case r.places[name].IsValid():
		r.fail(fn.Pos(), "the %s %s is there twice, first at %s: leave one out", fits[0].kind(), name, r.fset.Position(r.places[name]))
	default:
		r.found[name], r.places[name] = fits[0], fn.Pos()
	}
}

// noEvent refuses what looks like a reaction and has no event's name.
func (r *ruleReader) noEvent(f *ruleFile, fn *ast.FuncDecl) {
	name, who, names := fn.Name.Name, "the model", r.like(fn.Name.Name, aReaction)
	for _, p := range f.types(fn.Type.Params) {
		typeName, _ := strings.CutPrefix(strings.TrimPrefix(p, "*"), "entity.")
		if e := r.model.Entity(typeName); e != nil && p != typeName {
			who = e.Name
			names = cmp.Or(names, " ("+strings.Join(reactionNames(e), ", ")+")")
		}
	}
	r.fail(fn.Pos(), "%s looks like a reaction, but %s has no such event: name it On and the event%s, or write its name in lower case", name, who, names)
}

// noView refuses what looks like a projection and is named as none.
func (r *ruleReader) noView(fn *ast.FuncDecl) {
	var names []string
	for name, roles := range r.roles {
		if roles[len(roles)-1].view != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if names == nil {
		r.fail(fn.Pos(), "%s looks like a projection, but every view of the model has aggregates: declare a view without, or write its name in lower case", fn.Name.Name)
		return
	}
	r.fail(fn.Pos(), "%s looks like a projection, but the model has no view for it: name it %s, or write its name in lower case", fn.Name.Name, strings.Join(names, " or "))
}

func reactionNames(e *schema.Entity) []string {
	var out []string
	for _, c := range e.Commands {
		out = append(out, reactionName(c.Event))
	}
	return out
}

// almost refuses what is a rule, a reaction or a projection but for being a method, in lower case, or in a test.
func (r *ruleReader) almost(f *ruleFile, fn *ast.FuncDecl) {
	for name, roles := range r.roles {
		if !strings.EqualFold(name, fn.Name.Name) {
			continue
		}
		for _, o := range r.fits(f, fn, roles) {
			switch {
			case f.test:
				r.fail(fn.Pos(), "the %s %s is in a test, where it does not run: move it, or name it otherwise", o.kind(), fn.Name.Name)
			case fn.Recv != nil:
				r.fail(fn.Pos(), "the %s %s is a method: write %s", o.kind(), fn.Name.Name, o.signature())
			default:
				r.fail(fn.Pos(), "the %s %s is not exported: write %s", o.kind(), fn.Name.Name, o.signature())
			}
		}
	}
}

// fits returns those of the roles whose parameters and results the function has.
func (r *ruleReader) fits(f *ruleFile, fn *ast.FuncDecl, roles []role) []role {
	params, results := f.types(fn.Type.Params), f.types(fn.Type.Results)
	return slices.DeleteFunc(slices.Clone(roles), func(o role) bool {
		return !slices.Equal(params, o.params()) || !slices.Equal(results, []string{"error"})
	})
}

// like suggests the name of a role that differs only in case.
func (r *ruleReader) like(name, kind string) string {
	for other, roles := range r.roles {
		if strings.EqualFold(other, name) && ofKind(roles, kind)[0].kind() == kind {
			return " (" + other + ")"
		}
	}
	return ""
}
