package schema

// View says how the documents of a view come from entities. Its Entity has no State, Commands, With, Uniques, Timeouts, Reactions; its `id` is made of its groups.
type View struct {
	Sources []*ViewSource // in declaration order
	// Groups are what tells its documents apart: one document for each combination of values; without, but with Values, one document with the id AllGroup. None in a view with
	// a Go projection.
	Groups []*ViewField
	Values []*ViewField // the aggregates
	// Tallies is the entity whose documents count, for MIN, MAX and COUNT_DISTINCT, how often each value is there; nil if no aggregate needs that. Its fields are
	// TallyGroup to TallyCount. It belongs to no list of the model but Documents.
	Tallies *Entity
	Project bool // a function of package rules makes the documents: there are no Groups and Values
	Release int  // @view(release:): another number has the view built anew
	// Fingerprint is eight letters and digits that tell one definition of the view from another: another is built anew, beside.
	Fingerprint string
}

// AllGroup is the id of the one document of a view without groups.
const AllGroup = "all"

// The fields of View.Tallies.
const (
	TallyGroup = "group" // ID: the id of the view's document
	TallyField = "field" // String: the view's field
	TallyValue = "value" // String: the value's sortable text
	TallyAlive = "alive" // Boolean: whether Count is above zero
	TallyCount = "count" // Int
)

// ProjectionName returns the name of the function of package rules that makes a view of an entity.
func ProjectionName(view, entity string) string { return "Project" + view + "From" + entity }

// Tallied reports whether the field needs View.Tallies.
func (f *ViewField) Tallied() bool {
	return f.Aggregate == Min || f.Aggregate == Max || f.Aggregate == CountDistinct
}

// ViewSource is one entity that a view is made of.
type ViewSource struct {
	Entity *Entity
	In     []string // the states in which it counts; nil for all
	Each   *Field   // the list of value objects each of whose elements counts by itself; nil if the entity counts as a whole
}

// ViewField is a field of a view and where it comes from.
type ViewField struct {
	Field     *Field
	Aggregate Aggregate   // GroupBy for one of View.Groups
	Paths     []*ViewPath // by View.Sources: nil for a source that it does not come from
	Bucket    Bucket      // of a time that is grouped by
}

// ViewPath leads from an entity, or from an element of ViewSource.Each, to a scalar. It is empty for COUNT.
type ViewPath struct {
	Element bool     // it begins in the element
	Fields  []*Field // one, or several if it leads into value objects; none: the entity, or the element, itself
}

// Aggregate is what a field of a view says about all that counts.
type Aggregate string

// The aggregates. Null is left out of all of them, but for Count without a path.
const (
	GroupBy       Aggregate = "GROUP"
	Count         Aggregate = "COUNT"
	Sum           Aggregate = "SUM"
	Min           Aggregate = "MIN"
	Max           Aggregate = "MAX"
	Avg           Aggregate = "AVG"
	CountDistinct Aggregate = "COUNT_DISTINCT"
)

// Bucket is a span of time, in UTC, that times are grouped by: "" for the time itself.
type Bucket string

// The buckets. All but Hour give a Date, the first day of it; weeks begin on Mondays.
const (
	Hour    Bucket = "HOUR"
	Day     Bucket = "DAY"
	Week    Bucket = "WEEK"
	Month   Bucket = "MONTH"
	Quarter Bucket = "QUARTER"
	Year    Bucket = "YEAR"
)
