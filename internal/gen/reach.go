package gen

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// reacher finds the entities that a rule reaches beside its own, by syntax: those that it, or a function of the package that it calls, loads, and those of the
// commands that it runs, with what their rules reach. What is called by way of variables, or is in other packages, is not found.
type reacher struct {
	model     *schema.Model
	functions map[string]*ast.FuncDecl // of the package, by name
	files     map[string]*ruleFile     // by function
	commands  map[string]*schema.Command
}

func newReacher(p *rulePackage, m *schema.Model) *reacher {
	r := &reacher{model: m, functions: map[string]*ast.FuncDecl{}, files: map[string]*ruleFile{}, commands: map[string]*schema.Command{}}
	for _, f := range p.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Body != nil && f.built && !f.test {
				r.functions[fn.Name.Name], r.files[fn.Name.Name] = fn, f
			}
		}
	}
	for _, c := range m.Commands {
		r.commands[schema.GoName(c.Name)] = c
	}
	return r
}

// of returns the names of the entities that a function reaches, in order.
func (r *reacher) of(function string) []string {
	found := map[string]bool{}
	r.visit(function, found, map[string]bool{})
	return slices.Sorted(maps.Keys(found))
}

func (r *reacher) visit(function string, found, seen map[string]bool) {
	fn := r.functions[function]
	if fn == nil || seen[function] {
		return
	}
	seen[function] = true
	runs := func(c *schema.Command) {
		if c != nil {
			found[c.Entity.Name] = true
			r.visit(schema.GoName(c.Name), found, seen)
		}
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit: // entity.TakeStock{…}: made to be run
			if name, ok := strings.CutPrefix(r.files[function].typeText(n.Type, 0), "entity."); ok {
				runs(r.commands[name])
			}
		case *ast.CallExpr:
			r.call(function, n, found, seen, runs)
		}
		return true
	})
}

// call looks at one call: entity.LoadOrder, c.Load("Order", …), c.Run("takeStock", …), or of a function of the package.
func (r *reacher) call(function string, n *ast.CallExpr, found, seen map[string]bool, runs func(*schema.Command)) {
	switch f := n.Fun.(type) {
	case *ast.Ident:
		r.visit(f.Name, found, seen)
	case *ast.SelectorExpr:
		text := r.files[function].typeText(f, 0)
		for _, prefix := range []string{"entity.Load", "entity.Find"} {
			if name, ok := strings.CutPrefix(text, prefix); ok && r.model.Entity(name) != nil {
				found[name] = true
			}
		}
		name := firstText(n)
		switch {
		case (f.Sel.Name == "Load" || f.Sel.Name == "Find") && r.model.Entity(name) != nil:
			found[name] = true
		case f.Sel.Name == "Run":
			runs(r.model.Command(name))
		}
	}
}

// firstText returns the first argument of a call if it is a text, else "".
func firstText(n *ast.CallExpr) string {
	if len(n.Args) == 0 {
		return ""
	}
	lit, ok := n.Args[0].(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value) // the parser saw to that
	return text
}
