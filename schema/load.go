package schema

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

//go:embed daybook.graphql
var directives string

// Directives returns the text of daybook.graphql: what models are written with.
func Directives() string { return directives }

// Files that belong to a model's folder but are not part of the model.
const (
	DirectivesFile = "daybook.graphql" // shipped
	DerivedFile    = "derived.graphql" // written by the generator: Model.DerivedSDL
)

const maxFileBytes = 4 << 20

// Load reads every *.graphql file of the folder `schema` of fsys, or of its top if there is no such folder, and returns the checked
// model, or Errors with every mistake at once. daybook.graphql and derived.graphql are left out: what they say is known.
func Load(fsys fs.FS) (*Model, error) {
	l := &loader{model: &Model{}, defs: map[string]*ast.Definition{}, entityOf: map[string]*ast.Definition{}, viewOf: map[string]*ast.Definition{}, wrong: map[*Field]bool{}}
	docs, err := l.parse(fsys)
	if err != nil {
		return nil, err
	}
	if len(l.errs) > 0 { // what did not parse would only cause misleading mistakes
		return nil, l.errs.sorted()
	}
	l.collect(docs)
	l.enums()
	l.objects()
	l.entities()
	l.transitions()
	l.index()
	l.views()
	l.finish()
	if len(l.errs) > 0 {
		return nil, l.errs.sorted()
	}
	return l.model, nil
}

func (l *loader) parse(fsys fs.FS) ([]*ast.SchemaDocument, error) {
	dir := "schema"
	if info, err := fs.Stat(fsys, dir); err != nil || !info.IsDir() {
		dir = "."
	}
	names, err := fs.Glob(fsys, path.Join(dir, "*.graphql"))
	if err != nil {
		return nil, err
	}
	var docs []*ast.SchemaDocument
	for _, name := range names {
		if base := path.Base(name); base == DirectivesFile || base == DerivedFile {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read the model: %w", err)
		}
		if doc := l.parseFile(name, string(text)); doc != nil {
			docs = append(docs, doc)
		}
	}
	if len(docs) == 0 && len(l.errs) == 0 {
		return nil, Errors{{Pos{path.Join(dir, "*.graphql"), 1, 1}, "there is no model", `write a file such as schema/order.graphql with "type Order @entity { id: ID! }"`}}
	}
	return docs, nil
}

func (l *loader) parseFile(name, text string) *ast.SchemaDocument {
	switch base := path.Base(name); {
	case len(text) > maxFileBytes:
		l.fail(Pos{name, 1, 1}, "split it", "the file has more than %d bytes", maxFileBytes)
		return nil
	case base[0] == '_' || base[0] == '.':
		l.fail(Pos{name, 1, 1}, "begin its name with a letter", "Go would leave out the code of a file that is called %s", base)
	case !utf8.ValidString(text):
		l.fail(Pos{name, badLine(text), 1}, "save it as UTF-8", "the file is no UTF-8")
		return nil
	}
	doc, err := parser.ParseSchema(&ast.Source{Name: name, Input: text})
	var g *gqlerror.Error
	switch {
	case errors.As(err, &g):
		p := Pos{name, 1, 1}
		if len(g.Locations) > 0 {
			p.Line, p.Col = g.Locations[0].Line, g.Locations[0].Column
		}
		l.fail(p, "correct the SDL", "syntax error: %s", strings.TrimSpace(g.Message))
		return nil
	case err != nil:
		l.fail(Pos{name, 1, 1}, "correct the SDL", "syntax error: %v", err)
		return nil
	}
	return doc
}

// badLine returns the first line that is no UTF-8.
func badLine(text string) int {
	for i, line := range strings.Split(text, "\n") {
		if !utf8.ValidString(line) {
			return i + 1
		}
	}
	return 1
}

// collect sorts what the files declare and refuses what a model can't hold.
func (l *loader) collect(docs []*ast.SchemaDocument) {
	for _, doc := range docs {
		for _, s := range append(append(ast.SchemaDefinitionList{}, doc.Schema...), doc.SchemaExtension...) {
			l.fail(posOf(s.Position), "leave it out", "a model has no schema definition")
		}
		for _, d := range doc.Directives {
			l.fail(posOf(d.Position), "use those of daybook.graphql", "a model can't declare the directive @%s", d.Name)
		}
		for _, d := range doc.Definitions {
			l.define(d)
		}
		for _, d := range doc.Extensions {
			if d.Name != "Mutation" {
				l.fail(posOf(d.Position), "write everything in the type itself", "only Mutation can be extended, not %s", d.Name)
				continue
			}
			l.noDirectives(d.Directives, "Mutation")
			l.noInterfaces(d)
			l.commands = append(l.commands, d.Fields...)
		}
	}
}

func (l *loader) define(d *ast.Definition) {
	p := posOf(d.Position)
	switch {
	case d.Name == "Mutation":
		l.fail(p, "write `extend type Mutation`", "the type Mutation is there already")
	case d.Name == "Query" || d.Name == "Subscription":
		l.fail(p, "leave it out: queries and subscriptions are generated", "a model does not declare %s", d.Name)
	case d.Kind != ast.Object && d.Kind != ast.Enum && d.Kind != ast.InputObject:
		l.fail(p, "use types, enums, inputs, and the scalars of daybook.graphql", "a model can't have the %s %s", strings.ToLower(string(d.Kind)), d.Name)
	case l.defs[d.Name] != nil:
		o := posOf(l.defs[d.Name].Position)
		l.fail(p, "rename one of them", "%s is declared twice, first at %s:%d", d.Name, o.File, o.Line)
	case builtin(d.Name) || reservedTypes[d.Name] || strings.HasPrefix(d.Name, "_"):
		l.fail(p, "choose another name", "the name %s is taken by Daybook", d.Name)
	default:
		l.defs[d.Name] = d
		if d.Kind == ast.Object && d.Directives.ForName("entity") != nil {
			l.entityOf[d.Name] = d
		} else if d.Kind == ast.Object && d.Directives.ForName("view") != nil {
			l.viewOf[d.Name] = d
		}
		l.capital(d)
	}
}

// capital refuses type names that would not be exported in Go: rules could not name them.
func (l *loader) capital(d *ast.Definition) {
	if c := d.Name[0]; c >= 'A' && c <= 'Z' {
		return
	}
	kind := map[ast.DefinitionKind]string{ast.Enum: "an enum", ast.InputObject: "an input", ast.Object: "a type"}[d.Kind]
	if l.entityOf[d.Name] != nil {
		kind = "an entity"
	} else if l.viewOf[d.Name] != nil {
		kind = "a view"
	}
	l.fail(posOf(d.Position), "write "+upperFirst(d.Name), "the name of %s begins with a capital", kind)
}

func (l *loader) noInterfaces(d *ast.Definition) {
	if len(d.Interfaces) > 0 {
		l.fail(posOf(d.Position), "leave out implements", "a model has no interfaces")
	}
}
