package schema

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxViewSources is how many entities a view can be made of.
const maxViewSources = 10

// views reads the views. What they are made of needs the entities.
func (l *loader) views() {
	for _, d := range l.defsOf(ast.Object) {
		if l.viewOf[d.Name] != nil {
			l.model.Views = append(l.model.Views, l.view(d))
		}
	}
}

func (l *loader) view(d *ast.Definition) *Entity {
	l.onlyDirectives(d.Directives, "the view "+d.Name, "view", "indexed")
	l.noInterfaces(d)
	e := &Entity{
		Name: d.Name, Singular: lowerFirst(d.Name), Plural: l.pluralOf(d), Description: describe(d.Description),
		File: strings.TrimSuffix(path.Base(d.Position.Src.Name), ".graphql"), Pos: posOf(d.Position), View: &View{},
	}
	if e.Plural == e.Singular {
		l.fail(e.Pos, `name the list: @view(of: "…", plural: "…")`, "the plural of %s is %s too", e.Singular, e.Plural)
	}
	dirs := d.Directives.ForNames("view")
	l.viewOptions(e, dirs)
	for _, dir := range dirs {
		l.viewSource(e, dir)
	}
	e.Fields = l.fields(d, ofView)
	l.viewID(e)
	for _, f := range e.Fields {
		if fd := d.Fields.ForName(f.Name); fd != nil {
			l.viewField(e, f, fd.Directives)
		}
	}
	l.wholeView(e, dirs)
	l.indexes(e, d)
	e.View.Fingerprint = viewFingerprint(e)
	e.View.Tallies = tallies(e)
	return e
}

// viewOptions reads what one @view says for all of them.
func (l *loader) viewOptions(e *Entity, dirs ast.DirectiveList) {
	given := map[string]bool{}
	for _, dir := range dirs {
		l.onlyArgs(dir, "of", "in", "each", "plural", "release")
		l.name(dir, "plural")
		for _, name := range []string{"plural", "release"} {
			a := dir.Arguments.ForName(name)
			if a == nil {
				continue
			}
			if given[name] {
				l.fail(posOf(a.Position), "leave one out", "%s has two %ss", e.Name, name)
			}
			given[name] = true
		}
		if a := dir.Arguments.ForName("release"); a != nil {
			n, err := strconv.ParseInt(a.Value.Raw, 10, 32)
			if err != nil || a.Value.Kind != ast.IntValue || n < 0 {
				l.fail(posOf(a.Position), "write release: 2", "release of @view is no number of 0 or more")
			}
			e.View.Release = int(n)
		}
	}
	if len(dirs) > maxViewSources {
		l.fail(posOf(dirs[maxViewSources].Position), "make several views", "%s is made of more than %d entities", e.Name, maxViewSources)
	}
}

// viewSource adds the entity that one @view names.
func (l *loader) viewSource(e *Entity, dir *ast.Directive) {
	name := l.text(dir, "of")
	source := l.model.Entity(name)
	switch {
	case name == "" && dir.Arguments.ForName("of") != nil: // said already
	case name == "":
		l.fail(posOf(dir.Position), `write @view(of: "Order")`, "@view of %s names no entity", e.Name)
	case l.viewOf[name] != nil:
		l.fail(posOf(dir.Arguments.ForName("of").Position), "name the entities that it is made of", "%s is a view: a view is made of entities", name)
	case source == nil:
		l.fail(posOf(dir.Arguments.ForName("of").Position), "name an entity of the model", "there is no entity %s", name)
	case slices.ContainsFunc(e.View.Sources, func(s *ViewSource) bool { return s.Entity == source }):
		l.fail(posOf(dir.Position), "make two views, or name all states in one @view", "%s is made of %s twice", e.Name, name)
	default:
		s := &ViewSource{Entity: source}
		l.viewStates(s, dir)
		l.viewEach(s, dir)
		e.View.Sources = append(e.View.Sources, s)
	}
}

// viewStates reads the states in which a source counts.
func (l *loader) viewStates(s *ViewSource, dir *ast.Directive) {
	a := dir.Arguments.ForName("in")
	if a == nil {
		return
	}
	values := valuesOf(a.Value)
	if s.Entity.State == nil || len(values) == 0 {
		l.fail(posOf(a.Position), "leave out in", "%s has no states, or none is named", s.Entity.Name)
		return
	}
	s.In = l.statesIn(values, dir, s.Entity, "use some of ")
}

// viewEach reads the list whose elements count.
func (l *loader) viewEach(s *ViewSource, dir *ast.Directive) {
	name := l.text(dir, "each")
	if name == "" {
		return
	}
	p := posOf(dir.Arguments.ForName("each").Position)
	switch f := s.Entity.Field(strings.TrimSuffix(name, "[]")); {
	case f == nil || !f.Type.List || f.Type.Kind != KindObject:
		l.fail(p, "name a field with a list of value objects", "%s.%s is no such list", s.Entity.Name, name)
	case f.Copy != nil:
		l.fail(p, "make the view of "+l.copied(s.Entity, f), "%s.%s is a copy: what it is copied from can change without the %s", s.Entity.Name, f.Name, s.Entity.Name)
	default:
		s.Each = f
	}
}

// copied names the entity that a copy comes from.
func (l *loader) copied(e *Entity, f *Field) string {
	if via := e.Field(f.Copy.Via); via != nil && via.Ref != nil {
		return via.Ref.Entity
	}
	return "what it is copied from"
}

// viewID puts the view's key first. A view may leave it out.
func (l *loader) viewID(e *Entity) {
	if e.Field("id") == nil {
		e.Fields = slices.Insert(e.Fields, 0, &Field{Name: "id", Type: Type{Kind: KindID, Name: "ID", NonNull: true}, Pos: e.Pos})
		return
	}
	l.id(e)
}

// wholeView checks what the fields make of the view together.
func (l *loader) wholeView(e *Entity, dirs ast.DirectiveList) {
	v := e.View
	if len(v.Groups) == 0 && len(v.Values) == 0 {
		v.Project = true
		for _, dir := range dirs {
			for _, name := range []string{"in", "each"} {
				if a := dir.Arguments.ForName(name); a != nil {
					l.fail(posOf(a.Position), "leave it out: the function decides; or add @group and @count", "%s has no aggregates, so a function of package rules makes it", e.Name)
				}
			}
		}
		return
	}
	for _, f := range e.Fields {
		made := func(vf *ViewField) bool { return vf.Field == f }
		if f.Name != "id" && !slices.ContainsFunc(v.Groups, made) && !slices.ContainsFunc(v.Values, made) && !l.wrong[f] {
			l.fail(f.Pos, "add @group, @count, @sum, @min, @max, @avg or @countDistinct", "%s.%s does not say what it is made of", e.Name, f.Name)
		}
	}
}
