package gen

import (
	"github.com/daybook-cqrs/daybook/schema"
)

// lists writes the types around an entity's lists and changes.
func (s *sdl) lists(e *schema.Entity) {
	s.from(e.Pos)
	s.printf("\ntype %sConnection {\n  edges: [%sEdge!]!\n  pageInfo: PageInfo!\n  \"Counted only if it is asked for, up to 100,000.\"\n  totalCount: Int!\n  \"False if there are more.\"\n  totalCountIsExact: Boolean!\n}\n", e.Name, e.Name)
	s.printf("\ntype %sEdge {\n  cursor: String!\n  node: %s!\n}\n", e.Name, e.Name)
	s.sort(e)
	s.printf("\nenum %sSortField {\n", e.Name)
	for _, f := range SortFields(e) {
		s.printf("  %s\n", schema.UpperSnake(f))
	}
	s.WriteString("}\n")
	event := "  \"Null if a copied field changed.\"\n  event: EventInfo\n"
	if e.View != nil {
		event = "" // it changes with events of others
	}
	s.printf("\n\"One change of what a subscription shows.\"\ntype %sChange {\n  type: ChangeType!\n  \"Null for LIVE, and for a RESYNC of everything.\"\n  id: ID\n  \"As the change left it.\"\n  %s: %s\n%s  \"Subscribe again with it to miss nothing.\"\n  token: String!\n}\n",
		e.Name, e.Singular, e.Name, event)
	s.printf("\n\"Conditions that all hold.\"\ninput %sFilter {\n  and: [%sFilter!]\n  or: [%sFilter!]\n  not: %sFilter\n", e.Name, e.Name, e.Name, e.Name)
	s.filterFields(e.Fields)
	s.WriteString("  version: IntFilter\n  createdAt: DateTimeFilter\n  updatedAt: DateTimeFilter\n}\n")
}

// sort writes what a key of a list's order is: a field, or a key of what a ref leads to.
func (s *sdl) sort(e *schema.Entity) {
	s.printf("\n\"One key: a field, or a ref and a key of what that leads to.\"\ninput %sSort {\n  field: %sSortField\n  direction: SortDirection! = ASC\n", e.Name, e.Name)
	for _, f := range e.Fields {
		if f.Ref != nil {
			s.from(f.Pos)
			s.printf("  %s: %sSort\n", f.Name, f.Ref.Entity)
		}
	}
	s.from(e.Pos)
	s.WriteString("}\n")
}

// SortFields returns the names of what lists of an entity can be sorted by, as the API's fields are called.
func SortFields(e *schema.Entity) []string {
	var out []string
	for _, f := range e.Fields {
		if !f.Type.Comparable() {
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
