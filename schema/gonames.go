package schema

import (
	"slices"
	"strings"
)

// goNames refuses types, values and commands that are one name in the generated package entity.
func (l *loader) goNames() {
	taken := map[string]string{}
	take := func(p Pos, what string, names ...string) {
		for _, name := range names {
			if by := taken[name]; by != "" {
				l.fail(p, "rename one of them", "%s and %s are both %s in Go", by, what, name)
				return
			}
		}
		for _, name := range names {
			taken[name] = what
		}
	}
	for _, e := range l.model.Entities {
		take(e.Pos, "the entity "+e.Name, e.Name, e.Name+"Of", "Load"+e.Name, "Find"+e.Name)
	}
	for _, e := range l.model.Views {
		take(e.Pos, "the view "+e.Name, e.Name, e.Name+"Of")
	}
	for _, o := range l.model.Objects {
		take(o.Pos, "the type "+o.Name, o.Name, o.Name+"Of")
	}
	for _, o := range l.model.Inputs {
		if !o.Derived || o.Patch {
			take(o.Pos, "the input "+o.Name, o.Name, o.Name+"Of")
		}
	}
	for _, e := range l.model.Enums {
		take(e.Pos, "the enum "+e.Name, e.Name)
		seen := map[string]bool{}
		for _, v := range e.Values {
			if !seen[v.Name] { // twice is a mistake of its own
				take(v.Pos, e.Name+"."+v.Name, GoValue(e.Name, v.Name))
			}
			seen[v.Name] = true
		}
	}
	for _, c := range l.model.Commands {
		take(c.Pos, "the command "+c.Name, GoName(c.Name), GoName(c.Name)+"Of")
	}
	l.mutations()
}

// mutations refuses commands that are one name in the generated resolvers, or that are Daybook's.
func (l *loader) mutations() {
	seen := map[string]*Command{}
	for _, c := range l.model.Commands {
		for _, name := range reservedMutations {
			switch {
			case c.Name == name:
				l.fail(c.Pos, "choose another name", "the mutation %s is taken by Daybook", name)
			case fold(c.Name) == fold(name):
				l.fail(c.Pos, "choose another name", "the command %s and Daybook's mutation %s differ only in case or _", c.Name, name)
			}
		}
		if o := seen[fold(c.Name)]; o != nil && GoName(o.Name) != GoName(c.Name) {
			l.fail(c.Pos, "rename one of them", "the commands %s and %s differ only in case or _", o.Name, c.Name)
		}
		seen[fold(c.Name)] = c
	}
}

// graphNames refuses entities whose name the generated package graph has for something else.
func (l *loader) graphNames() {
	objects := slices.Clone(reservedObjects)
	for _, e := range l.model.Entities {
		objects = append(append(objects, e.Name), DerivedTypes(e.Name)...)
	}
	for _, e := range l.model.Views {
		objects = append(append(objects, e.Name), DerivedViewTypes(e.Name)...)
	}
	for _, o := range l.model.Objects {
		objects = append(objects, o.Name)
	}
	for _, e := range l.model.Readables() {
		object, resolver := strings.CutSuffix(e.Name, "Resolver")
		if slices.Contains(reservedGo, e.Name) || resolver && slices.Contains(objects, object) || strings.HasPrefix(e.Name, "Unmarshal") {
			kind := "entity"
			if e.View != nil {
				kind = "view"
			}
			l.fail(e.Pos, "choose another name", "the %s %s is a Go type in package graph, which has another %s", kind, e.Name, e.Name)
		}
	}
}
