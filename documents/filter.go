package documents

// Filter is a condition on documents: one of the types in this file. Three compilers understand it (BSON, SQL, Match), and
// they agree; only Through is none of theirs. The logic is two-valued: a comparison with a null field is false, and Not of it true.
//
// Field names what is asked about, in a scope: at first that of a document, whose fields are those of the entity and of documents themselves ("_id",
// "_version", "_createdAt", "_updatedAt"); below Inside and Some it is that of a value object, or of an element of a list of scalars, which is called Element.
type Filter interface{ filter() }

// Element is the field that stands for the element itself, below a Some of a list whose elements are no value objects.
const Element = ""

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
// Field is a scalar or enum field of the scope, a ref field (its id), a copy, or "_id", "_version" (int), "_createdAt" or "_updatedAt" (scalar.DateTime).
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

// Both returns the filter that holds if f does and other, which may be nil for a filter that always does.
func Both(f, other Filter) Filter {
	if other == nil {
		return f
	}
	return And{f, other}
}

// InTexts returns an In of texts, such as ids.
func InTexts(field string, texts []string) In {
	values := make([]any, len(texts))
	for i, t := range texts {
		values[i] = t
	}
	return In{Field: field, Values: values}
}

// TextOp is a condition on text.
type TextOp int

// The conditions on text. They go by code points as they are stored: é of one code point is not é of two.
const (
	Equals     TextOp = iota // only with IgnoreCase: Compare is the other
	Contains                 // Text is somewhere in it
	StartsWith               // it begins with Text
	EndsWith                 // it ends with Text
	Matches                  // the whole of it is as the pattern Text says, see Pattern
)

// Text holds if the string field is not null and is as Op says. No character of Value is special, but for those of a pattern in Matches. IgnoreCase takes characters for one that
// are by Unicode's simple case folding (ß is not ss).
type Text struct {
	Field      string
	Op         TextOp
	Value      string
	IgnoreCase bool
}

// IsNull holds if the field is null (absent). Field may be of any kind. Of Element, it holds if the element is null.
type IsNull struct{ Field string }

// Inside holds if the value object in Field is not null and F holds of it.
type Inside struct {
	Field string
	F     Filter
}

// Some holds if F holds of an element of the list in Field. A null list has no elements. Elements may be null: of those only Not and IsNull hold in lists of scalars, and nothing at all in
// lists of value objects. In lists of scalars F is a leaf, a Not of a leaf, or an And of such, with at most one Text, and at most one Not of an order or Text: not all engines can ask for more of one element.
type Some struct {
	Field   string
	F       Filter
	Scalars bool // the elements are no value objects
}

// Through holds if the ref in Field is not null, the entity that it leads to is there, and F holds of that. F has the scope of its document. No store knows
// it: the query package puts a filter that stores know in its place.
type Through struct {
	Field  string
	Entity string // the entity's type
	F      Filter
}

// Size holds if the list in Field is not null and its length, null elements counted, compares so with N.
type Size struct {
	Field string
	Op    Op
	N     int
}

func (And) filter()     {}
func (Or) filter()      {}
func (Not) filter()     {}
func (Compare) filter() {}
func (In) filter()      {}
func (Text) filter()    {}
func (IsNull) filter()  {}
func (Inside) filter()  {}
func (Some) filter()    {}
func (Size) filter()    {}
func (Through) filter() {}
