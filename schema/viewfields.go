package schema

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// aggregates are what fields of views are made by.
var aggregates = map[string]Aggregate{
	"group": GroupBy, "count": Count, "sum": Sum, "min": Min, "max": Max, "avg": Avg, "countDistinct": CountDistinct,
}

// viewField reads what a field of a view is made of.
func (l *loader) viewField(e *Entity, f *Field, list ast.DirectiveList) {
	var dir *ast.Directive
	for _, d := range list {
		switch {
		case aggregates[d.Name] == "":
		case dir != nil:
			l.fail(posOf(d.Position), "leave one out", "%s.%s is made by @%s and by @%s", e.Name, f.Name, dir.Name, d.Name)
			return
		default:
			dir = d
		}
	}
	if dir == nil {
		return
	}
	before := len(l.errs)
	vf := &ViewField{Field: f, Aggregate: aggregates[dir.Name]}
	arg := "of"
	if vf.Aggregate == GroupBy {
		arg = "by"
		l.onlyArgs(dir, "by", "bucket")
		l.bucket(vf, dir)
	} else {
		l.onlyArgs(dir, "of")
	}
	if f.Name == "id" {
		l.fail(f.Pos, "leave out @"+dir.Name, "the id of the view %s is made of its groups", e.Name)
		return
	}
	l.paths(e, vf, dir, arg)
	if len(l.errs) == before {
		l.viewType(e, vf)
	}
	l.wrong[f] = len(l.errs) > before
	if vf.Aggregate == GroupBy {
		e.View.Groups = append(e.View.Groups, vf)
	} else {
		e.View.Values = append(e.View.Values, vf)
	}
}

// bucket reads the span of time that a group is of.
func (l *loader) bucket(vf *ViewField, dir *ast.Directive) {
	a := dir.Arguments.ForName("bucket")
	if a == nil {
		return
	}
	b := Bucket(a.Value.Raw)
	if a.Value.Kind != ast.EnumValue || !slices.Contains([]Bucket{Hour, Day, Week, Month, Quarter, Year}, b) {
		l.fail(posOf(a.Position), "use HOUR, DAY, WEEK, MONTH, QUARTER or YEAR", "%s is no bucket", a.Value.String())
		return
	}
	vf.Bucket = b
}

// viewType checks the type of a field against what it is made of.
func (l *loader) viewType(e *Entity, vf *ViewField) {
	if vf.Field.Type.Kind == kindUnknown {
		return
	}
	for i, s := range e.View.Sources {
		path := vf.Paths[i]
		if path == nil {
			continue
		}
		leaf := path.leaf()
		want, why := wantedType(vf, s, leaf)
		switch is := vf.Field.Type; {
		case len(want) == 0:
			l.fail(vf.Field.Pos, why, "@%s of %s.%s can't be of %s", directiveOf(vf.Aggregate), e.Name, vf.Field.Name, path.text(s))
			return
		case !slices.ContainsFunc(want, func(t Type) bool { return sameType(t, is, vf.Aggregate == GroupBy) }):
			l.fail(vf.Field.Pos, "write "+alternatives(want), "%s.%s can't be %s", e.Name, vf.Field.Name, is)
			return
		}
	}
}

// sameType reports whether a field of type is can hold what is of type want. Groups may be null or not: a group that is not leaves out what has null there.
func sameType(want, is Type, group bool) bool {
	return want.Name == is.Name && !is.List && (group || want.NonNull == is.NonNull)
}

func alternatives(types []Type) string {
	text := types[0].String()
	for _, t := range types[1:] {
		text += " or " + t.String()
	}
	return text
}

func directiveOf(a Aggregate) string {
	for name, aggregate := range aggregates {
		if aggregate == a {
			return name
		}
	}
	return ""
}

// wantedType returns the types that a field made of leaf can have, the best first; none if it can't be made of it, and then what to write instead. A nil leaf is the
// entity or the element itself.
func wantedType(vf *ViewField, s *ViewSource, leaf *Field) (want []Type, write string) {
	of := func(kind Kind, name string, nonNull bool) Type { return Type{Kind: kind, Name: name, NonNull: nonNull} }
	number := leaf != nil && slices.Contains([]Kind{KindInt, KindLong, KindDecimal}, leaf.Type.Kind)
	switch vf.Aggregate {
	case Count, CountDistinct:
		if leaf != nil && leaf.Type.Kind == KindFloat && vf.Aggregate == CountDistinct {
			return nil, "count a Decimal: Floats are not exact"
		}
		return []Type{of(KindLong, "Long", true), of(KindInt, "Int", true)}, ""
	case Sum, Avg:
		switch {
		case !number && leaf.Type.Kind == KindFloat:
			return nil, "make the field a Decimal: the sum of Floats depends on their order"
		case !number:
			return nil, "name a field of type Int, Long or Decimal"
		case vf.Aggregate == Avg:
			return []Type{of(KindDecimal, "Decimal", false)}, ""
		case leaf.Type.Kind == KindDecimal:
			return []Type{of(KindDecimal, "Decimal", true)}, ""
		}
		return []Type{of(KindLong, "Long", true), of(KindDecimal, "Decimal", true)}, ""
	case Min, Max:
		if !number && !slices.Contains([]Kind{KindFloat, KindDateTime, KindDate}, leaf.Type.Kind) {
			return nil, "name a field with a number or a time"
		}
		return []Type{of(leaf.Type.Kind, leaf.Type.Name, false)}, ""
	}
	return wantedGroup(vf, s, leaf)
}

// wantedGroup is wantedType of a field that is grouped by.
func wantedGroup(vf *ViewField, s *ViewSource, leaf *Field) (want []Type, write string) {
	t := leaf.Type
	switch {
	case vf.Bucket == "" && t.Kind == KindFloat:
		return nil, "make the field a Decimal: Floats are not exact"
	case vf.Bucket == "" && leaf == s.Entity.Fields[0]:
		return []Type{{Kind: KindEntity, Name: s.Entity.Name, NonNull: true}, {Kind: KindID, Name: "ID", NonNull: true}}, ""
	case vf.Bucket == "":
		return []Type{{Kind: t.Kind, Name: t.Name, NonNull: t.NonNull}}, ""
	case t.Kind == KindDateTime && vf.Bucket == Hour:
		return []Type{{Kind: KindDateTime, Name: "DateTime", NonNull: t.NonNull}}, ""
	case t.Kind == KindDateTime || t.Kind == KindDate && vf.Bucket != Hour:
		return []Type{{Kind: KindDate, Name: "Date", NonNull: t.NonNull}}, ""
	case t.Kind == KindDate:
		return nil, "use DAY or longer: a Date has no hour"
	}
	return nil, fmt.Sprintf("name a field of type DateTime or Date, or leave out bucket: %s is a %s", leaf.Name, t.Name)
}
