package gen

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	gqlgen "github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/schema"
)

const (
	runtimeModule = "github.com/daybook-cqrs/daybook"
	resolvePkg    = runtimeModule + "/resolve"
)

// models writes the Go types that entities bind to. They are one type under many names: gqlgen tells the types behind an interface apart by them.
func models(m *schema.Model, found []role) string {
	var b strings.Builder
	b.WriteString(header + "package graph\n\nimport (\n\t_ \"embed\"\n\n\t\"github.com/99designs/gqlgen/graphql\"\n\t\"github.com/vektah/gqlparser/v2/ast\"\n\n\t\"" + resolvePkg + "\"\n)\n\n")
	b.WriteString(`// The API contracts: what front ends are built against.
var (
	//go:embed api.graphql
	API string // both halves
	//go:embed command.graphql
	Command string // the write half
	//go:embed query.graphql
	Query string // the read half
)

// Fingerprint is of what all this was generated from: the model, the names of the reactions in Go, and what rules reach. A program that has others refuses to start.
const Fingerprint = ` + fmt.Sprintf("%q", fingerprint(m, found)) + `

// New returns the executable schema. s is the part of API that clients see, nil for all of it.
func New(rt *resolve.Runtime, s *ast.Schema) graphql.ExecutableSchema {
	return NewExecutableSchema(Config{Schema: s, Resolvers: &root{rt}})
}

// root resolves every field through the runtime.
type root struct{ rt *resolve.Runtime }

// Node is anything that can be read again by one id.
type Node interface{ IsNode() }

func node(o *resolve.Object) Node {
	if o == nil {
		return nil
	}
	switch o.TypeName() {
`)
	for _, e := range m.Readables() {
		fmt.Fprintf(&b, "\tcase %q:\n\t\treturn (*%s)(o)\n", e.Name, e.Name)
	}
	b.WriteString("\t}\n\treturn nil\n}\n")
	for _, e := range m.Readables() {
		fmt.Fprintf(&b, "\n// %s is an object of that GraphQL type.\ntype %s resolve.Object\n\n// IsNode marks it as a Node.\nfunc (*%s) IsNode() {}\n\n// Object returns it as what it is to the runtime.\nfunc (o *%s) Object() *resolve.Object { return (*resolve.Object)(o) }\n", e.Name, e.Name, e.Name, e.Name)
	}
	return b.String()
}

// fingerprint is the model's, the names of the reactions in Go, and which entities rules reach: reserveStock>Order,Product.
func fingerprint(m *schema.Model, found []role) string {
	var names []string
	for _, o := range found {
		switch {
		case o.view != nil: // the program compares those with the model itself
		case o.command == nil:
			names = append(names, o.name)
		case len(o.reaches) > 0:
			names = append(names, o.command.Name+">"+strings.Join(o.reaches, ","))
		}
	}
	slices.Sort(names)
	return strings.Join(append([]string{m.Fingerprint()}, names...), " ")
}

// bind says which Go type each GraphQL type is, and that every field has a resolver.
func bind(cfg *config.Config, m *schema.Model, api *ast.Schema, graphPkg string) {
	set := func(name, goType string) { cfg.Models[name] = config.TypeMapEntry{Model: config.StringList{goType}} }
	for name, d := range api.Types {
		switch {
		case strings.HasPrefix(name, "__"):
		case d.Kind == ast.Enum:
			set(name, "github.com/99designs/gqlgen/graphql.String")
		case d.Kind == ast.InputObject:
			set(name, "map[string]any")
		case d.Kind == ast.Interface:
			set(name, graphPkg+"."+name)
		case d.Kind == ast.Object && !rootType(name):
			entry := config.TypeMapEntry{Model: config.StringList{resolvePkg + ".Object"}, Fields: map[string]config.TypeMapField{}}
			if m.Readable(name) != nil {
				entry.Model = config.StringList{graphPkg + "." + name}
			}
			for _, f := range d.Fields {
				entry.Fields[f.Name] = config.TypeMapField{Resolver: true}
			}
			cfg.Models[name] = entry
		}
	}
	for _, name := range []string{"Decimal", "DateTime", "Date", "Long", "JSON", "UUID", "Position"} {
		set(name, resolvePkg+"."+name)
	}
	set("Int", "github.com/99designs/gqlgen/graphql.Int")
	set("ID", "github.com/99designs/gqlgen/graphql.ID")
}

func rootType(name string) bool {
	return name == "Query" || name == "Mutation" || name == "Subscription"
}

// executable drives gqlgen: it writes schema_gen.go and, through our plugin, resolver_gen.go.
func executable(dir, graphPkg string, m *schema.Model, api *ast.Schema) error {
	cfg, err := baseConfig(dir)
	if err != nil {
		return err
	}
	bind(cfg, m, api, graphPkg)
	return gqlgen.Generate(cfg, gqlgen.NoPlugins(), gqlgen.AddPlugin(&resolvers{model: m, file: filepath.Join(dir, "graph", "resolver_gen.go")}))
}

// baseConfig reads gqlgen.yml, or takes what it would say.
func baseConfig(dir string) (*config.Config, error) {
	cfg := config.DefaultConfig()
	file := filepath.Join(dir, "gqlgen.yml")
	if _, err := os.Stat(file); err == nil {
		if cfg, err = config.LoadConfig(file); err != nil {
			return nil, fmt.Errorf("gqlgen.yml: %w", err)
		}
	} else {
		cfg.SchemaFilename = config.StringList{"graph/api.graphql"}
		cfg.Exec = config.ExecConfig{Filename: "graph/schema_gen.go", Package: "graph", Layout: config.ExecLayoutSingleFile}
		cfg.SkipModTidy, cfg.SkipValidation = true, true // Run compiles
		if err := config.CompleteConfig(cfg); err != nil {
			return nil, err
		}
	}
	if cfg.Models == nil {
		cfg.Models = config.TypeMap{}
	}
	return cfg, nil
}
