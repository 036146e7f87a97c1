// Package gen is the generator: from a model to API contracts, executable schema, typed entities and the rule table.
package gen

import (
	"errors"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/mod/modfile"

	"github.com/daybook-cqrs/daybook/schema"
)

// Run generates everything for the module at dir, which holds go.mod, schema/ and, if there are rules, rules/. A wrong model or rule is
// reported with every mistake, one a line, and nothing is written. It leaves files alone that would not change.
func Run(dir string) error {
	module, err := modulePath(dir)
	if err != nil {
		return err
	}
	m, err := schema.Load(os.DirFS(dir))
	if err != nil {
		return err
	}
	table, err := ruleTable(filepath.Join(dir, "rules"), module, m)
	if err != nil {
		return err
	}
	contracts := map[string]string{
		"graph/api.graphql":      api(m, half{write: true, read: true}),
		"graph/command.graphql":  api(m, half{write: true}),
		"graph/query.graphql":    api(m, half{read: true}),
		"schema/derived.graphql": m.DerivedSDL(),
		"schema/daybook.graphql": schema.Directives(),
	}
	full, gqlErr := gqlparser.LoadSchema(&ast.Source{Name: "graph/api.graphql", Input: contracts["graph/api.graphql"]})
	if gqlErr != nil {
		return fmt.Errorf("the generated API is no valid SDL, which is a mistake of the generator: %w", gqlErr)
	}
	files := map[string]string{"graph/models_gen.go": models(m), "rules/table_gen.go": table}
	keep := map[string]bool{}
	for name, text := range entities(m) {
		files["entity/"+name] = text
		keep[name] = true
	}
	for name, text := range files {
		clean, err := format.Source([]byte(text))
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, text)
		}
		contracts[name] = string(clean)
	}
	for name, text := range contracts {
		if err := write(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	if err := removeStale(filepath.Join(dir, "entity"), "_gen.go", keep); err != nil {
		return err
	}
	return executable(dir, module+"/graph", m, full)
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
