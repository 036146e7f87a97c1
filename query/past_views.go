package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// What a view with aggregates was at an instant is computed from the entities that it is of, as they were then: exactly what its documents would have been, had all that happened up to
// then been taken in, and nothing later. Its documents can't tell, because they change with whole batches of events, of partitions that nothing orders. Only those entities are read of
// which the filter may hold: see pusher.

// viewDocuments returns the documents of a view of which a filter holds, by id, with all of their fields. They have no versions and times. Callers must not change them: for the next
// who asks the same they need not be computed again, if t is a list's own.
func (t *then) viewDocuments(ctx context.Context, v *schema.Entity, f documents.Filter) ([]documents.Document, error) {
	if t.last != nil && t.last.view == v && reflect.DeepEqual(t.last.filter, f) {
		return t.last.docs, nil
	}
	docs, err := t.compute(ctx, v, f)
	if err == nil && t.last != nil {
		*t.last = computed{v, f, docs}
	}
	return docs, err
}

// computed is what was computed of a view. What a list counts, sorts and shows is the same.
type computed struct {
	view   *schema.Entity
	filter documents.Filter
	docs   []documents.Document
}

// alone returns the moment for the reads of one list, which come one after the other.
func (m moment) alone(e *schema.Entity) moment {
	if m.computes(e) {
		then := *m.past
		then.last = &computed{}
		m.past, m.reads = &then, &then
	}
	return m
}

// computes reports whether what is read of e at the moment is computed: it is a view, as it was.
func (m moment) computes(e *schema.Entity) bool { return m.past != nil && e.View != nil }

func (t *then) compute(ctx context.Context, v *schema.Entity, f documents.Filter) ([]documents.Document, error) {
	groups := aggregate.NewGroups(v.View)
	left := t.engine.cfg.ScanLimit
	if left <= 0 {
		left = math.MaxInt64 - 1
	}
	for source := range v.View.Sources {
		if err := t.addTo(ctx, groups, v, source, f, &left); err != nil {
			return nil, err
		}
	}
	var out []documents.Document
	for _, g := range groups.All() {
		d := documents.Document{ID: g.ID, Fields: g.Fields}
		if documents.Match(f, &d) {
			out = append(out, d)
		}
	}
	return out, nil
}

// addTo adds the entities of one source, at most as many as are left. If no index finds what the filter says, all are read: what may be asked without a filter may be asked with one.
func (t *then) addTo(ctx context.Context, groups *aggregate.Groups, v *schema.Entity, source int, f documents.Filter, left *int64) error {
	e := v.View.Sources[source].Entity
	pushed, _ := pusher{v.View, source}.push(f)
	var refused error
	if err := t.engine.allow(ctx, scan{entity: e, filter: pushed, asOf: t.at}); err != nil {
		var unfound *Error
		if !errors.As(err, &unfound) || unfound.Code != CodeNoIndex {
			return err
		}
		pushed, refused = nil, &Error{unfound.Code, fmt.Sprintf("asOf: %s is computed from %s: %s", v.Name, e.Plural, unfound.Message)}
	}
	q := documents.Query{Entity: e.Name, Filter: pushed, AsOf: t.at, Fields: aggregate.Needs(v.View, source)}
	for {
		q.Limit = int(min(documents.MaxLimit, *left+1))
		docs, err := t.engine.cfg.Store.List(ctx, q)
		if err != nil {
			return err
		}
		if *left -= int64(len(docs)); *left < 0 {
			return cmp.Or(refused, t.tooMany(v, e))
		}
		for _, d := range docs {
			if err := groups.Add(source, d.ID, d.Fields); err != nil {
				return err
			}
		}
		if len(docs) < q.Limit || t.engine.cfg.Loose {
			return nil
		}
		q.After = []any{docs[len(docs)-1].ID}
	}
}

func (t *then) tooMany(v, source *schema.Entity) error {
	var groups []string
	for _, g := range v.View.Groups {
		groups = append(groups, g.Field.Name)
	}
	advice := "raise --scan-limit"
	if len(groups) > 0 {
		advice = fmt.Sprintf("filter by what it is grouped by, %s, or raise --scan-limit", strings.Join(groups, ", "))
	}
	return &Error{"TOO_MUCH", fmt.Sprintf("asOf: what is asked of %s is computed from more than %s %s: %s",
		v.Name, scalar.Grouped(t.engine.cfg.ScanLimit), source.Plural, advice)}
}

func (t *then) loadView(ctx context.Context, v *schema.Entity, ids []string) (map[string]documents.Document, error) {
	docs, err := t.viewDocuments(ctx, v, documents.InTexts(documents.FieldID, ids))
	out := make(map[string]documents.Document, len(docs))
	for _, d := range docs {
		out[d.ID] = d
	}
	return out, err
}

func (t *then) listView(ctx context.Context, v *schema.Entity, q documents.Query) ([]documents.Document, error) {
	docs, err := t.viewDocuments(ctx, v, q.Filter)
	return pageOf(docs, q), err
}

func (t *then) listViewBy(ctx context.Context, v *schema.Entity, q documents.Query, by string, keys []string) (map[string][]documents.Document, error) {
	lists, err := t.viewDocumentsBy(ctx, v, q.Filter, by, keys)
	for key, docs := range lists {
		lists[key] = pageOf(docs, q)
	}
	return lists, err
}

// viewDocumentsBy returns the documents of which a filter holds by the key in one of their refs.
func (t *then) viewDocumentsBy(ctx context.Context, v *schema.Entity, f documents.Filter, by string, keys []string) (map[string][]documents.Document, error) {
	docs, err := t.viewDocuments(ctx, v, documents.Both(documents.InTexts(by, keys), f))
	lists := map[string][]documents.Document{}
	for _, d := range docs {
		key, _ := d.Fields[by].(string)
		lists[key] = append(lists[key], d)
	}
	return lists, err
}

// pageOf returns what a query has of documents of which its filter holds.
func pageOf(docs []documents.Document, q documents.Query) []documents.Document {
	out := inOrder(slices.Clone(docs), q)
	out = out[:min(len(out), q.Limit)]
	if q.Last {
		slices.Reverse(out)
	}
	return out
}

// counted is how many documents there are, where counting ends at a limit; 0 is none.
func counted(docs []documents.Document, limit int64) int64 {
	n := int64(len(docs))
	if limit > 0 {
		n = min(n, limit)
	}
	return n
}

// PastUnknown reports whether a field, by its name in the API, is one that nothing knows of a view as it was: how often it had been changed, and when.
func PastUnknown(e *schema.Entity, field string) bool {
	stored, system := systemName(field)
	return system && unknownThen(e, stored)
}

func unknownThen(e *schema.Entity, stored string) bool {
	return e.View != nil && (stored == documents.FieldVersion || stored == documents.FieldCreatedAt || stored == documents.FieldUpdatedAt)
}

// ErrPastUnknown is about what PastUnknown reports.
func ErrPastUnknown(e *schema.Entity) error {
	return invalid("asOf: what %s was is computed from what entities were, and that tells no version, createdAt and updatedAt of it: leave them out", e.Name)
}

// knows returns an error if a list asks for what nothing knows of the moment.
func (m moment) knows(e *schema.Entity, a ListArgs) error {
	if !m.computes(e) {
		return nil
	}
	unknown := documents.Any(a.Filter, func(f documents.Filter) bool { return unknownThen(e, documents.FieldOf(f)) })
	if unknown || slices.ContainsFunc(a.Orders, func(o documents.Order) bool { return unknownThen(e, o.Field) }) {
		return ErrPastUnknown(e)
	}
	return nil
}
