package documents

import (
	"slices"

	"github.com/daybook-cqrs/daybook/schema"
)

// Serving is what the indexes of an entity do for a read.
type Serving struct {
	Narrow   And      // the parts of the filter that an index finds, which all have to hold; empty for none
	Finds    []string // the names of the indexes that find them; of the one that has the order too, if there is one
	Filtered bool     // an index finds part of the filter, or there is none: what is read is not the whole collection, or all of it is asked for
	Sorted   bool     // an index has the order, within what the filter is equal to: no more is read than the page, and what the rest of the filter leaves out
	Sorts    string   // the name of that index, "" for none
}

// KeyIndex is the name of the index by the id, which is always there.
const KeyIndex = "id"

// Serve returns what the indexes do for documents that a filter holds for, in an order; past asks about the archive. The rule:
//
//   - A part of the filter is found by an index that begins with its field if it is a Compare, an In, an IsNull, or what begins with a text; an Or if each of its parts is
//     found. The filter is found if one of the parts is that all have to hold.
//   - An order comes from an index whose keys are the order, forward or backward, behind keys that the filter says one value of each for. It does not, though, from an
//     index that finds nothing of the filter, if the filter has one value for a field that another index finds: an index of both has to be declared for that.
func Serve(e *schema.Entity, f Filter, orders []Order, past bool) Serving {
	v := server{indexes: []Index{{Fields: []Order{{Field: FieldID}}, Past: past}}}
	for _, i := range Indexes(e) {
		if i.Past == past {
			v.indexes = append(v.indexes, i)
		}
	}
	return v.serve(f, orders)
}

// ServeBy is Serve for what belongs to one key of a ref, such as ListBy reads: only indexes that begin with the ref serve that. Narrow holds nothing but the ref's part.
func ServeBy(e *schema.Entity, by string, f Filter, orders []Order, past bool) Serving {
	v := server{}
	for _, i := range Indexes(e) {
		if i.Past == past && i.Fields[0].Field == by {
			v.indexes = append(v.indexes, i)
		}
	}
	return v.serve(Both(Compare{Field: by, Op: Eq, Value: ""}, f), orders)
}

func (v *server) serve(f Filter, orders []Order) Serving {
	out := Serving{}
	parts := conjuncts(nil, f)
	var equal, found []string // fields
	for _, p := range parts {
		by := v.find(p)
		if by == nil {
			continue
		}
		out.Narrow = append(out.Narrow, p)
		for _, name := range by {
			if !slices.Contains(out.Finds, name) {
				out.Finds = append(out.Finds, name)
			}
		}
		found = append(found, FieldOf(p))
		if _, one := OneValue(p); one {
			equal = append(equal, FieldOf(p))
		}
	}
	out.Filtered = len(parts) == 0 || len(out.Narrow) > 0
	by := v.sort(parts, found, equal, PageSort(Query{Filter: f, Orders: orders}))
	if out.Sorted = by != nil; out.Sorted {
		out.Sorts = by.label()
		if slices.Contains(found, by.Fields[0].Field) {
			out.Finds = []string{out.Sorts} // one index does both
		}
	}
	return out
}

// Conjuncts returns the parts of a filter that all have to hold: those of an And, and of an And in it.
func Conjuncts(f Filter) []Filter { return conjuncts(nil, f) }

func conjuncts(out []Filter, f Filter) []Filter {
	all, ok := f.(And)
	switch {
	case f == nil:
		return out
	case !ok:
		return append(out, f)
	}
	for _, p := range all {
		out = conjuncts(out, p)
	}
	return out
}

// OneValue returns the field that a part of a filter gives one value; ok is false if it does not.
func OneValue(f Filter) (field string, ok bool) {
	switch f := f.(type) {
	case Compare:
		return f.Field, f.Op == Eq
	case IsNull:
		return f.Field, true
	}
	return "", false
}

// Findable returns the field that an index has to begin with to find a part of a filter; ok is false if none could.
func Findable(f Filter) (field string, ok bool) {
	switch f := f.(type) {
	case Compare:
		return f.Field, true
	case In:
		return f.Field, true
	case IsNull:
		return f.Field, true
	case Text:
		return f.Field, f.Op == StartsWith && !f.IgnoreCase
	}
	return "", false
}

// server are the indexes that may serve a read.
type server struct{ indexes []Index }

// find returns the names of the indexes that find a part of a filter, nil if it can't be found.
func (v *server) find(f Filter) []string {
	if or, ok := f.(Or); ok {
		out := []string{}
		for _, branch := range or {
			by := v.findAny(branch)
			if by == nil {
				return nil
			}
			out = append(out, by...)
		}
		return out
	}
	field, ok := Findable(f)
	if !ok {
		return nil
	}
	for _, i := range v.indexes {
		if i.Fields[0].Field == field {
			return []string{i.label()}
		}
	}
	return nil
}

// findAny is find for a branch of an Or, of which one part has to be found.
func (v *server) findAny(f Filter) []string {
	for _, p := range conjuncts(nil, f) {
		if by := v.find(p); by != nil {
			return by
		}
	}
	return nil
}

func (i Index) label() string {
	if i.Fields[0].Field == FieldID {
		return KeyIndex
	}
	return i.Name()
}

// sort returns the index that has the order, nil for none.
func (v *server) sort(parts []Filter, found, equal []string, orders []Order) *Index {
	one := map[string]bool{}
	for _, p := range parts {
		if field, ok := OneValue(p); ok {
			one[field] = true
		}
	}
	if one[FieldID] {
		return &Index{Fields: []Order{{Field: FieldID}}}
	}
	for _, i := range v.indexes {
		keys := PageOrders(Query{Orders: i.Fields})
		for skip := 0; skip < len(keys); skip++ {
			alone := skip == 0 && len(equal) > 0 && !slices.Contains(found, i.Fields[0].Field) // it would be walked past all that the filter leaves out
			if !alone && sameOrder(keys[skip:], orders) {
				return &i
			}
			if !one[keys[skip].Field] {
				break
			}
		}
	}
	return nil
}

// sameOrder reports whether keys are an order, forward or backward.
func sameOrder(keys, orders []Order) bool {
	if len(keys) != len(orders) {
		return false
	}
	backward := keys[0].Desc != orders[0].Desc
	for n, k := range keys {
		if k.Field != orders[n].Field || k.Desc != (orders[n].Desc != backward) {
			return false
		}
	}
	return true
}
