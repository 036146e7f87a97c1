package documents

import (
	"slices"
	"unicode/utf8"
)

// PageOrders returns the complete order of a query: its Orders and the tiebreak by _id, which follows the last one's direction. An order by
// _id itself ends the list, since nothing can tie after it. With Last the directions are reversed: read so, then reverse the page.
func PageOrders(q Query) []Order {
	out := make([]Order, 0, len(q.Orders)+1)
	desc := false
	for _, o := range q.Orders {
		desc = o.Desc
		out = append(out, o)
		if o.Field == FieldID {
			break
		}
	}
	if len(out) == 0 || out[len(out)-1].Field != FieldID {
		out = append(out, Order{Field: FieldID, Desc: desc})
	}
	if q.Last {
		for i := range out {
			out[i].Desc = !out[i].Desc
		}
	}
	return out
}

// PageSort is PageOrders without the fields at its beginning that the filter has one value for: what an engine has to sort by. Engines don't all see by themselves
// that such an order begins behind them, and would sort what an index has in order.
func PageSort(q Query) []Order { return beyondLevel(PageOrders(q), q.Filter) }

func beyondLevel(orders []Order, f Filter) []Order {
	parts := Conjuncts(f)
	for len(orders) > 1 && slices.ContainsFunc(parts, func(p Filter) bool {
		field, one := OneValue(p)
		return one && field == orders[0].Field
	}) {
		orders = orders[1:]
	}
	return orders
}

// PageFilter returns the query's filter together with the range that After and Before leave, nil for everything.
func PageFilter(q Query) Filter {
	forward := q
	forward.Last = false
	orders := PageOrders(forward)
	var all And
	if q.Filter != nil {
		all = append(all, q.Filter)
	}
	if q.After != nil {
		all = append(all, beyond(orders, q.After))
	}
	if q.Before != nil {
		back := make([]Order, len(orders))
		for i, o := range orders {
			back[i] = Order{Field: o.Field, Desc: !o.Desc}
		}
		all = append(all, beyond(back, q.Before))
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// PageRange is a part of a page: documents that follow each other in the order of the page.
type PageRange struct {
	Filter Filter  // nil for all
	Orders []Order // the order of the page, without the fields that are alike in all of the range; the last is by _id
}

// IDs returns the ids of documents, nil for none: what one range of a page has, and the next leaves out, because a document may change from one to the other in between.
func IDs(ds []Document) map[string]bool {
	if len(ds) == 0 {
		return nil
	}
	out := make(map[string]bool, len(ds))
	for i := range ds {
		out[ds[i].ID] = true
	}
	return out
}

// PageRanges returns what to read one after the other until the page is full: together it is PageFilter. Each is
// one range of an index of the orders' fields: level with the key in the first so many orders, and beyond it in the next. So a page costs what it holds,
// however many documents are level with its key, or null.
func PageRanges(q Query) []PageRange {
	orders := PageOrders(q)
	from, to := q.After, q.Before
	if q.Last {
		from, to = q.Before, q.After
	}
	if from == nil {
		return []PageRange{{PageFilter(q), PageSort(q)}}
	}
	rest := q // what holds in every range
	rest.After, rest.Before = nil, nil
	if to != nil && !q.Last {
		rest.Before = to
	} else if to != nil {
		rest.After = to
	}
	all := PageFilter(rest)
	var out []PageRange
	for i := len(orders) - 1; i >= 0; i-- {
		for _, f := range pastRanges(orders[i], keyAt(orders, from, i)) {
			var range_ And
			for j := range i {
				range_ = append(range_, same(orders[j].Field, keyAt(orders, from, j)))
			}
			range_ = append(range_, f)
			if all != nil {
				range_ = append(range_, all)
			}
			by := orders[i:]
			if _, null := f.(IsNull); null {
				by = orders[i+1:]
			}
			out = append(out, PageRange{range_, beyondLevel(by, q.Filter)})
		}
	}
	return out
}

// keyAt returns the key's value for an order: the id for the last, also where an order by _id cut the list short.
func keyAt(orders []Order, key []any, i int) any {
	if i == len(orders)-1 {
		return key[len(key)-1]
	}
	return key[i]
}

// pastRanges is past in ranges of an index, in order.
func pastRanges(o Order, v any) []Filter {
	f := past(o, v)
	if or, ok := f.(Or); ok {
		return or
	}
	if f == nil {
		return nil
	}
	return []Filter{f}
}

// beyond holds for documents that come after key in the given order: beyond in the first order, or level there and beyond in the next.
func beyond(orders []Order, key []any) Filter {
	var further Or
	var level And
	for i, o := range orders {
		v := keyAt(orders, key, i)
		if f := past(o, v); f != nil {
			further = append(further, append(append(And{}, level...), f))
		}
		level = append(level, same(o.Field, v))
	}
	if b := bound(orders[0], key[0]); b != nil && len(orders) > 1 {
		return And{b, further}
	}
	return further
}

// bound is implied by the rest; it is there because engines find a range of an index by it, and not by an Or.
func bound(o Order, v any) Filter {
	switch {
	case o.Desc && v == nil:
		return IsNull{Field: o.Field}
	case o.Desc || v == nil:
		return nil // no one range covers the values and the nulls, see PageRanges
	}
	return Compare{Field: o.Field, Op: Ge, Value: v}
}

// past holds for documents whose field comes strictly after v; nil if none can.
func past(o Order, v any) Filter {
	_, neverNull := systemTypes[o.Field]
	switch {
	case v == nil && o.Desc:
		return nil
	case v == nil:
		return Not{IsNull{Field: o.Field}}
	case !o.Desc:
		return Compare{Field: o.Field, Op: Gt, Value: v}
	case neverNull:
		return Compare{Field: o.Field, Op: Lt, Value: v}
	default:
		return Or{Compare{Field: o.Field, Op: Lt, Value: v}, IsNull{Field: o.Field}}
	}
}

func same(field string, v any) Filter {
	if v == nil {
		return IsNull{Field: field}
	}
	return Compare{Field: field, Op: Eq, Value: v}
}

// PrefixEnd returns the smallest string above every string that starts with prefix; ok is false if there is none. So
// StartsWith is a range: prefix <= s < end.
func PrefixEnd(prefix string) (end string, ok bool) {
	for len(prefix) > 0 {
		r, n := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-n]
		if r++; r == 0xD800 {
			r = 0xE000 // surrogates have no UTF-8 form
		}
		if r <= utf8.MaxRune {
			return prefix + string(r), true
		}
	}
	return "", false
}
