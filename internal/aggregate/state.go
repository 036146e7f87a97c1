package aggregate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// State is what the aggregates of one group are computed from, but for the smallest, the largest and the different values, which need the tallies.
type State struct {
	Members int64               `json:"n"`             // how many parts there are: without any there is no group
	Sums    map[string]SumOfOne `json:"sums,omitzero"` // by field, of COUNT, SUM and AVG
}

// SumOfOne is the sum of the values of one field.
type SumOfOne struct {
	Count int64          // values that are not null
	Sum   scalar.Decimal // exact: it may have more digits than a Decimal that is valid
}

type storedSum struct {
	Count int64  `json:"n"`
	Sum   string `json:"sum,omitempty"`
}

// MarshalJSON writes the sum with all of its digits.
func (s SumOfOne) MarshalJSON() ([]byte, error) {
	out := storedSum{Count: s.Count}
	if !s.Sum.IsZero() {
		out.Sum = s.Sum.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *SumOfOne) UnmarshalJSON(text []byte) error {
	var in storedSum
	err := json.Unmarshal(text, &in)
	s.Count, s.Sum = in.Count, scalar.Decimal{}
	if err == nil && in.Sum != "" {
		s.Sum, err = scalar.ParseExactDecimal(in.Sum)
	}
	return err
}

// ReadState reads what Text wrote; nil is the state of a group without parts.
func ReadState(text json.RawMessage) (State, error) {
	var s State
	if text == nil {
		return s, nil
	}
	err := json.Unmarshal(text, &s)
	return s, err
}

// Text returns the state as JSON.
func (s State) Text() (json.RawMessage, error) { return json.Marshal(s) }

// errTooMuch is a group that loses what it never got. Versions that were archived by a process with an older model lack what that did not know.
var errTooMuch = errors.New("more went from the group than came: was an event consolidated by a process with an older model, whose archived version lacks fields?")

// With returns the state after changes, all of one group of the view. s stays as it is.
func (s State) With(v *schema.View, changes []Change) (State, error) {
	out := State{s.Members, maps.Clone(s.Sums)}
	if out.Sums == nil {
		out.Sums = map[string]SumOfOne{}
	}
	for i := range changes {
		out.Members += changes[i].sign()
		for n, f := range v.Values {
			if f.Tallied() || changes[i].Values[n] == nil {
				continue
			}
			sum := out.Sums[f.Field.Name]
			sum.Count += changes[i].sign()
			if f.Aggregate != schema.Count {
				value := number(changes[i].Values[n])
				if changes[i].Goes {
					value = value.Neg()
				}
				sum.Sum = sum.Sum.Add(value)
			}
			if sum.Count < 0 {
				return out, fmt.Errorf("%s: %w", f.Field.Name, errTooMuch)
			}
			out.Sums[f.Field.Name] = sum
		}
	}
	if out.Members < 0 {
		return out, errTooMuch
	}
	return out, nil
}

func (c *Change) sign() int64 {
	if c.Goes {
		return -1
	}
	return 1
}

// number is a value that a checked model lets be summed.
func number(v any) scalar.Decimal {
	switch v := v.(type) {
	case int:
		return scalar.NewDecimal(int64(v))
	case scalar.Long:
		return scalar.NewDecimal(int64(v))
	case scalar.Decimal:
		return v
	}
	return scalar.Decimal{}
}

// Fields returns the document's fields. from has the values of the fields that need tallies: those of the smallest and the largest value, absent for none, and numbers (int64) of
// different values. What a field's type can't hold it shows as the nearest that it can: the state goes on to be exact, and no value that a client sends can stop a view.
func (s State) Fields(v *schema.View, of []any, from map[string]any) schema.Record {
	out := schema.Record{}
	for i, g := range v.Groups {
		if of[i] != nil {
			out[g.Field.Name] = of[i]
		}
	}
	for _, f := range v.Values {
		if value := s.value(f, from); value != nil {
			out[f.Field.Name] = value
		}
	}
	return out
}

func (s State) value(f *schema.ViewField, from map[string]any) any {
	name, sum := f.Field.Name, s.Sums[f.Field.Name]
	switch f.Aggregate {
	case schema.Count:
		return count(f, sum.Count)
	case schema.CountDistinct:
		n, _ := from[name].(int64)
		return count(f, n)
	case schema.Min, schema.Max:
		return from[name]
	case schema.Avg:
		if sum.Count == 0 {
			return nil
		}
		return sum.Sum.Quo(scalar.NewDecimal(sum.Count)).Rounded()
	}
	if f.Field.Type.Kind == schema.KindDecimal {
		return sum.Sum.Rounded()
	}
	n, err := scalar.ParseLong(sum.Sum.String())
	switch {
	case err == nil:
		return n
	case sum.Sum.Sign() < 0:
		return scalar.Long(math.MinInt64)
	}
	return scalar.Long(math.MaxInt64)
}

func count(f *schema.ViewField, n int64) any {
	if f.Field.Type.Kind != schema.KindInt {
		return scalar.Long(n)
	}
	return int(min(n, math.MaxInt32))
}
