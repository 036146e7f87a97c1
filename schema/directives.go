package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

func sortByPos[T any](list []T, pos func(T) Pos) {
	slices.SortFunc(list, func(a, b T) int {
		p, q := pos(a), pos(b)
		return cmp.Or(strings.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
	})
}

// onlyDirectives refuses directives that are not among the allowed ones, and any that is repeated.
func (l *loader) onlyDirectives(list ast.DirectiveList, on string, allowed ...string) {
	seen := map[string]bool{}
	for _, d := range list {
		p := posOf(d.Position)
		switch {
		case !slices.Contains(allowed, d.Name):
			write := "leave it out"
			if len(allowed) > 0 {
				write = "use @" + strings.Join(allowed, ", @")
			}
			l.fail(p, write, "@%s can't stand on %s", d.Name, on)
		case seen[d.Name] && !repeatable[d.Name]:
			l.fail(p, "leave one out", "@%s stands twice on %s", d.Name, on)
		}
		seen[d.Name] = true
	}
}

var repeatable = map[string]bool{"timeout": true, "reaction": true, "view": true, "indexed": true}

func (l *loader) noDirectives(list ast.DirectiveList, on string) { l.onlyDirectives(list, on) }

// onlyArgs refuses arguments that a directive does not have, and any that is repeated.
func (l *loader) onlyArgs(d *ast.Directive, allowed ...string) {
	seen := map[string]bool{}
	for _, a := range d.Arguments {
		if seen[a.Name] {
			l.fail(posOf(a.Position), "leave one out", "@%s has the argument %s twice", d.Name, a.Name)
		}
		seen[a.Name] = true
		if !slices.Contains(allowed, a.Name) {
			write := "leave it out"
			if len(allowed) > 0 {
				write = "use " + strings.Join(allowed, ", ")
			}
			l.fail(posOf(a.Position), write, "@%s has no argument %s", d.Name, a.Name)
		}
	}
}

// text returns a string argument of a directive, "" if it is not given.
func (l *loader) text(d *ast.Directive, name string) string {
	a := d.Arguments.ForName(name)
	if a == nil {
		return ""
	}
	if a.Value.Kind != ast.StringValue && a.Value.Kind != ast.BlockValue || a.Value.Raw == "" {
		l.fail(posOf(a.Position), `write a text in quotes: "…"`, "%s of @%s is no text", name, d.Name)
		return ""
	}
	return a.Value.Raw
}

// name returns a string argument that has to be a GraphQL name.
func (l *loader) name(d *ast.Directive, arg string) string {
	s := l.text(d, arg)
	if s != "" && !isName(s) {
		l.fail(posOf(d.Arguments.ForName(arg).Position), "use letters, digits and _, beginning with a letter", "%q is no name", s)
		return ""
	}
	return s
}

func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

// holder is what has a field.
type holder int

const (
	ofObject holder = iota
	ofEntity
	ofView
)

// fieldAllows are the directives of fields.
var fieldAllows = map[holder][]string{
	ofObject: {"ref", "key"},
	ofEntity: {"state", "ref", "indexed", "unique", "copy"},
	ofView:   {"ref", "indexed", "group", "count", "sum", "min", "max", "avg", "countDistinct"},
}

// fieldDirectives reads the directives of a field of a type.
func (l *loader) fieldDirectives(d *ast.Definition, f *Field, list ast.DirectiveList, of holder) {
	l.onlyDirectives(list, "a field of "+d.Name, fieldAllows[of]...)
	for _, dir := range list {
		switch dir.Name {
		case "ref":
			l.ref(d, f, dir, of)
		case "copy":
			l.copyOf(f, dir)
		case "unique":
			l.onlyArgs(dir, "ignoreCase", "with")
			f.Unique = true
		case "indexed":
			l.indexed(d, f, dir)
		case "state", "key":
			l.onlyArgs(dir)
			f.Key = f.Key || dir.Name == "key"
		}
	}
	state := list.ForName("state") != nil
	if f.Type.Kind == KindEntity && list.ForName("ref") == nil {
		l.fail(f.Pos, "add @ref", "%s.%s holds the entity %s, which is no value", d.Name, f.Name, f.Type.Name)
	}
	if (f.Indexed || f.Unique) && !f.Type.Comparable() {
		l.fail(f.Pos, "use a scalar, an enum or a ref", "%s.%s can't be @indexed or @unique", d.Name, f.Name)
	}
	if f.Unique && (f.Copy != nil || state) {
		l.fail(f.Pos, "leave out @unique", "a state or a copy is never unique")
	}
	if f.Copy != nil && state {
		l.fail(f.Pos, "leave out @copy", "the state %s.%s can't be a copy: transitions set it", d.Name, f.Name)
	}
}

func (l *loader) ref(d *ast.Definition, f *Field, dir *ast.Directive, of holder) {
	l.onlyArgs(dir, "inverse", "in")
	inverse := l.name(dir, "inverse")
	switch {
	case f.Type.Kind != KindEntity && f.Type.Kind != kindUnknown:
		l.fail(f.Pos, "give it the type of an entity", "%s.%s is a @ref, but %s is no entity", d.Name, f.Name, f.Type.Name)
		return
	case f.Type.List:
		l.fail(f.Pos, "put the ref into a type of its own, and a list of that here", "%s.%s is a list of refs", d.Name, f.Name)
		return
	case of == ofObject && inverse != "":
		l.fail(f.Pos, "leave out inverse", "a ref inside a value object has no inverse")
		return
	case of == ofEntity && inverse == "":
		inverse = l.pluralOf(d)
	}
	f.Ref = &Ref{Entity: f.Type.Name, Inverse: inverse}
	switch a := dir.Arguments.ForName("in"); {
	case a != nil && of == ofView:
		l.fail(posOf(a.Position), "leave it out", "no command sets %s.%s: its ref has no in", d.Name, f.Name)
	case a != nil:
		l.refStates(f, dir, a)
	}
}

func (l *loader) copyOf(f *Field, dir *ast.Directive) {
	l.onlyArgs(dir, "of")
	of := l.text(dir, "of")
	via, field, ok := strings.Cut(of, ".")
	if !ok || !isName(via) || !isName(field) {
		l.fail(posOf(dir.Position), `write @copy(of: "customer.name")`, "@copy needs a ref of this entity and a field of what it refers to")
		return
	}
	f.Copy = &Copy{Via: via, Field: field}
}

// pluralOf returns an entity's name for lists of it.
func (l *loader) pluralOf(d *ast.Definition) string {
	for _, dir := range append(d.Directives.ForNames("entity"), d.Directives.ForNames("view")...) {
		if a := dir.Arguments.ForName("plural"); a != nil && isName(a.Value.Raw) {
			return a.Value.Raw
		}
	}
	return plural(lowerFirst(d.Name))
}

// valuesOf returns the elements of a list; a single value is a list of one (GraphQL, October 2021, section 3.11).
func valuesOf(v *ast.Value) []*ast.Value {
	if v.Kind != ast.ListValue {
		return []*ast.Value{v}
	}
	out := make([]*ast.Value, len(v.Children))
	for i, child := range v.Children {
		out[i] = child.Value
	}
	return out
}
