package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// reactions reads the @reaction directives that stand on an entity, and gives them to the entity whose event they react to.
func (l *loader) reactions(e *Entity) {
	for _, dir := range l.entityOf[e.Name].Directives.ForNames("reaction") {
		l.onlyArgs(dir, "on", "run", "with", "orElse")
		p := posOf(dir.Position)
		event, run := l.text(dir, "on"), l.text(dir, "run")
		if event == "" || run == "" {
			l.fail(p, `write @reaction(on: "…", run: "…")`, "@reaction of %s names no event or no command", e.Name)
			continue
		}
		r := &Reaction{Name: event + "/" + run, Event: event, Source: e, Run: l.model.Command(run), Pos: p}
		if !slices.ContainsFunc(e.Commands, func(c *Command) bool { return c.Event == event }) {
			l.fail(posOf(dir.Arguments.ForName("on").Position), "name an event of its commands, or put it on the entity whose event it is", "%s has no event %s", e.Name, event)
			continue
		}
		if r.Run == nil {
			l.fail(posOf(dir.Arguments.ForName("run").Position), "name a command of the model", "there is no command %s", run)
			continue
		}
		if slices.ContainsFunc(e.Reactions, func(o *Reaction) bool { return o.Name == r.Name }) {
			l.fail(p, "leave one out", "two reactions to %s run %s", event, run)
			continue
		}
		if dir.Arguments.ForName("orElse") != nil {
			r.OrElse = l.ownCommand(e, dir, "orElse")
			l.noInput(r)
		}
		l.bindings(r, dir)
		e.Reactions = append(e.Reactions, r)
	}
}

func (l *loader) noInput(r *Reaction) {
	if r.OrElse == nil {
		return
	}
	for _, a := range r.OrElse.Args {
		if a.Type.NonNull {
			l.fail(r.Pos, "make it nullable, or name another command", "orElse has no input, and %s needs %s", r.OrElse.Name, a.Name)
		}
	}
}

// bindings reads `with`. Without it the command runs on the entity of the event, if it is one of that entity.
func (l *loader) bindings(r *Reaction, dir *ast.Directive) {
	a := dir.Arguments.ForName("with")
	if a != nil && a.Value.Kind != ast.ObjectValue {
		l.fail(posOf(a.Position), `write with: {id: "…"}`, "with of @reaction is no object")
		return
	}
	if a != nil {
		for _, child := range a.Value.Children {
			l.binding(r, child)
		}
	}
	bound := func(name string) bool { // by a wrong path too, which was complained about
		return slices.ContainsFunc(r.With, func(b Binding) bool { return b.Arg == name }) || a != nil && a.Value.Children.ForName(name) != nil
	}
	if !bound("id") && r.Run.Entity == r.Source && r.Run.Kind != Create {
		r.With = append(r.With, Binding{Arg: "id", Steps: []string{"id"}})
	}
	if !bound("id") && r.Run.Kind != Create {
		l.fail(r.Pos, `add with: {id: "…"}`, "the reaction does not say on which %s it runs %s", r.Run.Entity.Name, r.Run.Name)
	}
	for _, arg := range r.Run.Args {
		if arg.Type.NonNull && !bound(arg.Name) {
			l.fail(r.Pos, "add "+arg.Name+` to with`, "%s needs %s", r.Run.Name, arg.Name)
		}
	}
	list := ""
	for _, b := range r.With {
		if b.List != "" && list != "" && b.List != list {
			l.fail(r.Pos, "go through one list", "the reaction goes through two lists, %s and %s", list, b.List)
		}
		if b.List != "" {
			list = b.List
		}
	}
}

