package schema

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// crud makes the commands of @crud.
func (l *loader) crud(e *Entity) {
	dir := l.entityOf[e.Name].Directives.ForName("crud")
	l.onlyArgs(dir, "computed")
	l.computed(e, dir)
	if e.State != nil {
		l.fail(e.Pos, "leave out @crud and declare transitions", "%s has both @state and @crud", e.Name)
		return
	}
	var create, update []*Arg
	for _, f := range e.Fields[min(1, len(e.Fields)):] {
		if f.Copy != nil || f.Computed {
			continue
		}
		a := &Arg{Name: f.Name, Type: inputType(f), Field: f, Description: f.Description, Pos: f.Pos}
		if f.Ref != nil {
			a.Ref = f.Ref.Entity
		}
		create = append(create, a)
		u := *a
		u.Type.NonNull = false
		update = append(update, &u)
	}
	for _, c := range []*Command{
		{Name: "create" + e.Name, Kind: Create, Event: e.Name + "Created", Args: create},
		{Name: "update" + e.Name, Kind: Transition, Event: e.Name + "Updated", Args: update},
		{Name: "delete" + e.Name, Kind: Delete, Event: e.Name + "Deleted"},
	} {
		c.Entity, c.CRUD, c.Pos = e, true, e.Pos
		l.add(c)
	}
}

func (l *loader) computed(e *Entity, dir *ast.Directive) {
	a := dir.Arguments.ForName("computed")
	if a == nil {
		return
	}
	for _, v := range valuesOf(a.Value) {
		f := e.Field(v.Raw)
		switch {
		case v.Kind != ast.StringValue && v.Kind != ast.BlockValue:
			l.fail(posOf(v.Position), `write a list of fields in quotes: ["total"]`, "computed of @crud is no list of texts")
		case f == nil || f.Name == "id" || f.Copy != nil:
			l.fail(posOf(v.Position), "name a field in quotes", "%q is no field of %s that a rule could set", v.Raw, e.Name)
		default:
			f.Computed = true
		}
	}
}
