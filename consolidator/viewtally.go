package consolidator

import (
	"context"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/internal/aggregate"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// tallyDoc is a tally, and what a batch of events means for it.
type tallyDoc struct {
	viewDoc
	group string
	field *schema.ViewField
	value any
	by    []int // for each of viewDoc.changes
}

// changedTallies are the fields, by group, of which there may be other values than before.
type changedTallies map[string]map[string]bool

func (c changedTallies) has(group string, f *schema.ViewField) bool { return c[group][f.Field.Name] }

func (c changedTallies) add(group string, f *schema.ViewField) {
	if c[group] == nil {
		c[group] = map[string]bool{}
	}
	c[group][f.Field.Name] = true
}

// keepTallies brings the tallies of documents up to the end of the batch: all of them, before any of the documents. It returns where values came or went. Of tallies that had been
// written before (by another, or before a crash) it can't be known, and it counts as if they had.
func (b *batch) keepTallies(ctx context.Context, v *view, docs []*viewDoc) (changedTallies, error) {
	counted := changedTallies{}
	if v.entity.View.Tallies == nil {
		return counted, nil
	}
	for page := range slices.Chunk(talliesOf(v, docs), viewPage) {
		if err := b.writeTallies(ctx, v, page, counted); err != nil {
			return nil, err
		}
	}
	return counted, nil
}

func talliesOf(v *view, docs []*viewDoc) []*tallyDoc {
	var out []*tallyDoc
	byID := map[string]*tallyDoc{}
	for _, d := range docs {
		for i := range d.changes {
			for n := range d.changes[i].parts {
				for _, c := range d.changes[i].parts[n].Tallies(v.entity.View) {
					t := byID[c.ID]
					if t == nil {
						t = &tallyDoc{viewDoc: viewDoc{id: c.ID}, group: d.id, field: c.Field, value: c.Value}
						byID[c.ID] = t
						out = append(out, t)
					}
					t.count(d.changes[i].event, c.By)
				}
			}
		}
	}
	return out
}

func (t *tallyDoc) count(e *eventlog.Event, by int) {
	if n := len(t.changes); n == 0 || t.changes[n-1].event != e {
		t.changes, t.by = append(t.changes, viewChange{event: e}), append(t.by, 0)
	}
	t.by[len(t.by)-1] += by
}

// writeTallies writes tallies, each guarded by what it was computed from, until all have been.
func (b *batch) writeTallies(ctx context.Context, v *view, docs []*tallyDoc, counted changedTallies) error {
	name := v.entity.View.Tallies.Name
	for try := range viewTries {
		if try > 0 {
			if err := viewPause(ctx, try); err != nil {
				return err
			}
		}
		ids := make([]string, len(docs))
		for i, t := range docs {
			ids[i] = t.id
		}
		have, err := b.store.LoadView(ctx, name, ids)
		if err != nil {
			return err
		}
		var ws []documents.ViewWrite
		var todo []*tallyDoc
		for _, t := range docs {
			was := have[t.id]
			changes := t.since(was.Seen, b.partition)
			if len(changes) < len(t.changes) {
				counted.add(t.group, t.field)
			}
			if len(changes) == 0 {
				continue
			}
			w, came := t.write(was, b.partition, changes)
			if came {
				counted.add(t.group, t.field)
			}
			ws, todo = append(ws, w), append(todo, t)
		}
		if len(ws) == 0 {
			return nil
		}
		done, err := b.store.WriteView(ctx, name, ws)
		if err != nil {
			return err
		}
		docs = docs[:0:0]
		for i, t := range todo {
			if !done[i] {
				docs = append(docs, t)
			}
		}
		if len(docs) == 0 {
			return nil
		}
	}
	return errContended
}

// write returns the write of a tally after changes, and whether the value came or went with them.
func (t *tallyDoc) write(was documents.ViewDocument, partition int, changes []viewChange) (w documents.ViewWrite, came bool) {
	w = t.begin(was, partition, changes)
	before, _ := was.Fields[schema.TallyCount].(int)
	count := before
	for _, by := range t.by[len(t.by)-len(changes):] {
		count += by
	}
	w.Fields = schema.Record{
		schema.TallyGroup: t.group, schema.TallyField: t.field.Field.Name, schema.TallyValue: aggregate.Sortable(t.value),
		schema.TallyAlive: count > 0, schema.TallyCount: count,
	}
	return w, before > 0 != (count > 0)
}

// values is the filter on the tallies of values that are there.
func values(group string, f *schema.ViewField) documents.Filter {
	return documents.And{
		documents.Compare{Field: schema.TallyGroup, Op: documents.Eq, Value: group},
		documents.Compare{Field: schema.TallyField, Op: documents.Eq, Value: f.Field.Name},
		documents.Compare{Field: schema.TallyAlive, Op: documents.Eq, Value: true},
	}
}

// extreme returns the smallest or the largest value of a field in a group, nil for none.
func (k *keeper) extreme(ctx context.Context, group string, f *schema.ViewField) (any, error) {
	tallies := k.view.entity.View.Tallies
	found, err := k.store.List(ctx, documents.Query{
		Entity: tallies.Name, Filter: values(group, f), Fields: []string{schema.TallyValue}, Limit: 1,
		Orders: []documents.Order{{Field: schema.TallyValue, Desc: f.Aggregate == schema.Max}},
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	text, _ := found[0].Fields[schema.TallyValue].(string)
	v, err := aggregate.FromSortable(f.Field.Type.Kind, text)
	if err != nil {
		return nil, &documents.UnreadableError{Entity: tallies.Name, ID: found[0].ID, Field: schema.TallyValue, Err: err}
	}
	return v, nil
}

// countTallies returns how many different values of a field there are in a group.
func (k *keeper) countTallies(ctx context.Context, group string, f *schema.ViewField) (any, error) {
	return k.store.Count(ctx, documents.CountQuery{Entity: k.view.entity.View.Tallies.Name, Filter: values(group, f)})
}

// asCount is a number as documents have it, as aggregate.State.Fields takes it.
func asCount(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case scalar.Long:
		return int64(v)
	}
	return int64(0)
}
