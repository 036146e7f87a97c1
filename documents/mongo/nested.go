package mongo

import (
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
)

// nested compiles what is about value objects and lists.
func (s *Store) nested(path string, f documents.Filter) (bson.D, error) {
	switch f := f.(type) {
	case documents.Inside:
		inner, err := s.in(path+f.Field+".", f.F)
		return and(where(path+f.Field, "$exists", true), inner), err
	case documents.Some:
		if f.Scalars {
			element, err := s.element(f.F)
			if len(element) == 0 {
				return size(path+f.Field, documents.Ge, 1), err
			}
			return where(path+f.Field, "$elemMatch", element), err
		}
		inner, err := s.in("", f.F)
		return where(path+f.Field, "$elemMatch", inner), err
	case documents.Size:
		return size(path+f.Field, f.Op, f.N), nil
	}
	return nothing, nil // documents.CheckFilter let no other pass
}

func and(parts ...bson.D) bson.D {
	return bson.D{{Key: "$and", Value: parts}}
}

// size asks whether there is an element at an index.
func size(list string, op documents.Op, n int) bson.D {
	there := where(list, "$exists", true)
	least := func(n int) bson.D {
		if n <= 0 {
			return there
		}
		return where(list+"."+strconv.Itoa(n-1), "$exists", true)
	}
	below := func(n int) bson.D {
		if n <= 0 {
			return nothing
		}
		return and(there, bson.D{{Key: "$nor", Value: bson.A{least(n)}}})
	}
	switch op {
	case documents.Ge:
		return least(n)
	case documents.Gt:
		return least(n + 1)
	case documents.Lt:
		return below(n)
	case documents.Le:
		return below(n + 1)
	}
	if n < 0 {
		return nothing
	}
	return and(least(n), below(n+1))
}

// element is what is asked of one element of a list of scalars. $elemMatch has no $and for those, so each operator is there once, with all that is asked.
type element struct {
	in, none []any                // values, null among them: it is one of these (nil for anything), and none of those
	bounds   map[documents.Op]any // of Lt, Le, Gt, Ge the tightest
	text     bson.D               // a pattern
	not      bson.D               // a pattern or an order that does not hold
}

func (s *Store) element(f documents.Filter) (bson.D, error) {
	fs, ok := f.(documents.And)
	if !ok {
		fs = documents.And{f}
	}
	e := element{bounds: map[documents.Op]any{}}
	for _, f := range fs {
		var err error
		if n, ok := f.(documents.Not); ok {
			err = e.refuse(s, n.F)
		} else {
			e.want(s, f)
		}
		if err != nil {
			return nil, err
		}
	}
	return e.operators(s)
}

func (e *element) want(s *Store, f documents.Filter) {
	switch f := f.(type) {
	case documents.IsNull:
		e.oneOf(nil)
	case documents.In:
		e.oneOf(f.Values...)
	case documents.Text:
		e.text = bson.D{{Key: "$regex", Value: pattern(f, s.features.Atomic)}}
	case documents.Compare:
		if f.Op == documents.Eq {
			e.oneOf(f.Value)
			return
		}
		have, ok := e.bounds[f.Op]
		up := f.Op == documents.Gt || f.Op == documents.Ge
		if !ok || up == (scalar.Compare(f.Value, have) > 0) {
			e.bounds[f.Op] = f.Value
		}
	}
}

func (e *element) refuse(s *Store, f documents.Filter) error {
	switch f := f.(type) {
	case documents.IsNull:
		e.none = append(e.none, nil)
	case documents.In:
		e.none = append(e.none, f.Values...)
	case documents.Text:
		e.not = bson.D{{Key: "$regex", Value: pattern(f, s.features.Atomic)}}
	case documents.Compare:
		if f.Op == documents.Eq {
			e.none = append(e.none, f.Value)
			return nil
		}
		v, err := s.scalarValue(f.Value)
		e.not = bson.D{{Key: operators[f.Op], Value: v}}
		return err
	}
	return nil
}

// oneOf leaves of the values that it may be those that are among these.
func (e *element) oneOf(values ...any) {
	if e.in == nil {
		e.in = append([]any{}, values...)
		return
	}
	e.in = slices.DeleteFunc(e.in, func(v any) bool {
		return !slices.ContainsFunc(values, func(o any) bool { return v == nil && o == nil || v != nil && o != nil && scalar.Compare(v, o) == 0 })
	})
}

func (e *element) operators(s *Store) (bson.D, error) {
	out := e.text
	for _, op := range []documents.Op{documents.Lt, documents.Le, documents.Gt, documents.Ge} {
		if v, ok := e.bounds[op]; ok {
			stored, err := s.scalarValue(v)
			if err != nil {
				return nil, err
			}
			out = append(out, bson.E{Key: operators[op], Value: stored})
		}
	}
	if e.in != nil {
		stored, err := s.nullable(e.in)
		if err != nil {
			return nil, err
		}
		out = append(out, bson.E{Key: "$in", Value: stored})
	}
	if len(e.none) > 0 {
		stored, err := s.nullable(e.none)
		if err != nil {
			return nil, err
		}
		out = append(out, bson.E{Key: "$nin", Value: stored})
	}
	if e.not != nil {
		out = append(out, bson.E{Key: "$not", Value: e.not})
	}
	return out, nil
}

// nullable is values, among which null may be.
func (s *Store) nullable(vs []any) (bson.A, error) {
	out := make(bson.A, len(vs))
	for i, v := range vs {
		if v == nil {
			continue
		}
		stored, err := s.scalarValue(v)
		if err != nil {
			return nil, err
		}
		out[i] = stored
	}
	return out, nil
}
