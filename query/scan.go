package query

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// CodeNoIndex is the code of the error of a read that would look through too much: its message says which index to declare.
const CodeNoIndex = "NO_INDEX"

// sizeAge is how long the size of a collection is taken to be what it was.
const sizeAge = 10 * time.Second

// sizes are how large collections were when somebody last asked. It is safe for concurrent use.
type sizes struct {
	mu sync.Mutex
	of map[collection]measured
}

// collection is an entity's documents, or its archive.
type collection struct {
	entity string
	past   bool
}

type measured struct {
	n  int64
	at time.Time
}

func (e *Engine) size(ctx context.Context, c collection) (int64, error) {
	e.sizes.mu.Lock()
	known, ok := e.sizes.of[c]
	e.sizes.mu.Unlock()
	if ok && time.Since(known.at) < sizeAge {
		return known.n, nil
	}
	n, err := e.cfg.Store.Size(ctx, c.entity, c.past)
	if err != nil {
		return 0, err
	}
	e.sizes.mu.Lock()
	defer e.sizes.mu.Unlock()
	e.sizes.of[c] = measured{n, time.Now()}
	return n, nil
}

// scan is a read of a list, as far as indexes matter to it.
type scan struct {
	entity *schema.Entity
	filter documents.Filter
	orders []documents.Order
	rows   bool      // rows are asked for, not only their number: the order matters
	asOf   time.Time // of documents.Query
	by     string    // the ref whose keys the list is of, "" for a list of its own
	keys   []string
}

// scan is what a plan is as a read without an index. What it sorts here, of what the filter leaves, has a bound of its own.
func (p *plan) scan(c Connection) scan {
	return scan{entity: p.entity, filter: p.filter, orders: p.keys, asOf: p.asOf(), rows: c.Node != nil && p.size > 0 && !p.looksUp()}
}

// Verdict is what the rule about reads without an index says of one.
type Verdict struct {
	documents.Serving
	Size    int64 // of the collection, tombstones included; 0 if it did not matter
	Refused error // a *Error of CodeNoIndex; nil if the read is allowed
}

// allow returns an error for a read that would look through more than ScanLimit documents because no index serves it.
func (e *Engine) allow(ctx context.Context, s scan) error {
	if e.cfg.ScanLimit <= 0 || s.entity.View != nil && !s.asOf.IsZero() { // what a view was is computed, from reads that are looked at by themselves
		return nil
	}
	v, err := e.judge(ctx, s)
	if err != nil {
		return err
	}
	return v.Refused
}

// Judge returns what the rule says of a query, or of the same below many parents, see documents.Store.ListBy. counted is true if rows are only to be counted.
func (e *Engine) Judge(ctx context.Context, q documents.Query, counted bool, by string, keys []string) (Verdict, error) {
	return e.judge(ctx, scan{entity: e.cfg.Model.Readable(q.Entity), filter: q.Filter, orders: q.Orders, rows: !counted, asOf: q.AsOf, by: by, keys: keys})
}

// judge applies the rule: whatever indexes serve is allowed, and whatever small collections are asked. Then a filter of which an index finds nothing is refused, and an
// order that no index has if the indexes leave more than the limit to be sorted: for a list of many parents, of all of them together.
func (e *Engine) judge(ctx context.Context, s scan) (Verdict, error) {
	v := Verdict{}
	if s.by != "" {
		v.Serving = documents.ServeBy(s.entity, s.by, s.filter, s.orders, !s.asOf.IsZero())
	} else {
		v.Serving = documents.Serve(s.entity, s.filter, s.orders, !s.asOf.IsZero())
	}
	if v.Filtered && (v.Sorted || !s.rows) {
		return v, nil
	}
	var err error
	if v.Size, err = e.size(ctx, collection{s.entity.Name, !s.asOf.IsZero()}); err != nil || e.cfg.ScanLimit <= 0 || v.Size <= e.cfg.ScanLimit {
		return v, err
	}
	if !v.Filtered {
		v.Refused = s.unfiltered(v)
		return v, nil
	}
	count := scalar.Grouped(v.Size)
	if len(v.Narrow) > 0 {
		among := v.Narrow
		if s.by != "" {
			among = documents.And{documents.InTexts(s.by, s.keys)}
		}
		left, err := e.cfg.Store.Count(ctx, documents.CountQuery{Entity: s.entity.Name, Filter: among, Limit: e.cfg.ScanLimit + 1, AsOf: s.asOf})
		if err != nil || left <= e.cfg.ScanLimit {
			return v, err
		}
		count = "over " + scalar.Grouped(e.cfg.ScanLimit)
	}
	v.Refused = s.unsorted(v, count)
	return v, nil
}

