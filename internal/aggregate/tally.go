package aggregate

import (
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// TallyChange says by how much the number of times that a value is there changes.
type TallyChange struct {
	ID    string // of the tally's document
	Field *schema.ViewField
	Value any
	By    int // 1 or -1
}

// Tallies returns what a change of a group means for its tallies.
func (c *Change) Tallies(v *schema.View) []TallyChange {
	var out []TallyChange
	for n, f := range v.Values {
		if !f.Tallied() || c.Values[n] == nil {
			continue
		}
		out = append(out, TallyChange{TallyID(c.Group, f.Field.Name, Sortable(c.Values[n])), f, c.Values[n], int(c.sign())})
	}
	return out
}

// Tallied returns the fields of a view that need tallies.
func Tallied(v *schema.View) []*schema.ViewField {
	var out []*schema.ViewField
	for _, f := range v.Values {
		if f.Tallied() {
			out = append(out, f)
		}
	}
	return out
}

// Extreme returns the smallest or largest value (as the field's aggregate says) after changes, if it was have before (nil for none): all that came are looked at. It is not known if a value went
// that was, or might have been, the extreme: then the tallies tell.
//
// It need not be exact while others change the group: what it was before may come from tallies that others had changed already, before the group. These changes are made to the
// group later, and whatever they take away then is compared with what is there.
func Extreme(v *schema.View, f *schema.ViewField, have any, changes []Change) (value any, known bool) {
	n := 0
	for v.Values[n] != f {
		n++
	}
	value = have
	for i := range changes {
		if came := changes[i].Values[n]; came != nil && !changes[i].Goes && (value == nil || beyond(f, came, value) > 0) {
			value = came
		}
	}
	for i := range changes {
		if went := changes[i].Values[n]; went != nil && changes[i].Goes && (value == nil || beyond(f, went, value) >= 0) {
			return nil, false
		}
	}
	return value, true
}

// beyond compares values so that the extreme is the largest.
func beyond(f *schema.ViewField, a, b any) int {
	if f.Aggregate == schema.Min {
		return scalar.Compare(b, a)
	}
	return scalar.Compare(a, b)
}
