package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// OwnerSeparator stands between the owner's id and the rest in the id of an entity with @entity(with:).
const OwnerSeparator = "/"

// Root returns the entity type that decides on which partition an entity of type e lies, and whether that is another than e.
func (m *Model) Root(e *Entity) (root *Entity, other bool) {
	for root = e; root.With != nil; root = m.Entity(root.With.Ref.Entity) { // ends: the checker refuses circles
		other = true
	}
	return root, other
}

// Roots returns, for every entity type, the one whose ids decide on partitions: see Root.
func (m *Model) Roots() map[string]string {
	out := make(map[string]string, len(m.Entities))
	for _, e := range m.Entities {
		root, _ := m.Root(e)
		out[e.Name] = root.Name
	}
	return out
}

// with reads the `with` of @entity.
func (l *loader) with(e *Entity, dir *ast.Directive) {
	name := l.text(dir, "with")
	if name == "" {
		return
	}
	f := e.Field(name)
	if f == nil || f.Ref == nil || !f.Type.NonNull {
		l.fail(posOf(dir.Arguments.ForName("with").Position), "name a @ref field of "+e.Name+" that is never null", "%s belongs with %s, which is no such ref", e.Name, name)
		return
	}
	e.With = f
}

// owner checks that what an entity belongs to never changes, and is not itself.
func (l *loader) owner(e *Entity) {
	if e.With == nil {
		return
	}
	seen := map[*Entity]bool{e: true}
	for o := l.model.Entity(e.With.Ref.Entity); o != nil && o.With != nil; o = l.model.Entity(o.With.Ref.Entity) {
		if seen[o] {
			l.fail(e.Pos, "leave out one @entity(with:)", "%s belongs to itself, by way of %s", e.Name, e.With.Ref.Entity)
			e.With = nil
			return
		}
		seen[o] = true
	}
	if e.With.Ref.Entity == e.Name {
		l.fail(e.Pos, "leave out with", "%s belongs to itself", e.Name)
		e.With = nil
		return
	}
	for _, c := range e.Commands {
		i := slices.IndexFunc(c.Args, func(a *Arg) bool { return a.Field == e.With })
		switch {
		case c.Kind == Create && i < 0:
			l.fail(c.Pos, "add the argument "+e.With.Name+": ID!", "%s does not say which %s the %s belongs to", c.Name, e.With.Ref.Entity, e.Name)
		case c.Kind == Create && !c.Args[i].Type.NonNull:
			l.fail(c.Args[i].Pos, "write "+e.With.Name+": ID!", "%s may leave open which %s the %s belongs to", c.Name, e.With.Ref.Entity, e.Name)
		case c.Kind != Create && i >= 0 && c.CRUD:
			c.Args = slices.Delete(c.Args, i, i+1)
		case c.Kind != Create && i >= 0:
			l.fail(c.Args[i].Pos, "leave it out", "%s.%s never changes: the id begins with it", e.Name, e.With.Name)
		}
	}
}

// refStates reads the `in` of @ref; refsIn checks it once the target's states are known.
func (l *loader) refStates(f *Field, dir *ast.Directive, a *ast.Argument) {
	values := valuesOf(a.Value)
	if len(values) == 0 {
		l.fail(posOf(a.Position), "name states, or leave out in", "in of @ref is empty")
	}
	f.Ref.In = l.statesIn(values, dir, nil, "")
}

// refsIn checks the states that refs ask for, of an entity's own and of its value objects.
func (l *loader) refsIn(e *Entity) {
	seen := map[string]bool{}
	var check func(fields []*Field)
	check = func(fields []*Field) {
		for _, f := range fields {
			if f.Ref != nil && len(f.Ref.In) > 0 {
				l.targetStates(f)
			}
			if o := l.model.Object(f.Type.Name); f.Type.Kind == KindObject && o != nil && !seen[o.Name] {
				seen[o.Name] = true
				check(o.Fields)
			}
		}
	}
	check(e.Fields)
}

func (l *loader) targetStates(f *Field) {
	target := l.model.Entity(f.Ref.Entity)
	if target == nil {
		return
	}
	if target.State == nil {
		l.fail(f.Pos, "leave out in", "%s has no states", target.Name)
		return
	}
	for _, s := range f.Ref.In {
		if !slices.Contains(target.States, s) {
			l.fail(f.Pos, "use some of "+strings.Join(target.States, ", "), "%s has no state %s", target.Name, s)
		}
	}
}
