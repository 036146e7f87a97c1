package mongo

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Stored forms, one per kind, ordered by the server as the kind orders (no collation: strings by bytes): Int int32 or int64, Long int64, Float
// double, Boolean bool, Decimal Decimal128 or sortable text, DateTime sortable text (a BSON date has milliseconds only), all else strings.

// scalarValue returns the stored form of a value that is no list and no object.
func (s *Store) scalarValue(v any) (any, error) {
	switch v := v.(type) {
	case string, bool, float64:
		return v, nil
	case int:
		return int64(v), nil
	case scalar.Long:
		return int64(v), nil
	case scalar.Decimal:
		if s.features.Decimal128 {
			return toDecimal128(v)
		}
		return v.Sortable(), nil
	case scalar.DateTime:
		return v.Sortable(), nil
	case scalar.Date:
		return string(v), nil
	case scalar.UUID:
		return string(v), nil
	case scalar.JSON:
		return string(v), nil
	}
	return nil, fmt.Errorf("a %T cannot be stored", v)
}

// toDecimal128 goes by digits and exponent, because the canonical text of 1e300 has more digits than the driver reads.
func toDecimal128(d scalar.Decimal) (bson.Decimal128, error) {
	text := d.String()
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction
	exp := -len(fraction)
	if len(digits) > 30 {
		trimmed := strings.TrimRight(digits, "0")
		exp += len(digits) - len(trimmed)
		digits = trimmed
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		n = new(big.Int) // all zeros trimmed
	}
	out, ok := bson.ParseDecimal128FromBigInt(n, exp)
	if !ok {
		return out, fmt.Errorf("decimal %s does not fit in 34 digits", text)
	}
	return out, nil
}

// value returns the stored form of any value of the type.
func (s *Store) value(t schema.Type, v any) (any, error) {
	if v == nil {
		return nil, nil //nolint:nilnil // null is the value
	}
	if t.List {
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("a %T cannot be stored as a list", v)
		}
		t.List = false
		out := make(bson.A, len(list))
		for i, item := range list {
			var err error
			if out[i], err = s.value(t, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	if t.Kind != schema.KindObject {
		return s.scalarValue(v)
	}
	r, ok := v.(schema.Record)
	o := s.model.Object(t.Name)
	if !ok || o == nil {
		return nil, fmt.Errorf("a %T cannot be stored as %s", v, t.Name)
	}
	return s.record(o.Fields, r)
}

// record returns the fields that are not null.
func (s *Store) record(fields []*schema.Field, r schema.Record) (bson.D, error) {
	out := make(bson.D, 0, len(r))
	for _, f := range fields {
		v := r[f.Name]
		if v == nil {
			continue
		}
		stored, err := s.value(f.Type, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out = append(out, bson.E{Key: f.Name, Value: stored})
	}
	return out, nil
}

func encodeTime(t time.Time) string { return scalar.NewDateTime(t).Sortable() }
