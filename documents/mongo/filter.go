package mongo

import (
	"regexp"
	"strings"

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
func (s *Store) filter(f documents.Filter) (bson.D, error) {
	switch f := f.(type) {
	case nil:
		return everything, nil
	case documents.And:
		if len(f) == 0 {
			return everything, nil
		}
		return s.all("$and", f)
	case documents.Or:
		if len(f) == 0 {
			return nothing, nil
		}
		return s.all("$or", f)
	case documents.Not:
		return s.all("$nor", []documents.Filter{f.F})
	case documents.Compare:
		return s.compare(f)
	case documents.In:
		return s.in(f)
	case documents.Contains:
		return where(f.Field, "$regex", pattern(f.Text)), nil
	case documents.StartsWith:
		return prefix(f), nil
	case documents.IsNull:
		return where(f.Field, "$exists", false), nil // an index of the field has the missing as null: it serves this too
	}
	return nothing, nil // documents.CheckFilter let no other pass
}

func where(field, operator string, value any) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: operator, Value: value}}}}
}

func (s *Store) all(operator string, fs []documents.Filter) (bson.D, error) {
	parts := make(bson.A, len(fs))
	for i, f := range fs {
		p, err := s.filter(f)
		if err != nil {
			return nil, err
		}
		parts[i] = p
	}
	return bson.D{{Key: operator, Value: parts}}, nil
}

var operators = [...]string{documents.Eq: "$eq", documents.Lt: "$lt", documents.Le: "$lte", documents.Gt: "$gt", documents.Ge: "$gte"}

func (s *Store) compare(f documents.Compare) (bson.D, error) {
	v, err := s.scalarValue(f.Value)
	if err != nil {
		return nil, err
	}
	return where(f.Field, operators[f.Op], v), nil
}

func (s *Store) in(f documents.In) (bson.D, error) {
	values := make(bson.A, len(f.Values))
	for i, v := range f.Values {
		var err error
		if values[i], err = s.scalarValue(v); err != nil {
			return nil, err
		}
	}
	return where(f.Field, "$in", values), nil
}

// pattern matches exactly the text, byte for byte: without options a pattern tells cases apart, and QuoteMeta leaves nothing special.
// A zero byte cannot be in a pattern, its escape can.
func pattern(text string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(text), "\x00", `\x00`)
}

// prefix is a range, which an index serves.
func prefix(f documents.StartsWith) bson.D {
	bounds := bson.D{{Key: "$gte", Value: f.Text}}
	if end, ok := documents.PrefixEnd(f.Text); ok {
		bounds = append(bounds, bson.E{Key: "$lt", Value: end})
	}
	return bson.D{{Key: f.Field, Value: bounds}}
}

// live adds that the document is no tombstone.
func live(filter bson.D) bson.D {
	out := bson.D{{Key: fieldDeleted, Value: nil}}
	if len(filter) > 0 {
		out = append(out, bson.E{Key: "$and", Value: bson.A{filter}})
	}
	return out
}
