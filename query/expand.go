package query

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// step is a selection and the nodes that it is to be loaded for.
type step struct {
	selection *Selection
	nodes     []*Node
}

// expand turns documents into nodes, with everything that the selection reaches loaded: one store read per ref or list that is selected, whatever
// the number of documents, level by level; the reads of a level at once.
func (e *Engine) expand(ctx context.Context, m moment, entity *schema.Entity, s *Selection, docs []documents.Document) ([]*Node, error) {
	l := newLoaded(m)
	roots, err := l.wrap(entity, s, docs)
	if err != nil {
		return nil, err
	}
	for level := []step{{s, roots}}; len(level) > 0; {
		var loads []load
		for _, st := range level {
			loads = append(loads, e.loads(m, st)...)
		}
		if err := run(ctx, loads); err != nil {
			return nil, err
		}
		level = level[:0:0]
		for _, ld := range loads {
			next, err := ld.keep(l)
			if err != nil {
				return nil, err
			}
			if len(next.nodes) > 0 {
				level = append(level, next)
			}
		}
	}
	return roots, nil
}

// load is one store read of a level, and what becomes of its result.
type load struct {
	read func(context.Context) error
	keep func(*loaded) (step, error)
}

// run does the reads of a level, a few at a time.
func run(ctx context.Context, loads []load) error {
	if len(loads) == 1 {
		return loads[0].read(ctx)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, ld := range loads {
		g.Go(func() error { return ld.read(ctx) })
	}
	return g.Wait()
}

// loads lists the reads that a step needs.
func (e *Engine) loads(m moment, st step) []load {
	var out []load
	if len(st.nodes) == 0 {
		return nil
	}
	records := make([]schema.Record, len(st.nodes))
	for i, n := range st.nodes {
		records[i] = n.Fields
	}
	out = e.refLoads(m, out, st.selection, records)
	for _, l := range st.selection.Lists {
		out = append(out, e.listLoad(m, l, st.nodes))
	}
	for _, h := range st.selection.Histories {
		out = append(out, e.historyLoad(h, st.nodes))
	}
	for _, b := range st.selection.Blames {
		out = append(out, e.blameLoad(m, b, st.nodes))
	}
	return out
}

// refLoads lists the reads for the refs of records, those in value objects included.
func (e *Engine) refLoads(m moment, out []load, s *Selection, records []schema.Record) []load {
	for _, r := range s.Refs {
		if ids := idsOf(records, r.Field.Name); len(ids) > 0 {
			out = append(out, e.refLoad(m, r, ids))
		}
	}
	for _, o := range s.Objects {
		var inner []schema.Record
		for _, rec := range records {
			inner = gather(inner, rec[o.Field.Name])
		}
		out = e.refLoads(m, out, o.Value, inner)
	}
	return out
}

// gather appends the records that a value is or holds.
func gather(out []schema.Record, v any) []schema.Record {
	switch v := v.(type) {
	case schema.Record:
		return append(out, v)
	case []any:
		for _, e := range v {
			out = gather(out, e)
		}
	}
	return out
}

func (e *Engine) refLoad(m moment, r *RefSelection, ids []string) load {
	var docs []documents.Document
	entity := e.cfg.Model.Entity(r.Field.Ref.Entity)
	return load{
		read: func(ctx context.Context) (err error) {
			docs, err = m.there(ctx, entity.Name, ids, r.Node.reads())
			return err
		},
		keep: func(l *loaded) (step, error) {
			nodes, err := l.wrap(entity, r.Node, docs)
			found := make(map[string]*Node, len(nodes))
			for _, n := range nodes {
				found[n.ID] = n
			}
			l.refs[r] = found
			return step{r.Node, nodes}, err
		},
	}
}

func (e *Engine) listLoad(m moment, ls *ListSelection, parents []*Node) load {
	entity := e.cfg.Model.Readable(ls.Inverse.Entity)
	keys := make([]string, 0, len(parents))
	for _, n := range parents {
		keys = append(keys, n.ID)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	var p *plan
	var found *rows
	var counts map[string]int64
	return load{
		read: func(ctx context.Context) (err error) {
			if err := e.readable(ctx, m, entity); err != nil {
				return err
			}
			if p, err = m.plan(ctx, entity, ls.Args); err != nil {
				return err
			}
			p.ends = ls.Ends
			s := p.scan(ls.Connection)
			s.by, s.keys = ls.Inverse.Field, keys
			if err := e.allow(ctx, s); err != nil {
				return err
			}
			if ls.TotalCount {
				if counts, err = p.CountBy(ctx, documents.CountQuery{Entity: entity.Name, Filter: p.filter, Limit: MaxCount + 1}, ls.Inverse.Field, keys); err != nil {
					return err
				}
			}
			switch {
			case ls.Node == nil || p.size == 0:
				found = &rows{}
			case p.looksUp():
				found, err = p.lookUp(ctx, ls.Node, ls.Inverse.Field, keys)
			default:
				found = &rows{}
				found.ordered, err = p.ListBy(ctx, p.query(ls.Node), ls.Inverse.Field, keys)
			}
			return err
		},
		keep: func(l *loaded) (step, error) {
			pages := make(map[string]*Page, len(keys))
			next := step{selection: ls.Node}
			for _, key := range keys {
				page := &Page{}
				page.counted(counts[key])
				docs := p.cutRows(page, found, key)
				var err error
				if page.Nodes, err = l.wrap(entity, ls.Node, docs); err != nil {
					return next, err
				}
				next.nodes = append(next.nodes, page.Nodes...)
				pages[key] = page
			}
			l.lists[ls] = pages
			return next, nil
		},
	}
}

var errManyNodes = &Error{"TOO_MUCH", "the query reads more than 20,000 entities: ask for smaller pages"}

// wrap makes nodes of documents, within the bound of one read.
func (l *loaded) wrap(entity *schema.Entity, s *Selection, docs []documents.Document) ([]*Node, error) {
	if l.nodes += len(docs); l.nodes > MaxNodes {
		return nil, errManyNodes
	}
	out := make([]*Node, len(docs))
	for i, d := range docs {
		out[i] = &Node{Entity: entity, Document: d, Selection: s, loaded: l}
	}
	return out, nil
}
