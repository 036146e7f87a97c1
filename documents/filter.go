package documents

// Filter is a condition on documents: one of the types in this file. Three compilers understand it (BSON, SQL, Match), and
// they agree. The logic is two-valued: a comparison with a null field is false, and Not of it true.
type Filter interface{ filter() }

// And holds if all hold; an empty one holds.
type And []Filter

// Or holds if one holds; an empty one does not.
type Or []Filter

// Not holds if F does not.
type Not struct{ F Filter }

// Op is a comparison.
type Op int

// The comparisons. Values order as their kind does: strings by bytes, numbers by value, times by instant, false before true.
const (
	Eq Op = iota
	Lt
	Le
	Gt
	Ge
)

// Compare holds if the field is not null and compares so with Value. Value is of the Go type of the field's kind, never nil.
// Field is a scalar or enum field of the entity, a ref field (its id), a copy, or "_id", "_version" (int), "_createdAt" or "_updatedAt" (scalar.DateTime).
type Compare struct {
	Field string
	Op    Op
	Value any
}

// In holds if the field is not null and equals one of Values.
type In struct {
	Field  string
	Values []any
}

// Contains holds if the string field contains Text, byte for byte. No character of Text is special.
type Contains struct{ Field, Text string }

// StartsWith holds if the string field starts with Text.
type StartsWith struct{ Field, Text string }

// IsNull holds if the field is null (absent).
type IsNull struct{ Field string }

func (And) filter()        {}
func (Or) filter()         {}
func (Not) filter()        {}
func (Compare) filter()    {}
func (In) filter()         {}
func (Contains) filter()   {}
func (StartsWith) filter() {}
func (IsNull) filter()     {}
