package mongo

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents"
)

// A filter's logic has two values, and so has MongoDB's: a comparison with a missing field is false, $nor of it true. Null fields are
// missing, never stored as such; a list may hold nulls, which {field: null} would find. What a user wrote only ever appears as a value under an operator, or escaped in a pattern.

var (
	everything = bson.D{}
	nothing    = bson.D{{Key: documents.FieldID, Value: bson.D{{Key: "$in", Value: bson.A{}}}}}
)

// filter compiles a checked filter.
func (s *Store) filter(f documents.Filter) (bson.D, error) { return s.in("", f) }

// in compiles a filter about what lies below a path: "" or one that ends with a point.
func (s *Store) in(path string, f documents.Filter) (bson.D, error) {
	switch f := f.(type) {
	case nil:
		return everything, nil
	case documents.And:
		if len(f) == 0 {
			return everything, nil
		}
		return s.all(path, "$and", f)
	case documents.Or:
		if len(f) == 0 {
			return nothing, nil
		}
		return s.all(path, "$or", f)
	case documents.Not:
		if c, ok := f.F.(documents.Compare); ok && c.Value == nil {
			return where(path+c.Field, "$ne", nil), nil
		}
		return s.all(path, "$nor", []documents.Filter{f.F})
	case documents.Compare:
		v, err := s.scalarValue(f.Value)
		return where(path+f.Field, operators[f.Op], v), err
	case documents.In:
		values, err := s.values(f.Values)
		return where(path+f.Field, "$in", values), err
	case documents.Text:
		return s.textual(path, f), nil
	case documents.IsNull:
		return where(path+f.Field, "$exists", false), nil // an index of the field has the missing as null: it serves this too
	}
	return s.nested(path, f)
}

func where(field, operator string, value any) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: operator, Value: value}}}}
}

func (s *Store) all(path, operator string, fs []documents.Filter) (bson.D, error) {
	parts := make(bson.A, len(fs))
	for i, f := range fs {
		p, err := s.in(path, f)
		if err != nil {
			return nil, err
		}
		parts[i] = p
	}
	return bson.D{{Key: operator, Value: parts}}, nil
}

var operators = [...]string{documents.Eq: "$eq", documents.Lt: "$lt", documents.Le: "$lte", documents.Gt: "$gt", documents.Ge: "$gte"}

func (s *Store) values(vs []any) (bson.A, error) {
	out := make(bson.A, len(vs))
	for i, v := range vs {
		var err error
		if out[i], err = s.scalarValue(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) textual(path string, f documents.Text) bson.D {
	if f.Op != documents.StartsWith || f.IgnoreCase {
		return where(path+f.Field, "$regex", pattern(f, s.features.Atomic))
	}
	bounds := bson.D{{Key: "$gte", Value: f.Value}} // a range, which an index serves
	if end, ok := documents.PrefixEnd(f.Value); ok {
		bounds = append(bounds, bson.E{Key: "$lt", Value: end})
	}
	return bson.D{{Key: path + f.Field, Value: bounds}}
}

// live adds that the document is no tombstone.
func live(filter bson.D) bson.D {
	out := bson.D{{Key: fieldDeleted, Value: nil}}
	if len(filter) > 0 {
		out = append(out, bson.E{Key: "$and", Value: bson.A{filter}})
	}
	return out
}
