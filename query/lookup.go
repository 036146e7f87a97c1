package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// A list that is sorted by what is beyond refs, and not by copies of that, is sorted here: all that the filter leaves is read, with nothing but what it is sorted by,
// up to a bound; then what the refs lead to; and then the rows of the page, as far as they are still what was asked for.

// looksUp reports whether stores can't order the list.
func (p *plan) looksUp() bool {
	return len(refsOf(p.keys)) > 0 || !p.copies && slices.ContainsFunc(p.keys, func(o documents.Order) bool { return isCopy(p.entity, o.Field) })
}

func isCopy(e *schema.Entity, field string) bool {
	f := e.Field(field)
	return f != nil && f.Copy != nil
}

// rows are the documents of a page and one more if there are more, in order, by the key of the list: "" if there is one list only.
type rows struct {
	ordered map[string][]documents.Document // if whole isn't nil, with nothing but what they are ordered by, as it was when they were ordered
	whole   map[string]documents.Document   // with what is selected, by id
}

// lookUp sorts the list, or if by isn't "" the list of each of the keys of that ref.
func (p *plan) lookUp(ctx context.Context, s *Selection, by string, keys []string) (*rows, error) {
	filter := p.filter
	if by != "" {
		filter = p.and(documents.InTexts(by, keys))
	}
	paths := make([]string, len(p.keys))
	for i, o := range p.keys {
		paths[i] = o.Field
	}
	fields := firsts(paths)
	if by != "" && !slices.Contains(fields, by) {
		fields = append(fields, by)
	}
	docs, more, err := p.all(ctx, p.entity.Name, filter, fields)
	if err != nil {
		return nil, err
	}
	if more {
		return nil, p.tooMany()
	}
	values, err := p.values(ctx, p.entity, docs, paths)
	if err != nil {
		return nil, err
	}
	lists := map[string][]documents.Document{}
	for i, d := range docs {
		key, _ := d.Fields[by].(string)
		d.Fields = values[i]
		lists[key] = append(lists[key], d)
	}
	for key, list := range lists {
		lists[key] = inOrder(list, p.page())
	}
	if p.computes(p.entity) { // what was computed is whole, and stays as it is
		return p.firstOf(lists, docs), nil
	}
	return p.fill(ctx, s, by, lists)
}

// firstOf returns the rows of pages, of documents that were read whole.
func (p *plan) firstOf(lists map[string][]documents.Document, docs []documents.Document) *rows {
	out := &rows{ordered: map[string][]documents.Document{}, whole: make(map[string]documents.Document, len(docs))}
	for _, d := range docs {
		out.whole[d.ID] = d
	}
	for key, list := range lists {
		out.ordered[key] = list[:min(len(list), p.size+1)]
	}
	p.turn(out)
	return out
}

// turn brings pages that were read from their ends into the order of the list.
func (p *plan) turn(r *rows) {
	if p.last {
		for _, list := range r.ordered {
			slices.Reverse(list)
		}
	}
}

func (p *plan) and(f documents.Filter) documents.Filter { return documents.Both(f, p.filter) }

// inOrder removes from documents what lies beyond the cursors of a query, and sorts the rest as its page is read: with Last from the end.
func inOrder(docs []documents.Document, q documents.Query) []documents.Document {
	within := documents.PageFilter(documents.Query{Orders: q.Orders, After: q.After, Before: q.Before})
	docs = slices.DeleteFunc(docs, func(d documents.Document) bool { return !documents.Match(within, &d) })
	orders := documents.PageOrders(q)
	slices.SortFunc(docs, func(a, b documents.Document) int { return documents.CompareDocuments(orders, &a, &b) })
	return docs
}

// moreRows is how many rows at least are tried once some of a page were gone.
const moreRows = 1000

// fill reads the rows of pages. Those that were deleted meanwhile, or aren't what was asked for any more, are left out, and the next take their place: so a page is
// as long as there are rows. Nearly always that is one read; each more deals with moreRows of what was sorted, or all.
func (p *plan) fill(ctx context.Context, s *Selection, by string, lists map[string][]documents.Document) (*rows, error) {
	out := &rows{ordered: map[string][]documents.Document{}, whole: map[string]documents.Document{}}
	for least := 0; ; least = moreRows {
		tried := map[string][]documents.Document{}
		var ids []any
		for key, list := range lists {
			missing := p.size + 1 - len(out.ordered[key])
			if missing <= 0 {
				continue
			}
			n := min(max(missing, least), len(list))
			tried[key], lists[key] = list[:n], list[n:]
			for i := range tried[key] {
				ids = append(ids, list[i].ID)
			}
		}
		if len(ids) == 0 {
			break
		}
		if err := p.readWhole(ctx, s, by, ids, out.whole); err != nil {
			return nil, err
		}
		for key, list := range tried {
			for _, d := range list {
				now, ok := out.whole[d.ID]
				moved := by != "" && now.Fields[by] != key
				if ok && !moved && len(out.ordered[key]) <= p.size {
					out.ordered[key] = append(out.ordered[key], d)
				}
			}
		}
	}
	p.turn(out)
	return out, nil
}

func (p *plan) readWhole(ctx context.Context, s *Selection, by string, ids []any, into map[string]documents.Document) error {
	fields := s.reads()
	if by != "" && !slices.Contains(fields, by) {
		fields = append(fields, by)
	}
	f := p.and(documents.In{Field: documents.FieldID, Values: ids})
	docs, err := p.List(ctx, documents.Query{Entity: p.entity.Name, Filter: f, Limit: len(ids), Fields: fields})
	for _, d := range docs {
		into[d.ID] = d
	}
	return err
}

// cutRows is cut for the rows of one list.
func (p *plan) cutRows(page *Page, r *rows, key string) []documents.Document {
	docs := p.cut(page, r.ordered[key])
	if r.whole == nil {
		return docs
	}
	docs = slices.Clone(docs)
	for i := range docs {
		docs[i] = r.whole[docs[i].ID]
	}
	return docs
}

func (p *plan) tooMany() error {
	advice := "ask for less"
	for _, o := range p.keys {
		ref, field, ok := strings.Cut(o.Field, ".")
		if !p.copies || !ok || strings.Contains(field, ".") {
			continue
		}
		target := p.model.Entity(p.entity.Field(ref).Ref.Entity)
		switch source := target.Field(field); {
		case source == nil || source.Ref != nil || source.Copy != nil:
		case copyOf(p.entity, ref, field) != nil:
			advice = fmt.Sprintf("sort by %s, the copy, which stays as it was when the %s is gone", schema.UpperSnake(copyOf(p.entity, ref, field).Name), target.Singular)
		default:
			advice = advise(p.entity, ref, source)
		}
	}
	return &Error{"TOO_MUCH", fmt.Sprintf("orderBy: more than %d %s are to be sorted through refs: %s", p.bound, p.entity.Plural, advice)}
}
