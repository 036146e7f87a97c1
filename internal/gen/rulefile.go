package gen

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// ruleFile is a file of the package rules as far as its syntax tells.
type ruleFile struct {
	*ast.File
	name    string            // "rules/order.go"
	test    bool              // whether it is only for tests
	built   bool              // whether its name and build constraints fit this system
	imports map[string]string // path by name
	dots    map[string]bool   // paths that are imported without a name
	pkg     *rulePackage
}

// rulePackage is what the files of the package rules share.
type rulePackage struct {
	fset    *token.FileSet
	entity  string              // the import path of package entity
	aliases map[string]ast.Expr // type X = …
	homes   map[string]*ruleFile
	files   []*ruleFile
}

const (
	commandPkg    = runtimeModule + "/command"
	projectionPkg = runtimeModule + "/projection"
)

// parseRules parses the files of dir but for the generated table. Mistakes are syntax errors.
func parseRules(dir, module string) (_ *rulePackage, mistakes []error, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	p := &rulePackage{fset: token.NewFileSet(), entity: module + "/entity", aliases: map[string]ast.Expr{}, homes: map[string]*ruleFile{}}
	for _, name := range names {
		base := filepath.Base(name)
		if base == "table_gen.go" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		f := &ruleFile{name: "rules/" + base, test: strings.HasSuffix(base, "_test.go"), pkg: p}
		if f.File, err = parser.ParseFile(p.fset, f.name, text, parser.SkipObjectResolution); err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		f.built, err = build.Default.MatchFile(dir, base)
		f.built = f.built || err != nil // the compiler will say what is wrong
		f.readImports()
		f.readAliases()
		p.files = append(p.files, f)
	}
	return p, mistakes, nil
}

func (f *ruleFile) readImports() {
	f.imports, f.dots = map[string]string{}, map[string]bool{}
	for _, i := range f.Imports {
		importPath, _ := strconv.Unquote(i.Path.Value) // the parser saw to that
		switch {
		case i.Name == nil:
			f.imports[path.Base(importPath)] = importPath
		case i.Name.Name == ".":
			f.dots[importPath] = true
		default:
			f.imports[i.Name.Name] = importPath
		}
	}
}

func (f *ruleFile) readAliases() {
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, s := range gen.Specs {
			if t := s.(*ast.TypeSpec); t.Assign.IsValid() {
				f.pkg.aliases[t.Name.Name], f.pkg.homes[t.Name.Name] = t.Type, f
			}
		}
	}
}

// types returns the types of parameters or results, one for each.
func (f *ruleFile) types(fields *ast.FieldList) []string {
	var out []string
	if fields == nil {
		return nil
	}
	for _, field := range fields.List {
		text := f.typeText(field.Type, 0)
		for range max(1, len(field.Names)) {
			out = append(out, text)
		}
	}
	return out
}

// shape tells by a function's parameters what it looks like: a rule, a reaction, a projection, or "".
func (f *ruleFile) shape(fn *ast.FuncDecl) string {
	for _, p := range f.types(fn.Type.Params) {
		switch name, _, _ := strings.Cut(strings.TrimPrefix(p, "*"), "["); name {
		case "command.Context":
			return aRule
		case "command.Reaction":
			return aReaction
		case "projection.Change", "projection.Of":
			return aProjection
		}
	}
	return ""
}

// typeText returns a type as it would be written without aliases: *command.Context, entity.Order.
func (f *ruleFile) typeText(e ast.Expr, depth int) string {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return f.typeText(e.X, depth)
	case *ast.StarExpr:
		return "*" + f.typeText(e.X, depth)
	case *ast.IndexExpr:
		return f.typeText(e.X, depth) + "[" + f.typeText(e.Index, depth) + "]"
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return f.qualified(x.Name, e.Sel.Name)
		}
	case *ast.Ident:
		alias := f.pkg.aliases[e.Name]
		switch {
		case alias != nil && depth < 10:
			return f.pkg.homes[e.Name].typeText(alias, depth+1)
		case f.dots[commandPkg] && (e.Name == "Context" || e.Name == "Reaction"):
			return "command." + e.Name
		case f.dots[projectionPkg] && (e.Name == "Change" || e.Name == "Of"):
			return "projection." + e.Name
		case f.dots[f.pkg.entity] && e.IsExported():
			return "entity." + e.Name
		}
		return e.Name
	}
	return "?"
}

func (f *ruleFile) qualified(pkg, name string) string {
	switch importPath := f.imports[pkg]; importPath {
	case commandPkg:
		return "command." + name
	case projectionPkg:
		return "projection." + name
	case f.pkg.entity:
		return "entity." + name
	case "":
		return pkg + "." + name
	default:
		return importPath + "." + name
	}
}