// unfiltered is the error about a filter of which no index finds a part.
func (s scan) unfiltered(v Verdict) error {
	var asked, add []string
	for _, p := range documents.Conjuncts(s.filter) {
		documents.Any(p, func(f documents.Filter) bool {
			if field := documents.FieldOf(f); field != "" && !slices.Contains(asked, documents.Named(field)) {
				asked = append(asked, documents.Named(field))
			}
			return false
		})
		if field, ok := documents.Findable(p); ok && len(add) == 0 {
			add = []string{field}
		}
	}
	write := "filter by what an index finds as well: " + strings.Join(s.indexed(), ", ")
	if len(add) > 0 {
		write = s.declare([]documents.Order{{Field: add[0]}})
	}
	if len(asked) == 0 {
		asked, write = []string{"nothing that they have"}, "leave out of the filter what holds for all of them, or for none, such as not: {}"
	}
	return s.refused(fmt.Sprintf("filtered by %s: %s %s are too many to look through without an index", strings.Join(asked, ", "), scalar.Grouped(v.Size), s.entity.Plural), write)
}

// unsorted is the error about an order that no index has; count is how many documents there are to sort.
func (s scan) unsorted(v Verdict, count string) error {
	var names []string
	var keys []documents.Order
	for _, p := range v.Narrow {
		if field, one := documents.OneValue(p); one && !slices.ContainsFunc(keys, func(o documents.Order) bool { return o.Field == field }) {
			keys = append(keys, documents.Order{Field: field})
		}
	}
	mixed := slices.ContainsFunc(s.orders, func(o documents.Order) bool { return o.Desc != s.orders[0].Desc })
	for _, o := range s.orders {
		names = append(names, documents.Named(o.Field))
		o.Desc = o.Desc && mixed // an index is read forward and backward
		if !slices.ContainsFunc(keys, func(k documents.Order) bool { return k.Field == o.Field }) {
			keys = append(keys, o)
		}
	}
	if len(names) == 0 {
		names = []string{"id"}
	}
	write := s.declare(keys)
	if last := s.orders; len(last) > 1 && last[len(last)-1].Field == documents.FieldID && last[len(last)-1].Desc != last[len(last)-2].Desc {
		write = "sort by id in the direction of the key before it"
	}
	for _, o := range documents.PageSort(documents.Query{Filter: s.filter, Orders: s.orders}) {
		if o.Field != documents.FieldID && slices.ContainsFunc(documents.Conjuncts(s.filter), func(p documents.Filter) bool {
			field, one := documents.OneValue(p)
			return one && field == o.Field
		}) {
			write = "leave " + documents.Named(o.Field) + " out of orderBy, of which the filter has one value"
		}
	}
	return s.refused(fmt.Sprintf("sorted by %s: %s %s are too many to sort without an index", strings.Join(names, ", "), count, s.entity.Plural), write)
}

// declare says which directive to write for an index with these keys.
func (s scan) declare(keys []documents.Order) string {
	keys = slices.DeleteFunc(slices.Clone(keys), func(o documents.Order) bool { return o.Field == documents.FieldID })
	if len(keys) == 1 && keys[0].Field[0] != '_' {
		add := "add @indexed to "
		if !s.asOf.IsZero() {
			add = "add @indexed(asOf: true) to "
		}
		return add + s.entity.Name + "." + keys[0].Field
	}
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = documents.Named(k.Field)
		if k.Desc {
			texts[i] += " DESC"
		}
		texts[i] = strconv.Quote(texts[i])
	}
	asOf := ""
	if !s.asOf.IsZero() {
		asOf = ", asOf: true"
	}
	return "add @indexed(fields: [" + strings.Join(texts, ", ") + "]" + asOf + ") to the type " + s.entity.Name
}

// indexed are the fields that indexes begin with.
func (s scan) indexed() []string {
	out := []string{"id"}
	for _, i := range documents.Indexes(s.entity) {
		if name := documents.Named(i.Fields[0].Field); i.Past != s.asOf.IsZero() && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (s scan) refused(what, write string) error {
	return &Error{CodeNoIndex, s.entity.Plural + " " + what + ": " + write}
}
