package query

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// resolver puts filters that stores know in the place of those through refs. It belongs to one read.
type resolver struct {
	moment
	noLooks bool // only copies may serve
	looks   []look
	found   int // ids, of all looks together
}

// look is what was asked of entities, and the ids of those of which it holds.
type look struct {
	entity string
	filter documents.Filter
	gone   bool // those that are gone too
	ids    []any
}

// resolve returns a filter on an entity, or on a value object if that is nil, without any Through.
func (r *resolver) resolve(ctx context.Context, e *schema.Entity, f documents.Filter) (documents.Filter, error) {
	return documents.Rewrite(f, func(f documents.Filter) (_ documents.Filter, err error) {
		if e != nil && !r.copies && isCopy(e, documents.FieldOf(f)) {
			return r.copied(ctx, e, e.Field(documents.FieldOf(f)), f)
		}
		switch f := f.(type) {
		case documents.Through:
			return r.through(ctx, e, f)
		case documents.Inside:
			f.F, err = r.resolve(ctx, nil, f.F)
			return f, err
		case documents.Some:
			f.F, err = r.resolve(ctx, nil, f.F)
			return f, err
		}
		return f, nil
	})
}

// Resolve returns a filter that stores know, without what is asked through refs: that is looked up now, as in a list, within the same bounds.
func (e *Engine) Resolve(ctx context.Context, entity *schema.Entity, f documents.Filter) (documents.Filter, error) {
	return (&resolver{moment: e.now()}).resolve(ctx, entity, f)
}

// through asks the copies, if they answer the same, else the entities that the ref may lead to.
func (r *resolver) through(ctx context.Context, e *schema.Entity, f documents.Through) (documents.Filter, error) {
	target := r.model.Entity(f.Entity)
	if r.copies && e != nil {
		if of, ok := onCopies(r.model, e, target, f); ok {
			return of, nil
		}
	}
	if r.noLooks {
		return nil, invalid("where: a subscription asks what %s leads to only by copies: %s", f.Field, insteadOf(e, target, f))
	}
	inner, err := r.resolve(ctx, target, f.F)
	if err != nil {
		return nil, err
	}
	ids, more, err := r.look(ctx, f.Entity, inner, false)
	if err != nil {
		return nil, err
	}
	if more {
		return nil, &Error{"TOO_MUCH", fmt.Sprintf("where: more than %d %s are what is asked of %s: %s", r.bound, target.Plural, f.Field, insteadOf(r.advised(e), target, f))}
	}
	return documents.In{Field: f.Field, Values: ids}, nil
}

// copied asks the sources of a copy that stores don't know: those that were gone by then, too, as they last were.
func (r *resolver) copied(ctx context.Context, e *schema.Entity, c *schema.Field, f documents.Filter) (documents.Filter, error) {
	via := e.Field(c.Copy.Via)
	source := r.model.Entity(via.Ref.Entity)
	inner := documents.Renamed(f, c.Copy.Field)
	null := documents.Match(f, &documents.Document{}) // it holds where there is nothing to copy
	if null {
		inner = documents.Not{F: inner}
	}
	inner, err := r.resolve(ctx, source, inner)
	if err != nil {
		return nil, err
	}
	ids, more, err := r.look(ctx, source.Name, inner, true)
	if err != nil {
		return nil, err
	}
	if more {
		return nil, &Error{"TOO_MUCH", fmt.Sprintf("where: more than %d %s are, or were, what is asked of %s, which of the past is looked up there: ask for less", r.bound, source.Plural, c.Name)}
	}
	var out documents.Filter = documents.In{Field: via.Name, Values: ids}
	if null {
		out = documents.Not{F: out}
	}
	return out, nil
}

// look returns the ids of entities of which a filter holds that stores know; with gone, of those too that are gone and of which it held last. more says that they are too
// many.
func (r *resolver) look(ctx context.Context, entity string, f documents.Filter, gone bool) (ids []any, more bool, err error) {
	for _, l := range r.looks {
		if l.entity == entity && l.gone == gone && reflect.DeepEqual(l.filter, f) {
			return l.ids, false, nil
		}
	}
	if err := r.allow(ctx, scan{entity: r.model.Entity(entity), filter: f, asOf: r.asOf()}); err != nil {
		return nil, false, err
	}
	docs, more, err := r.all(ctx, entity, f, []string{})
	if err != nil || more {
		return nil, more, err
	}
	if gone && r.past != nil {
		dead, more, err := r.past.gone(ctx, entity, r.bound)
		if err != nil || more {
			return nil, more, err
		}
		docs = append(docs, slices.DeleteFunc(dead, func(d documents.Document) bool { return !documents.Match(f, &d) })...)
	}
	if r.found += len(docs); r.found > r.bound {
		return nil, true, nil
	}
	ids = make([]any, len(docs))
	for i := range docs {
		ids[i] = docs[i].ID
	}
	r.looks = append(r.looks, look{entity, f, gone, ids})
	return ids, false, nil
}

