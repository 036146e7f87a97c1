package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// placed is a text and where it stands.
type placed struct {
	text string
	pos  Pos
}

// paths finds what a field of a view is made of, in each source.
func (l *loader) paths(e *Entity, vf *ViewField, dir *ast.Directive, arg string) {
	sources := e.View.Sources
	vf.Paths = make([]*ViewPath, len(sources))
	if len(sources) == 0 {
		return // said already
	}
	a := dir.Arguments.ForName(arg)
	switch {
	case a == nil && vf.Aggregate == Count:
		for i := range sources {
			vf.Paths[i] = &ViewPath{}
			vf.Paths[i].Element = sources[i].Each != nil
		}
		return
	case a == nil && vf.Aggregate != GroupBy:
		l.fail(posOf(dir.Position), "write @"+dir.Name+`(of: "…")`, "@%s of %s.%s names no field", dir.Name, e.Name, vf.Field.Name)
		return
	}
	var texts []placed
	if a != nil {
		texts = l.texts(dir, a)
	} else {
		for _, s := range sources {
			texts = append(texts, placed{s.Entity.Name + "." + vf.Field.Name, vf.Field.Pos})
		}
	}
	failed := len(l.errs)
	for _, t := range texts {
		i, rest := l.sourceOf(e, t)
		if i < 0 {
			continue
		}
		if vf.Paths[i] != nil {
			l.fail(t.pos, "name one field of it", "%s.%s is made of %s twice", e.Name, vf.Field.Name, sources[i].Entity.Name)
			continue
		}
		vf.Paths[i] = l.path(sources[i], vf, placed{rest, t.pos})
	}
	for i, path := range vf.Paths {
		if path == nil && vf.Aggregate == GroupBy && len(l.errs) == failed {
			l.fail(posOf(dir.Position), `add "`+sources[i].Entity.Name+`.…"`, "%s.%s does not say which group each %s belongs to", e.Name, vf.Field.Name, sources[i].Entity.Name)
		}
	}
}

// texts reads an argument that is a text or a list of texts.
func (l *loader) texts(dir *ast.Directive, a *ast.Argument) []placed {
	var out []placed
	values := valuesOf(a.Value)
	for _, v := range values {
		if v.Kind != ast.StringValue && v.Kind != ast.BlockValue || v.Raw == "" {
			l.fail(posOf(v.Position), `write a text in quotes: "…"`, "%s of @%s is no text", a.Name, dir.Name)
			continue
		}
		out = append(out, placed{v.Raw, posOf(v.Position)})
	}
	if len(values) == 0 {
		l.fail(posOf(a.Position), `write a text in quotes: "…"`, "%s of @%s is empty", a.Name, dir.Name)
	}
	return out
}

// sourceOf returns which source a path begins in, and the rest of it: "" for the source itself.
func (l *loader) sourceOf(e *Entity, t placed) (i int, rest string) {
	sources := e.View.Sources
	name, rest, _ := strings.Cut(t.text, ".")
	for i, s := range sources {
		if s.Entity.Name == name {
			return i, rest
		}
	}
	if len(sources) == 1 {
		return 0, t.text
	}
	var names []string
	for _, s := range sources {
		names = append(names, s.Entity.Name+"."+t.text)
	}
	l.fail(t.pos, "write "+strings.Join(names, " or "), "%s is made of several entities, and %q does not say of which", e.Name, t.text)
	return -1, ""
}

// path walks from a source to a scalar; nil if that fails.
func (l *loader) path(s *ViewSource, vf *ViewField, t placed) *ViewPath {
	if t.text == "" {
		if vf.Aggregate != Count {
			l.fail(t.pos, "name a field: "+s.Entity.Name+".…", "@%s can't be of %s as a whole", directiveOf(vf.Aggregate), s.Entity.Name)
			return nil
		}
		return &ViewPath{Element: s.Each != nil}
	}
	path, fields, owner, rest := &ViewPath{}, s.Entity.Fields, s.Entity.Name, t.text
	if list, inside, ok := strings.Cut(t.text, "[]."); ok {
		f := s.Entity.Field(list)
		if f == nil || !f.Type.List || f.Type.Kind != KindObject {
			l.fail(t.pos, "name a list of value objects", "%s.%s is no such list", s.Entity.Name, list)
			return nil
		}
		if f != s.Each {
			l.fail(t.pos, `let each element count by itself: @view(of: "`+s.Entity.Name+`", each: "`+list+`")`, "the view is not made of each element of %s.%s", s.Entity.Name, list)
			return nil
		}
		o := l.model.Object(s.Each.Type.Name)
		if o == nil {
			return nil
		}
		path.Element, fields, owner, rest = true, o.Fields, o.Name, inside
	}
	for rest != "" {
		name, more, _ := strings.Cut(rest, ".")
		f := findField(fields, name)
		if f == nil {
			l.fail(t.pos, "name a field of "+owner, "%s has no field %s", owner, name)
			return nil
		}
		if !l.step(s, owner, f, t, more) {
			return nil
		}
		path.Fields = append(path.Fields, f)
		fields, owner, rest = nil, f.Type.Name, more
		if o := l.model.Object(f.Type.Name); o != nil {
			fields = o.Fields
		}
	}
	if s.Each != nil && !path.Element && slices.Contains([]Aggregate{Sum, Avg}, vf.Aggregate) {
		l.fail(t.pos, "make another view, without each", "%s.%s would count once for each of %s", s.Entity.Name, t.text, s.Each.Name)
		return nil
	}
	return path
}

// step checks one field on a path.
func (l *loader) step(s *ViewSource, owner string, f *Field, t placed, more string) bool {
	own := "let a rule keep it in a field of " + s.Entity.Name
	switch {
	case f.Copy != nil:
		l.fail(t.pos, own, "%s.%s is a copy: if %s changed, what was counted would have to move", owner, f.Name, l.copied(s.Entity, f))
	case f.Ref != nil && more != "":
		l.fail(t.pos, own, "%q leads to another entity: if that changed, what was counted would have to move", t.text)
	case f.Type.Kind == KindObject && f.Type.List && owner == s.Entity.Name:
		l.fail(t.pos, `let each element count by itself: @view(of: "`+s.Entity.Name+`", each: "`+f.Name+`")`, "%s.%s is a list", owner, f.Name)
	case f.Type.List:
		l.fail(t.pos, "name a field that is no list", "%s.%s is a list", owner, f.Name)
	case f.Type.Kind == KindObject && more == "":
		l.fail(t.pos, "name a field of it: "+t.text+".…", "%s.%s is a value object", owner, f.Name)
	case f.Type.Kind == KindJSON:
		l.fail(t.pos, "name a field of another type", "%s.%s is JSON, which can't be compared", owner, f.Name)
	case f.Type.Kind != KindObject && f.Type.Kind != kindUnknown && more != "":
		l.fail(t.pos, "end the path there", "%s.%s is a %s, and has no fields", owner, f.Name, f.Type.Name)
	default:
		return f.Type.Kind != kindUnknown
	}
	return false
}

// leaf is the field that a path leads to; nil if it leads to the entity or the element itself.
func (p *ViewPath) leaf() *Field {
	if len(p.Fields) == 0 {
		return nil
	}
	return p.Fields[len(p.Fields)-1]
}

// text is a path as models write it.
func (p *ViewPath) text(s *ViewSource) string {
	names := []string{s.Entity.Name}
	if p.Element {
		names = append(names, s.Each.Name+"[]")
	}
	for _, f := range p.Fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, ".")
}
