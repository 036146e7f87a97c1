package gen

import (
	"fmt"
	"path"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// entities writes the typed entities, value objects, enums and inputs: one file per file of the model, by the same name.
func entities(m *schema.Model) map[string]string {
	files := map[string]*goFile{}
	at := func(p schema.Pos) *goFile {
		name := strings.TrimSuffix(path.Base(p.File), ".graphql") + "_gen.go"
		if files[name] == nil {
			files[name] = &goFile{model: m}
		}
		return files[name]
	}
	for _, e := range m.Entities {
		at(e.Pos).entity(e)
	}
	for _, e := range m.Views {
		at(e.Pos).view(e)
	}
	for _, o := range m.Objects {
		at(o.Pos).object(o)
	}
	for _, o := range m.Inputs {
		if !o.Derived || o.Patch {
			at(o.Pos).object(o)
		}
	}
	for _, e := range m.Enums {
		at(e.Pos).enum(e)
	}
	for _, c := range m.Commands {
		at(c.Pos).input(c)
	}
	out := map[string]string{helpersFile: recordHelpers}
	for name, f := range files {
		out[name] = f.source()
	}
	return out
}

// goFile gathers declarations and the imports that they need.
type goFile struct {
	strings.Builder
	model                   *schema.Model
	schema, scalar, command bool
}

func (f *goFile) printf(format string, args ...any) { fmt.Fprintf(&f.Builder, format, args...) }

func (f *goFile) source() string {
	var b strings.Builder
	b.WriteString(header)
	b.WriteString("// Package entity has this application's entities as Go types, for rules.\npackage entity\n\n")
	for _, i := range []struct {
		used bool
		pkg  string
	}{{f.command, "command"}, {f.scalar, "scalar"}, {f.schema, "schema"}} {
		if i.used {
			fmt.Fprintf(&b, "import %q\n", runtimeModule+"/"+i.pkg)
		}
	}
	return b.String() + f.String()
}

func (f *goFile) doc(name, text, otherwise string) {
	if text == "" {
		text = otherwise
	}
	f.printf("\n// %s: %s\n", name, strings.ReplaceAll(text, "\n", "\n// "))
}

func (f *goFile) entity(e *schema.Entity) {
	f.schema, f.command = true, true
	own := ownFields(e)
	f.structure(e.Name, e.Description, own)
	f.printf("\n// %sOf makes it of a record.\nfunc %sOf(r schema.Record) *%s {\n\treturn &%s{\n", e.Name, e.Name, e.Name, e.Name)
	f.reads(own)
	f.printf("\t}\n}\n\n// Record makes a record of it. Texts that are never null and are empty are left out.\nfunc (v *%s) Record() schema.Record {\n\tr := schema.Record{}\n", e.Name)
	for _, fd := range own {
		f.writes(fd, textual(fd))
	}
	f.printf("\treturn r\n}\n")
	f.loads(e)
}

// view writes a view: what functions of package rules make, or only read.
func (f *goFile) view(e *schema.Entity) {
	f.schema = true
	f.structure(e.Name, e.Description, e.Fields)
	f.printf("\n// %sOf makes it of a record.\nfunc %sOf(r schema.Record) *%s {\n\treturn &%s{\n", e.Name, e.Name, e.Name, e.Name)
	f.reads(e.Fields)
	f.printf("\t}\n}\n\n// Record makes a record of it. What is never null and can't be empty is left out if it is.\nfunc (v *%s) Record() schema.Record {\n\tr := schema.Record{}\n", e.Name)
	for _, fd := range e.Fields {
		f.writes(fd, textual(fd) && fd.Type.Kind != schema.KindString)
	}
	f.printf("\treturn r\n}\n")
}

// loads writes the functions with which rules read an entity.
func (f *goFile) loads(e *schema.Entity) {
	f.printf("\n// Load%s returns the %s of that id as the log has it now; see command.Context.Load.\nfunc Load%s(c *command.Context, id string) (*%s, error) {\n\tr, err := c.Load(%q, id)\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn %sOf(r), nil\n}\n",
		e.Name, e.Singular, e.Name, e.Name, e.Name, e.Name)
	f.printf("\n// Find%s is Load%s, but that it returns nil and no error if there is no such %s.\nfunc Find%s(c *command.Context, id string) (*%s, error) {\n\tr, err := c.Find(%q, id)\n\tif err != nil || r == nil {\n\t\treturn nil, err\n\t}\n\treturn %sOf(r), nil\n}\n",
		e.Name, e.Name, e.Singular, e.Name, e.Name, e.Name, e.Name)
}

// ownFields are the fields without copies, which the write side does not have.
func ownFields(e *schema.Entity) []*schema.Field {
	var out []*schema.Field
	for _, f := range e.Fields {
		if f.Copy == nil {
			out = append(out, f)
		}
	}
	return out
}

// textual reports whether the zero value of a non-null field may mean that it was never set.
func textual(f *schema.Field) bool {
	if !f.Type.NonNull || f.Type.List || f.Name == "id" {
		return false
	}
	switch f.Type.Kind {
	case schema.KindString, schema.KindID, schema.KindEntity, schema.KindEnum, schema.KindDate, schema.KindUUID, schema.KindJSON, schema.KindDateTime:
		return true
	}
	return false
}

func (f *goFile) structure(name, description string, fields []*schema.Field) {
	f.doc(name, description, "see the model.")
	f.printf("type %s struct {\n", name)
	for _, fd := range fields {
		f.printf("\t%s %s%s\n", schema.GoName(fd.Name), f.goType(fd.Type), comment(fd))
	}
	f.printf("}\n")
}

func comment(f *schema.Field) string {
	if f.Ref != nil {
		return " // the id of a " + f.Ref.Entity
	}
	return ""
}

// object writes a value object, a declared input or a patch. A value object whose key is empty is a new element: the command gives it a key.
func (f *goFile) object(o *schema.Object) {
	f.schema = true
	f.structure(o.Name, o.Description, o.Fields)
	f.of(o.Name, o.Fields)
	said := ""
	if o.Key() != nil && !o.Patch {
		said = " An empty key is left out: a new element gets one."
	}
	f.printf("\n// Record makes a record of it.%s\nfunc (v %s) Record() schema.Record {\n\tr := schema.Record{}\n", said, o.Name)
	for _, fd := range o.Fields {
		f.writes(fd, fd.Key && !o.Patch)
	}
	f.printf("\treturn r\n}\n")
}

// of writes the function that makes a value of a record.
func (f *goFile) of(name string, fields []*schema.Field) {
	f.printf("\n// %sOf makes it of a record.\nfunc %sOf(r schema.Record) %s {\n\treturn %s{\n", name, name, name, name)
	f.reads(fields)
	f.printf("\t}\n}\n")
}

func (f *goFile) enum(e *schema.Enum) {
	f.doc(e.Name, e.Description, "see the model.")
	f.printf("type %s string\n\n// The values of %s.\nconst (\n", e.Name, e.Name)
	for _, v := range e.Values {
		f.printf("\t%s %s = %q\n", schema.GoValue(e.Name, v.Name), e.Name, v.Name)
	}
	f.printf(")\n")
}

// reads writes the elements of a composite literal that takes fields from the record r.
func (f *goFile) reads(fields []*schema.Field) {
	for _, fd := range fields {
		t := fd.Type
		of := f.fromAny(t)
		switch {
		case t.List && t.ElemNonNull:
			f.printf("\t\t%s: list(r[%q], %s),\n", schema.GoName(fd.Name), fd.Name, of)
		case t.List:
			f.printf("\t\t%s: listOfNullable(r[%q], %s),\n", schema.GoName(fd.Name), fd.Name, of)
		case t.NonNull:
			f.printf("\t\t%s: one(r[%q], %s),\n", schema.GoName(fd.Name), fd.Name, of)
		default:
			f.printf("\t\t%s: nullable(r[%q], %s),\n", schema.GoName(fd.Name), fd.Name, of)
		}
	}
}

// fromAny is a function from a record's value to the Go type of the element.
func (f *goFile) fromAny(t schema.Type) string {
	switch t.Kind {
	case schema.KindEnum:
		return "text[" + t.Name + "]"
	case schema.KindObject:
		return "record(" + f.structName(t.Name) + "Of)"
	}
	return "as[" + f.elem(t) + "]"
}

// writes writes the statement that puts a field into the record r.
func (f *goFile) writes(fd *schema.Field, dropZero bool) {
	t, name := fd.Type, "v."+schema.GoName(fd.Name)
	to := "plain[" + f.elem(t) + "]"
	switch t.Kind {
	case schema.KindEnum:
		to = "untext[" + t.Name + "]"
	case schema.KindObject:
		to = "unrecord[" + f.structName(t.Name) + "]"
	}
	switch {
	case t.List && t.ElemNonNull:
		f.printf("\tputList(r, %q, %s, %s)\n", fd.Name, name, to)
	case t.List:
		f.printf("\tputListOfNullable(r, %q, %s, %s)\n", fd.Name, name, to)
	case !t.NonNull:
		f.printf("\tputNullable(r, %q, %s, %s)\n", fd.Name, name, to)
	case dropZero:
		f.printf("\tputUnlessZero(r, %q, %s, %s)\n", fd.Name, name, to)
	default:
		f.printf("\tr[%q] = %s(%s)\n", fd.Name, to, name)
	}
}

func (f *goFile) goType(t schema.Type) string {
	e := f.elem(t)
	switch {
	case t.List && t.ElemNonNull:
		return "[]" + e
	case t.List:
		return "[]*" + e
	case t.NonNull:
		return e
	}
	return "*" + e
}

// elem is the Go type of one value.
func (f *goFile) elem(t schema.Type) string {
	switch t.Kind {
	case schema.KindString, schema.KindID, schema.KindEntity:
		return "string"
	case schema.KindInt:
		return "int"
	case schema.KindFloat:
		return "float64"
	case schema.KindBoolean:
		return "bool"
	case schema.KindEnum:
		return t.Name
	case schema.KindObject:
		return f.structName(t.Name)
	}
	f.scalar = true
	return "scalar." + t.Name
}

// structName is the Go type of an object: a derived input is the value object that it was derived from, but for patches.
func (f *goFile) structName(name string) string {
	if in := f.model.Input(name); in != nil && in.Derived && !in.Patch {
		return strings.TrimSuffix(name, "Input")
	}
	return name
}