// advised is the entity for which there is advice about copies: none of the past.
func (r *resolver) advised(e *schema.Entity) *schema.Entity {
	if !r.copies {
		return nil
	}
	return e
}

// Lookups returns how often at most the arguments of a list look through refs: what bounds what a request may cost. In the past what is about copies does, and a view is computed.
func Lookups(m *schema.Model, e *schema.Entity, a ListArgs, past bool) int {
	n := len(refsOf(a.Orders)) + throughs(m, e, a.Filter, past)
	if past && e.View != nil {
		n++
	}
	for _, o := range a.Orders {
		if past && isCopy(e, o.Field) {
			n++
		}
	}
	return n
}

// throughs counts the looks of a filter on an entity, or on a value object if that is nil.
func throughs(m *schema.Model, e *schema.Entity, f documents.Filter, past bool) (n int) {
	documents.Any(f, func(f documents.Filter) bool {
		if past && e != nil && isCopy(e, documents.FieldOf(f)) {
			n++
		}
		switch f := f.(type) {
		case documents.Through:
			n += 1 + throughs(m, m.Entity(f.Entity), f.F, past)
		case documents.Inside:
			n += throughs(m, nil, f.F, past)
		case documents.Some:
			n += throughs(m, nil, f.F, past)
		}
		return false
	})
	return n
}

// ends reports whether entities can be deleted. Copies of what was deleted stay as they were last, so they don't tell whether the entity is there.
func ends(e *schema.Entity) bool {
	return slices.ContainsFunc(e.Commands, func(c *schema.Command) bool { return c.Kind == schema.Delete })
}

// copyOf returns the field of e that copies a field through a ref, nil if there is none.
func copyOf(e *schema.Entity, ref, field string) *schema.Field {
	for _, f := range e.Fields {
		if f.Copy != nil && f.Copy.Via == ref && f.Copy.Field == field {
			return f
		}
	}
	return nil
}

var errNoCopy = errors.New("there is no such copy")

// onCopies returns a filter on the copies that holds exactly when the one through the ref does; ok is false if there is none: not every field is copied, or entities
// can be deleted, or the filter holds if all the fields are null, as the copies are where there is nothing to copy.
func onCopies(m *schema.Model, e, target *schema.Entity, f documents.Through) (_ documents.Filter, ok bool) {
	of, err := documents.Rewrite(f.F, func(c documents.Filter) (documents.Filter, error) {
		field := copyOf(e, f.Field, documents.FieldOf(c))
		if field == nil || throughs(m, target, c, false) > 0 {
			return nil, errNoCopy
		}
		return documents.Renamed(c, field.Name), nil
	})
	if err != nil || ends(target) || documents.Match(f.F, &documents.Document{}) {
		return nil, false
	}
	return of, true
}

// insteadOf says what to write where a look through a ref is too much, e nil in a value object.
func insteadOf(e, target *schema.Entity, f documents.Through) string {
	var fields []string
	documents.Any(f.F, func(c documents.Filter) bool {
		if field := documents.FieldOf(c); field != "" && !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
		return false
	})
	advice := "ask for less"
	if e == nil {
		return advice
	}
	for _, name := range fields {
		source := target.Field(name)
		switch {
		case source == nil || source.Ref != nil || source.Copy != nil:
			return advice // there is no copy of that
		case copyOf(e, f.Field, name) == nil:
			return advise(e, f.Field, source)
		default:
			advice = fmt.Sprintf("ask for %s.%s instead, the copy, which stays as it was when the %s is gone", e.Name, copyOf(e, f.Field, name).Name, target.Singular)
		}
	}
	return advice
}

// advise says which copy serves.
func advise(e *schema.Entity, ref string, source *schema.Field) string {
	if e.View != nil { // which has no copies
		return "ask for less"
	}
	indexed := ""
	if source.Type.Comparable() {
		indexed = " @indexed"
	}
	return fmt.Sprintf("give %s a field with @copy(of: %q)%s, and ask for that", e.Name, ref+"."+source.Name, indexed)
}
