package gen

import (
	"github.com/daybook-cqrs/daybook/schema"
)

// filterFields writes the fields of a filter.
func (s *sdl) filterFields(fields []*schema.Field) {
	for _, f := range fields {
		field := f.Name
		if f.Ref != nil {
			s.printf("  \"Of what it leads to, which has to be there.\"\n  %s: %sFilter\n", f.Name, f.Ref.Entity)
			field += "Id"
		}
		s.printf("  %s: %s\n", field, filterOf(f))
	}
}

// filterOf returns the filter input of a field.
func filterOf(f *schema.Field) string {
	name := f.Type.Name
	if f.Ref != nil {
		name = "ID"
	}
	if f.Type.List {
		return name + "ListFilter"
	}
	return name + "Filter"
}

// filters writes the filter inputs of what fields of entities hold, and of what is in that.
func (s *sdl) filters() {
	s.from(schema.Pos{})
	used := map[string]bool{"IDFilter": true, "IntFilter": true, "DateTimeFilter": true}
	for _, e := range s.model.Readables() {
		s.filtersBelow(e.Fields, used)
	}
	for _, name := range []string{"ID", "String", "Int", "Float", "Boolean", "Decimal", "DateTime", "Date", "Long", "UUID", "JSON"} {
		if used[name+"Filter"] {
			s.filter(name, name != "Boolean", name == "String" || name == "ID")
		}
		if used[name+"ListFilter"] {
			s.listFilter(name)
		}
	}
	for _, e := range s.model.Enums {
		s.from(e.Pos)
		if used[e.Name+"Filter"] {
			s.filter(e.Name, false, false)
		}
		if used[e.Name+"ListFilter"] {
			s.listFilter(e.Name)
		}
	}
	for _, o := range s.model.Objects {
		s.from(o.Pos)
		if used[o.Name+"Filter"] {
			s.printf("\n\"Conditions that all hold of one %s.\"\ninput %sFilter {\n  and: [%sFilter!]\n  or: [%sFilter!]\n  not: %sFilter\n", o.Name, o.Name, o.Name, o.Name, o.Name)
			s.filterFields(o.Fields)
			s.WriteString("  isNull: Boolean\n}\n")
		}
		if used[o.Name+"ListFilter"] {
			s.listFilter(o.Name)
		}
	}
}

// filtersBelow notes the filters that fields need, those of the elements of lists and inside value objects too.
func (s *sdl) filtersBelow(fields []*schema.Field, used map[string]bool) {
	for _, f := range fields {
		name := filterOf(f)
		if used[name] {
			continue
		}
		used[name] = true
		if f.Type.List && f.Type.Kind != schema.KindJSON {
			element := *f
			element.Type.List = false
			s.filtersBelow([]*schema.Field{&element}, used)
		} else if o := s.model.Object(f.Type.Name); o != nil && f.Type.Kind == schema.KindObject {
			s.filtersBelow(o.Fields, used)
		}
	}
}

func (s *sdl) listFilter(name string) {
	s.printf("\n\"Conditions on a list; a null list has no elements.\"\ninput %sListFilter {\n", name)
	if name != "JSON" {
		for _, q := range []string{"some", "every", "none"} {
			s.printf("  %s: %sFilter\n", q, name)
		}
	}
	s.WriteString("  size: IntFilter\n  isNull: Boolean\n}\n")
}

func (s *sdl) filter(name string, ordered, text bool) {
	if name == "JSON" {
		s.WriteString("\ninput JSONFilter {\n  isNull: Boolean\n}\n")
		return
	}
	s.printf("\ninput %sFilter {\n  eq: %s\n  ne: %s\n  in: [%s!]\n  notIn: [%s!]\n", name, name, name, name, name)
	if ordered {
		s.printf("  lt: %s\n  lte: %s\n  gt: %s\n  gte: %s\n  \"From the first to the second of two values, both included.\"\n  between: [%s!]\n", name, name, name, name, name)
	}
	if text {
		s.WriteString("  contains: String\n  startsWith: String\n  endsWith: String\n" +
			"  \"A pattern for the whole: * is any number of characters, ? is one, a backslash takes the meaning from the next.\"\n  matches: String\n" +
			"  \"For eq, ne, in, notIn and the conditions on text beside it. No index serves it.\"\n  ignoreCase: Boolean\n")
	}
	s.WriteString("  isNull: Boolean\n}\n")
}