// binding reads one path: "id", "customer", "address.city", "lines[].product", and with text around it "{id}/stock".
func (l *loader) binding(r *Reaction, child *ast.ChildValue) {
	p := posOf(child.Position)
	if child.Value.Kind != ast.StringValue && child.Value.Kind != ast.BlockValue {
		l.fail(p, `write a path in quotes: "lines[].product"`, "%s of with is no path", child.Name)
		return
	}
	if slices.ContainsFunc(r.With, func(b Binding) bool { return b.Arg == child.Name }) {
		l.fail(p, "leave one out", "with has %s twice", child.Name)
		return
	}
	want, ok := argType(r.Run, child.Name)
	if !ok {
		l.fail(p, "name id or an argument", "%s has no argument %s", r.Run.Name, child.Name)
		return
	}
	b := Binding{Arg: child.Name}
	text := l.around(p, child.Value.Raw, &b)
	fields := r.Source.Fields
	if list, rest, found := strings.Cut(text, "[]"); found {
		f := r.Source.Field(list)
		if f == nil || !f.Type.List {
			l.fail(p, "name a list of "+r.Source.Name, "%s has no list %s", r.Source.Name, list)
			return
		}
		b.List, fields = list, nil
		if text = strings.TrimPrefix(rest, "."); text == "" {
			elem := f.Type
			elem.List, elem.NonNull = false, elem.ElemNonNull
			l.feeds(p, r, b, want, Type{Kind: elem.Kind, Name: elem.Name}, f)
			r.With = append(r.With, b)
			return
		}
		if o := l.model.Object(f.Type.Name); o != nil {
			fields = o.Fields
		}
	}
	last := l.walk(fields, text, &b)
	if last == nil {
		l.fail(p, pathHint(fields, text), "%s has nothing at %q", r.Source.Name, child.Value.Raw)
		return
	}
	l.feeds(p, r, b, want, inputType(last), last)
	r.With = append(r.With, b)
}

// pathHint says what to write instead of a path that leads nowhere.
func pathHint(fields []*Field, path string) string {
	first, rest, _ := strings.Cut(path, ".")
	if f := findField(fields, first); f != nil && f.Type.List && rest != "" {
		return fmt.Sprintf("write %s[].%s for each of its elements", first, rest)
	}
	var names []string
	for _, f := range fields {
		if f.Copy == nil {
			names = append(names, f.Name)
		}
	}
	return "begin with one of " + strings.Join(names, ", ") + ", and name fields of its own, if it has any"
}

// walk follows a path of fields; nil if there is nothing.
func (l *loader) walk(fields []*Field, text string, b *Binding) *Field {
	var last *Field
	for step := range strings.SplitSeq(text, ".") {
		last = findField(fields, step)
		if last == nil || last.Copy != nil {
			return nil
		}
		b.Steps = append(b.Steps, step)
		fields = nil
		if o := l.model.Object(last.Type.Name); last.Type.Kind == KindObject && !last.Type.List && o != nil {
			fields = o.Fields
		}
	}
	return last
}

// around takes the text around a path from it: "{id}/stock".
func (l *loader) around(p Pos, text string, b *Binding) (path string) {
	before, rest, open := strings.Cut(text, "{")
	path, behind, closed := strings.Cut(rest, "}")
	if !open {
		return text
	}
	if !closed || strings.ContainsAny(before+path+behind, "{}") {
		l.fail(p, `write one path in braces: "{id}/stock"`, "%q is no path with text around it", text)
	}
	b.Before, b.Behind = before, behind
	return path
}

// feeds checks that a field's value can be an argument.
func (l *loader) feeds(p Pos, r *Reaction, b Binding, want, is Type, f *Field) {
	arg := b.Arg
	if want.Kind == kindUnknown || is.Kind == kindUnknown || f.Type.Kind == kindUnknown {
		return
	}
	text := func(t Type) bool {
		return t.Kind == KindID || t.Kind == KindEntity || arg == "id" && t.Kind == KindString
	}
	same := want.Name == is.Name || text(want) && text(is)
	if b.Before+b.Behind != "" { // what is between them can be any text
		plain := func(t Type) bool { return text(t) || t.Kind == KindString }
		same = plain(want) && plain(is)
	}
	if !same || want.List != is.List {
		l.fail(p, "name a field of type "+want.Name, "%s of %s is a %s, and %s is a %s", arg, r.Run.Name, want, f.Name, f.Type)
	}
}

func argType(c *Command, name string) (Type, bool) {
	if name == "id" {
		return Type{Kind: KindID, Name: "ID", NonNull: true}, true
	}
	i := slices.IndexFunc(c.Args, func(a *Arg) bool { return a.Name == name })
	if i < 0 {
		return Type{}, false
	}
	return c.Args[i].Type, true
}
