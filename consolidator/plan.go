package consolidator

import (
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// plan is what consolidating one entity type needs to know of the model.
type plan struct {
	entity *schema.Entity
	stored []*schema.Field // what a document keeps: all but `id`
	own    map[string]int  // what events set, without `id` and copies: index in stored
	refs   []*link         // where its copies come from
	links  []*link         // who copies from it
	copied []string        // its fields that others copy
}

// link is one ref through which fields are copied.
type link struct {
	referrer *schema.Entity
	ref      string // the ref field on the referrer
	source   string // the entity that it refers to
	names    []string
	fields   []string // on the source, one for each name
}

func plansOf(m *schema.Model) map[string]*plan {
	plans := make(map[string]*plan, len(m.Entities))
	for _, e := range m.Entities {
		p := &plan{entity: e, stored: documents.StoredFields(e), own: map[string]int{}}
		for i, f := range p.stored {
			if f.Copy == nil {
				p.own[f.Name] = i
			}
		}
		plans[e.Name] = p
	}
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			if f.Copy != nil {
				plans[e.Name].addCopy(plans, f)
			}
		}
	}
	return plans
}

func (p *plan) addCopy(plans map[string]*plan, f *schema.Field) {
	source := plans[p.entity.Field(f.Copy.Via).Ref.Entity]
	l := p.linkOf(f.Copy.Via)
	if l == nil {
		l = &link{referrer: p.entity, ref: f.Copy.Via, source: source.entity.Name}
		p.refs = append(p.refs, l)
		source.links = append(source.links, l)
	}
	l.names = append(l.names, f.Name)
	l.fields = append(l.fields, f.Copy.Field)
	if !slices.Contains(source.copied, f.Copy.Field) {
		source.copied = append(source.copied, f.Copy.Field)
	}
}

func (p *plan) linkOf(ref string) *link {
	for _, l := range p.refs {
		if l.ref == ref {
			return l
		}
	}
	return nil
}

// copies returns what a document that refers to the source through this link copies from it.
func (l *link) copies(id string, s source) documents.Copies {
	values := schema.Record{}
	for i, field := range l.fields {
		if v, ok := s.fields[field]; ok {
			values[l.names[i]] = v
		}
	}
	return documents.Copies{Ref: l.ref, Source: documents.Source{ID: id, Version: s.version}, Values: values, Names: l.names}
}
