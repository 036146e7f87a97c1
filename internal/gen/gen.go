// Package gen is the generator: from a model to API contracts, executable schema, typed entities and the rule table.
package gen

import (
	"errors"
	"fmt"
	"go/format"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/mod/modfile"

	"github.com/daybook-cqrs/daybook/schema"
)

// Run generates everything for the module at dir, which holds go.mod, schema/ and, if there are rules, rules/. A wrong model or rule is
// reported with every mistake, one a line, and nothing is written. It leaves files alone that would not change. What the user should know, and is no
// mistake, goes to notes.
func Run(dir string, notes io.Writer) error {
	module, err := modulePath(dir)
	if err != nil {
		return err
	}
	m, err := schema.Load(os.DirFS(dir))
	if err != nil {
		return err
	}
	found, said, err := readRules(filepath.Join(dir, "rules"), module, m)
	for _, note := range said {
		fmt.Fprintln(notes, note)
	}
	if err != nil {
		return err
	}
	if mistakes := append(idle(m, found), unmade(m, found)...); len(mistakes) > 0 {
		return mistakes
	}
	full := contract(m, half{write: true, read: true})
	parsed, err := full.parse()
	if err != nil {
		return err
	}
	files := map[string]string{
		"graph/api.graphql":      full.String(),
		"graph/command.graphql":  api(m, half{write: true}),
		"graph/query.graphql":    api(m, half{read: true}),
		"schema/derived.graphql": m.DerivedSDL(),
		"schema/daybook.graphql": schema.Directives(),
		"graph/models_gen.go":    models(m, found),
		"rules/table_gen.go":     table(module, found),
	}
	keep := map[string]bool{}
	for name, text := range entities(m) {
		files["entity/"+name] = text
		keep[name] = true
	}
	if err := writeAll(dir, files); err != nil {
		return err
	}
	if err := removeStale(filepath.Join(dir, "entity"), "_gen.go", keep); err != nil {
		return err
	}
	if err := executable(dir, module+"/graph", m, parsed); err != nil {
		return err
	}
	return compile(dir, notes)
}

// parse reads the contract as gqlgen will. What is refused here is a clash that the model's checker does not know.
func (s *sdl) parse() (*ast.Schema, error) {
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "graph/api.graphql", Input: s.String()})
	if err == nil {
		return parsed, nil
	}
	var at *gqlerror.Error
	if errors.As(err, &at) && len(at.Locations) > 0 {
		if p, ok := s.origin(at.Locations[0].Line); ok {
			return nil, schema.Errors{{Pos: p, What: "the API would not be valid: " + at.Message, Write: "rename what it derives from"}}
		}
	}
	return nil, fmt.Errorf("the API would not be valid, which is a mistake of the generator: %w", err)
}

// writeAll formats the Go files and, if all of them are Go, writes everything.
func writeAll(dir string, files map[string]string) error {
	for name, text := range files {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		clean, err := format.Source([]byte(text))
		if err != nil {
			return fmt.Errorf("%s would be no Go, which is a mistake of the generator: %w\n%s", name, err, text)
		}
		files[name] = string(clean)
	}
	for name, text := range files {
		if err := write(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	return nil
}

func modulePath(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", errors.New("there is no go.mod here: run the generator in the folder of your module")
	}
	if path := modfile.ModulePath(text); path != "" {
		return strings.TrimSpace(path), nil
	}
	return "", errors.New("go.mod names no module")
}
