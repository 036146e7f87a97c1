package consolidator

import (
	"context"
	"reflect"
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
)

// verify is the second look of the referrers' side. The sources are read again, after the write, and so are the documents: not what this
// process meant to write counts, but what is there, because another consolidator (or this one before it crashed) may have written it from
// older sources. Whatever source is written after this finds the documents.
func (b *batch) verify(ctx context.Context) error {
	refs := b.refsSet()
	if len(refs) == 0 {
		return nil
	}
	b.fresh = sources{}
	if err := b.load(ctx, refs, b.fresh); err != nil {
		return err
	}
	return b.each(ctx, func(ctx context.Context, g *group) error {
		if len(g.refs) == 0 {
			return nil
		}
		return b.verifyGroup(ctx, g)
	})
}

func (b *batch) verifyGroup(ctx context.Context, g *group) error {
	ids, fields := g.referring()
	if len(ids) == 0 {
		return nil
	}
	docs, err := b.store.Load(ctx, g.entity.Name, ids, fields)
	if err != nil {
		return err
	}
	var stale []documents.Recopy
	for _, id := range ids {
		d := docs[id]
		for _, l := range g.refs {
			sid, ok := g.byID[id].refSet(l)
			s, found := b.fresh[eventlog.Ref{Entity: l.source, ID: sid}]
			if ok && found && d.Fields[l.ref] == sid && !l.current(d, s) {
				stale = append(stale, documents.Recopy{ID: id, Copies: l.copies(sid, s)})
			}
		}
	}
	if len(stale) == 0 {
		return nil
	}
	_, err = b.store.Recopy(ctx, g.entity.Name, stale)
	return err
}

// referring returns the documents whose copies the batch sets, and the fields that tell whether they are current.
func (g *group) referring() (ids, fields []string) {
	for _, f := range g.docs {
		if slices.ContainsFunc(g.refs, func(l *link) bool { _, ok := f.refSet(l); return ok }) {
			ids = append(ids, f.ref.ID)
		}
	}
	for _, l := range g.refs {
		fields = append(append(fields, l.ref), l.names...)
	}
	return ids, fields
}

// current reports whether the document's copies equal the source's fields.
func (l *link) current(d documents.Document, s source) bool {
	for i, name := range l.names {
		if !reflect.DeepEqual(d.Fields[name], s.fields[l.fields[i]]) {
			return false
		}
	}
	return true
}
