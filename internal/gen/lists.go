package gen

import (
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// lists writes the types around an entity's lists and changes.
func (s *sdl) lists(e *schema.Entity) {
	s.from(e.Pos)
	s.printf("\ntype %sConnection {\n  edges: [%sEdge!]!\n  pageInfo: PageInfo!\n  \"Counted only if it is asked for.\"\n  totalCount: Int!\n}\n", e.Name, e.Name)
	s.printf("\ntype %sEdge {\n  cursor: String!\n  node: %s!\n}\n", e.Name, e.Name)
	s.printf("\ninput %sSort {\n  field: %sSortField!\n  direction: SortDirection! = ASC\n}\n", e.Name, e.Name)
	s.printf("\nenum %sSortField {\n", e.Name)
	for _, f := range SortFields(e) {
		s.printf("  %s\n", schema.UpperSnake(f))
	}
	s.WriteString("}\n")
	s.printf("\n\"One change of what a subscription shows.\"\ntype %sChange {\n  type: ChangeType!\n  \"Null for LIVE, and for a RESYNC of everything.\"\n  id: ID\n  \"As the change left it.\"\n  %s: %s\n  \"Null if a copied field changed.\"\n  event: EventInfo\n  \"Subscribe again with it to miss nothing.\"\n  token: String!\n}\n",
		e.Name, e.Singular, e.Name)
	s.printf("\n\"Conditions that all hold.\"\ninput %sFilter {\n  and: [%sFilter!]\n  or: [%sFilter!]\n  not: %sFilter\n", e.Name, e.Name, e.Name, e.Name)
	for _, f := range e.Fields {
		if name, ok := filterOf(f); ok {
			field := f.Name
			if f.Ref != nil {
				field += "Id"
			}
			s.printf("  %s: %s\n", field, name)
		}
	}
	s.WriteString("  version: IntFilter\n  createdAt: DateTimeFilter\n  updatedAt: DateTimeFilter\n}\n")
}

// SortFields returns the names of what lists of an entity can be sorted by, as the API's fields are called.
func SortFields(e *schema.Entity) []string {
	var out []string
	for _, f := range e.Fields {
		if _, ok := filterOf(f); !ok {
			continue
		}
		if f.Ref != nil {
			out = append(out, f.Name+"Id")
		} else {
			out = append(out, f.Name)
		}
	}
	return append(out, "version", "createdAt", "updatedAt")
}

// filterOf returns the filter input of a field, if it can be filtered by.
func filterOf(f *schema.Field) (string, bool) {
	switch {
	case f.Type.List || f.Type.Kind == schema.KindObject || f.Type.Kind == schema.KindJSON:
		return "", false
	case f.Ref != nil:
		return "IDFilter", true
	}
	return f.Type.Name + "Filter", true
}

// filters writes the filter inputs of the scalars and of the enums that fields have.
func (s *sdl) filters() {
	s.from(schema.Pos{})
	scalars := []string{"ID", "String", "Int", "Float", "Boolean", "Decimal", "DateTime", "Date", "Long", "UUID"}
	used := map[string]bool{"ID": true, "Int": true, "DateTime": true}
	for _, e := range s.model.Entities {
		for _, f := range e.Fields {
			if name, ok := filterOf(f); ok {
				used[strings.TrimSuffix(name, "Filter")] = true
			}
		}
	}
	for _, name := range scalars {
		if used[name] {
			s.filter(name, name != "Boolean", name == "String" || name == "ID")
		}
	}
	for _, e := range s.model.Enums {
		if used[e.Name] && !slices.Contains(scalars, e.Name) {
			s.from(e.Pos)
			s.filter(e.Name, false, false)
		}
	}
}

func (s *sdl) filter(name string, ordered, text bool) {
	s.printf("\ninput %sFilter {\n  eq: %s\n  ne: %s\n  in: [%s!]\n  notIn: [%s!]\n", name, name, name, name, name)
	if ordered {
		s.printf("  lt: %s\n  lte: %s\n  gt: %s\n  gte: %s\n", name, name, name, name)
	}
	if text {
		s.WriteString("  contains: String\n  startsWith: String\n")
	}
	s.WriteString("  isNull: Boolean\n}\n")
}
