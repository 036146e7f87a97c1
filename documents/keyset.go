package documents

import "unicode/utf8"

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

// PageRanges returns filters to read one after the other, each in the order of PageOrders, until the page is full: together they are PageFilter. Nulls come last
// in a descending order, so what follows a value there is two ranges of an index: the rest of the values, and the nulls.
func PageRanges(q Query) []Filter {
	all, first := PageFilter(q), PageOrders(q)[0]
	from := q.After
	if q.Last {
		from = q.Before
	}
	if from == nil || !first.Desc || from[0] == nil || first.Field == FieldID {
		return []Filter{all}
	}
	values := And{Compare{Field: first.Field, Op: Le, Value: from[0]}, all}
	switch first.Field {
	case FieldVersion, FieldCreatedAt, FieldUpdatedAt: // never null
		return []Filter{values}
	}
	return []Filter{values, And{IsNull{Field: first.Field}, all}}
}

// beyond holds for documents that come after key in the given order: beyond in the first order, or level there and beyond in the next.
func beyond(orders []Order, key []any) Filter {
	var further Or
	var level And
	for i, o := range orders {
		v := key[i]
		if i == len(orders)-1 {
			v = key[len(key)-1] // the id, also where an order by _id cut the list short
		}
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
	switch {
	case v == nil && o.Desc:
		return nil
	case v == nil:
		return Not{IsNull{Field: o.Field}}
	case !o.Desc:
		return Compare{Field: o.Field, Op: Gt, Value: v}
	case o.Field == FieldID:
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
