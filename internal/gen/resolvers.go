package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/99designs/gqlgen/plugin"

	"github.com/daybook-cqrs/daybook/schema"
)

// resolvers is the gqlgen plugin that emits the resolver root: one line per field, whatever the model.
type resolvers struct {
	model *schema.Model
	file  string
}

var _ plugin.CodeGenerator = (*resolvers)(nil)

// Name implements plugin.Plugin.
func (*resolvers) Name() string { return "daybook" }

// GenerateCode implements plugin.CodeGenerator. It runs before gqlgen writes its own code, and keeps that from starting a goroutine per field:
// fields only hand out what was loaded.
func (p *resolvers) GenerateCode(data *codegen.Data) error {
	for _, o := range data.Objects {
		if !o.Root {
			o.DisableConcurrency = true
		}
	}
	restore := anonymous(data)
	defer restore()
	return templates.Render(templates.Options{
		PackageName: "graph", Filename: p.file, Data: data, Packages: data.Config.Packages, GeneratedHeader: false,
		Template:   resolverTemplate,
		PackageDoc: strings.TrimSuffix(header, "\n"),
		Funcs:      map[string]any{"body": p.body},
	})
}

// anonymous takes the names from the parameters of the resolvers, which read arguments from ctx, and returns what gives them back. Names that are
// taken beside them in gqlgen's own code get another end.
func anonymous(data *codegen.Data) (restore func()) {
	names := map[*codegen.FieldArgument]string{}
	for _, o := range data.Objects {
		for _, f := range o.Fields {
			for _, a := range f.Args {
				names[a], a.VarName = a.VarName, "_"
			}
		}
	}
	return func() {
		for a, name := range names {
			if slices.Contains([]string{"ctx", "obj", "objs", "childComplexity"}, name) {
				name += "Arg"
			}
			a.VarName = name
		}
	}
}

const resolverTemplate = `
{{ reserveImport "context" }}
{{ reserveImport "github.com/daybook-cqrs/daybook/resolve" }}
{{ range $o := .Objects }}{{ if $o.HasResolvers }}
func (r *root) {{ ucFirst $o.Name }}() {{ $o.ResolverInterface | ref }} { return {{ lcFirst $o.Name }}Fields{r.rt} }

type {{ lcFirst $o.Name }}Fields struct{ rt *resolve.Runtime }
{{ range $f := $o.Fields }}{{ if $f.IsResolver }}
func (r {{ lcFirst $o.Name }}Fields) {{ $f.GoFieldName }}{{ $f.ShortResolverDeclaration }} {
	{{ body $f }}
}
{{ end }}{{ end }}{{ end }}{{ end }}
`

// body writes the line that a resolver is.
func (p *resolvers) body(f *codegen.Field) string {
	goType := templates.CurrentImports.LookupType(f.TypeReference.GO)
	resolve := templates.CurrentImports.Lookup(resolvePkg)
	typeName := f.TypeReference.Definition.Name
	entity := p.model.Readable(typeName) != nil && f.Type.Elem == nil
	asked := goType
	if entity || typeName == "Node" {
		asked = "*" + resolve + ".Object"
	}
	var call string
	switch {
	case f.Object.Stream:
		return fmt.Sprintf("return %s.Stream(ctx, r.rt)", resolve)
	case f.Object.Root:
		call = fmt.Sprintf("%s.Root[%s](ctx, r.rt)", resolve, asked)
	case p.model.Readable(f.Object.Name) != nil:
		call = fmt.Sprintf("%s.Field[%s](ctx, (*%s.Object)(obj), %q)", resolve, asked, resolve, f.Name)
	default:
		call = fmt.Sprintf("%s.Field[%s](ctx, obj, %q)", resolve, asked, f.Name)
	}
	switch {
	case typeName == "Node":
		return "o, err := " + call + "\n\treturn node(o), err"
	case entity:
		return fmt.Sprintf("o, err := %s\n\treturn (%s)(o), err", call, goType)
	}
	return "return " + call
}
