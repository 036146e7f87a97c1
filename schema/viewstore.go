package schema

import (
	"crypto/sha256"
	"encoding/base32"
	"io"
	"slices"
	"strings"
)

// Stored is what the store calls the documents of an entity or a view. Views with another definition are others.
func (e *Entity) Stored() string {
	if e.View == nil {
		return e.Plural
	}
	return e.Plural + "." + e.View.Fingerprint
}

// tallies returns the entity in which a view counts values, or nil if it needs not.
func tallies(e *Entity) *Entity {
	if !slices.ContainsFunc(e.View.Values, (*ViewField).Tallied) {
		return nil
	}
	field := func(name string, kind Kind, of string) *Field {
		return &Field{Name: name, Type: Type{Kind: kind, Name: of, NonNull: true}, Pos: e.Pos}
	}
	return &Entity{
		Name: e.Name + ".tallies", Singular: e.Singular + ".tallies", Plural: e.Stored() + ".tallies", File: e.File, Pos: e.Pos,
		Fields: []*Field{
			field("id", KindID, "ID"), field(TallyGroup, KindID, "ID"), field(TallyField, KindString, "String"), field(TallyValue, KindString, "String"),
			field(TallyAlive, KindBoolean, "Boolean"), field(TallyCount, KindInt, "Int"),
		},
		Indexes: []*Index{{Fields: []IndexField{{Name: TallyGroup}, {Name: TallyField}, {Name: TallyAlive}, {Name: TallyValue}}, Pos: e.Pos}},
	}
}

// viewFingerprint tells one definition of a view from another, by all that its documents depend on.
func viewFingerprint(e *Entity) string {
	h := sha256.New()
	v := e.View
	printf(h, "view %q %d %v", e.Name, v.Release, v.Project)
	for _, s := range v.Sources {
		states := slices.Clone(s.In)
		slices.Sort(states)
		printf(h, "of %q %q", s.Entity.Name, states)
		if s.Each != nil {
			printf(h, "each %q", s.Each.Name)
		}
	}
	for _, f := range e.Fields {
		printf(h, "field %q %q", f.Name, f.Type)
	}
	printViewFields(h, v)
	return strings.ToLower(base32.HexEncoding.EncodeToString(h.Sum(nil)[:5]))
}

func printViewFields(h io.Writer, v *View) {
	for _, vf := range append(slices.Clone(v.Groups), v.Values...) {
		printf(h, "%s %q %q", vf.Aggregate, vf.Field.Name, vf.Bucket)
		for i, path := range vf.Paths {
			if path == nil {
				continue
			}
			printf(h, "path %d %v", i, path.Element)
			for _, f := range path.Fields {
				printf(h, "step %q %q", f.Name, f.Type)
			}
		}
	}
}

// printView prints what code is generated from, of a view.
func printView(h io.Writer, e *Entity) {
	printf(h, "view %q", e.View.Fingerprint)
	for _, s := range e.View.Sources {
		printf(h, "source %q", s.Entity.Name)
	}
}
