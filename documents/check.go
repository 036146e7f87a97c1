package documents

import (
	"fmt"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// maxDepth bounds how deep filters nest, so that no compiler exhausts the stack.
const maxDepth = 100

// MaxText is the largest length of Text.Value, in bytes: what the pattern of every server can hold.
const MaxText = 2000

// CheckFilter reports what is wrong with a filter on e: unknown fields, values of another Go type than the field's, text conditions on
// fields that are not text, and Through, which no store knows. Compilers rely on it having passed.
func CheckFilter(m *schema.Model, e *schema.Entity, f Filter) error {
	return (&checker{model: m, name: e.Name, types: typesOf(e)}).check(f, 0)
}

// CheckFilterThrough is CheckFilter for filters that Through may be in.
func CheckFilterThrough(m *schema.Model, e *schema.Entity, f Filter) error {
	return (&checker{model: m, name: e.Name, types: typesOf(e), through: true}).check(f, 0)
}

// checker checks filters in one scope.
type checker struct {
	model *schema.Model
	name  string // of the scope, for messages
	types func(field string) (schema.Type, bool)

	through bool // Through is known
}

// typesOf gives the types of what a document holds.
func typesOf(e *schema.Entity) func(string) (schema.Type, bool) {
	return func(field string) (schema.Type, bool) {
		if t, ok := systemTypes[field]; ok {
			return t, true
		}
		f := e.Field(field)
		if f == nil || field == "id" {
			return schema.Type{}, false
		}
		return f.Type, true
	}
}

// systemTypes are of what every document has, never null.
var systemTypes = map[string]schema.Type{
	FieldID: {Kind: schema.KindID}, FieldVersion: {Kind: schema.KindInt}, FieldCreatedAt: {Kind: schema.KindDateTime}, FieldUpdatedAt: {Kind: schema.KindDateTime},
}

func (c *checker) check(f Filter, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("a filter may nest %d deep", maxDepth)
	}
	switch f := f.(type) {
	case nil:
		return nil
	case And:
		return c.all(f, depth)
	case Or:
		return c.all(f, depth)
	case Not:
		return c.all([]Filter{f.F}, depth)
	case Compare:
		if err := checkOp(f.Op); err != nil {
			return err
		}
		return c.values(f.Field, f.Value)
	case In:
		return c.values(f.Field, f.Values...)
	case Text:
		return c.text(f)
	case IsNull:
		_, err := c.typeOf(f.Field)
		return err
	case Inside, Some, Size:
		return c.nested(f, depth)
	case Through:
		return c.beyond(f, depth)
	default:
		return fmt.Errorf("%T is not a filter that stores know", f)
	}
}

func checkOp(op Op) error {
	if op < Eq || op > Ge {
		return fmt.Errorf("comparison %d does not exist", op)
	}
	return nil
}

func (c *checker) all(fs []Filter, depth int) error {
	for _, f := range fs {
		if f == nil {
			return fmt.Errorf("a nil filter may only stand alone")
		}
		if err := c.check(f, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) typeOf(field string) (schema.Type, error) {
	t, ok := c.types(field)
	if !ok {
		return t, fmt.Errorf("%s has no field %q to filter by", c.name, field)
	}
	return t, nil
}

// scalar returns the type of a field that can be compared.
func (c *checker) scalar(field string) (schema.Type, error) {
	t, err := c.typeOf(field)
	if err == nil && !t.Comparable() {
		err = fmt.Errorf("%s.%s cannot be compared: it is a list, an object or JSON", c.name, field)
	}
	return t, err
}

func (c *checker) values(field string, values ...any) error {
	t, err := c.scalar(field)
	if err != nil {
		return err
	}
	for _, v := range values {
		if !isOfKind(t.Kind, v) {
			return fmt.Errorf("%s.%s cannot be compared with a %T", c.name, field, v)
		}
	}
	return nil
}

func (c *checker) text(f Text) error {
	t, err := c.scalar(f.Field)
	if err != nil {
		return err
	}
	switch t.Kind {
	case schema.KindString, schema.KindID, schema.KindEnum, schema.KindEntity:
	default:
		return fmt.Errorf("%s.%s is not text", c.name, f.Field)
	}
	switch {
	case f.Op < Equals || f.Op > Matches || f.Op == Equals && !f.IgnoreCase:
		return fmt.Errorf("condition %d on text does not exist", f.Op)
	case len(f.Value) > MaxText:
		return fmt.Errorf("text to look for may have %d bytes, not %d", MaxText, len(f.Value))
	}
	return nil
}

// nested checks what is about value objects and lists.
func (c *checker) nested(f Filter, depth int) error {
	t, err := c.typeOf(FieldOf(f))
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case Inside:
		if t.List || t.Kind != schema.KindObject {
			return fmt.Errorf("%s.%s is no value object", c.name, f.Field)
		}
		return c.objects(t).check(f.F, depth+1)
	case Some:
		if !t.List || f.Scalars == (t.Kind == schema.KindObject) || t.Kind == schema.KindJSON {
			return fmt.Errorf("%s.%s is no list of such elements", c.name, f.Field)
		}
		if !f.Scalars {
			return c.objects(t).check(f.F, depth+1)
		}
		if !flat(f.F) {
			return fmt.Errorf("%s.%s: of one element, stores know conditions, what does not hold, and several of such at once", c.name, f.Field)
		}
		t.List = false
		element := func(field string) (schema.Type, bool) { return t, field == Element }
		return (&checker{model: c.model, name: c.name + "." + f.Field, types: element}).check(f.F, depth+1)
	case Size:
		if !t.List {
			return fmt.Errorf("%s.%s is no list", c.name, f.Field)
		}
		return checkOp(f.Op)
	}
	return nil
}

// objects is for the scope of value objects of a type.
func (c *checker) objects(t schema.Type) *checker {
	o := c.model.Object(t.Name)
	types := func(field string) (schema.Type, bool) {
		if o == nil || o.Field(field) == nil {
			return schema.Type{}, false
		}
		return o.Field(field).Type, true
	}
	return &checker{c.model, t.Name, types, c.through}
}

// beyond checks what is asked of the entity that a ref leads to.
func (c *checker) beyond(f Through, depth int) error {
	if !c.through {
		return fmt.Errorf("%s.%s: no store looks through refs", c.name, f.Field)
	}
	t, err := c.typeOf(f.Field)
	if err != nil {
		return err
	}
	e := c.model.Entity(f.Entity)
	if t.List || t.Kind != schema.KindEntity || t.Name != f.Entity || e == nil {
		return fmt.Errorf("%s.%s is no reference to one %s", c.name, f.Field, f.Entity)
	}
	return (&checker{c.model, e.Name, typesOf(e), true}).check(f.F, depth+1)
}

// equality reports whether a condition is about which values it may be.
func equality(f Filter) bool {
	switch f := f.(type) {
	case Compare:
		return f.Op == Eq
	case Text:
		return false
	}
	return true
}

// flat reports whether a filter is what can be asked of an element of a list of scalars.
func flat(f Filter) bool {
	switch f := f.(type) {
	case And:
		texts, refused := 0, 0
		for _, p := range f {
			if _, and := p.(And); and || !flat(p) {
				return false
			}
			if _, ok := p.(Text); ok {
				texts++
			}
			if n, ok := p.(Not); ok && !equality(n.F) {
				refused++
			}
		}
		return texts <= 1 && refused <= 1
	case Not:
		_, not := f.F.(Not)
		_, and := f.F.(And)
		return !not && !and && flat(f.F)
	case Compare, In, Text, IsNull:
		return true
	}
	return false
}

func isOfKind(k schema.Kind, v any) bool {
	ok := false
	switch k {
	case schema.KindString, schema.KindID, schema.KindEnum, schema.KindEntity:
		_, ok = v.(string)
	case schema.KindInt:
		_, ok = v.(int)
	case schema.KindFloat:
		_, ok = v.(float64)
	case schema.KindBoolean:
		_, ok = v.(bool)
	case schema.KindDecimal:
		_, ok = v.(scalar.Decimal)
	case schema.KindDateTime:
		_, ok = v.(scalar.DateTime)
	case schema.KindDate:
		_, ok = v.(scalar.Date)
	case schema.KindLong:
		_, ok = v.(scalar.Long)
	case schema.KindUUID:
		_, ok = v.(scalar.UUID)
	}
	return ok
}

// CheckQuery reports what is wrong with a query on e. It covers CheckFilter.
func CheckQuery(m *schema.Model, e *schema.Entity, q Query) error {
	if q.Limit < 1 || q.Limit > MaxLimit {
		return fmt.Errorf("a page has 1 to %d documents, not %d", MaxLimit, q.Limit)
	}
	if q.Gone && q.AsOf.IsZero() {
		return fmt.Errorf("what is gone is listed only as of an instant")
	}
	kinds := make([]schema.Kind, 0, len(q.Orders)+1)
	for _, o := range q.Orders {
		k, err := KindOf(e, o.Field)
		if err != nil {
			return err
		}
		if !q.AsOf.IsZero() && isCopy(e, o.Field) {
			return notArchived(e.Name, o.Field)
		}
		kinds = append(kinds, k)
	}
	kinds = append(kinds, schema.KindID)
	for _, key := range [][]any{q.After, q.Before} {
		if err := checkKey(kinds, key); err != nil {
			return err
		}
	}
	return CheckCount(m, e, CountQuery{Filter: q.Filter, AsOf: q.AsOf})
}

// CheckCount reports what is wrong with a query on e that counts. It covers CheckFilter.
func CheckCount(m *schema.Model, e *schema.Entity, q CountQuery) error {
	if err := CheckFilter(m, e, q.Filter); err != nil || q.AsOf.IsZero() {
		return err
	}
	if e.View != nil {
		return fmt.Errorf("%s is a view: it has no past", e.Name)
	}
	field := ""
	Any(q.Filter, func(f Filter) bool {
		field = FieldOf(f)
		return field != "" && isCopy(e, field)
	})
	if field != "" && isCopy(e, field) {
		return notArchived(e.Name, field)
	}
	return nil
}

func isCopy(e *schema.Entity, field string) bool {
	f := e.Field(field)
	return f != nil && f.Copy != nil
}

func notArchived(entity, field string) error {
	return fmt.Errorf("%s.%s is a copy, which the archive does not hold: ask as of an instant through its ref", entity, field)
}

// CheckHistory reports what is wrong with a query for versions.
func CheckHistory(q HistoryQuery) error {
	if q.Limit < 1 || q.Limit > MaxLimit {
		return fmt.Errorf("of an entity, 1 to %d versions are read at once, not %d", MaxLimit, q.Limit)
	}
	return nil
}

func checkKey(kinds []schema.Kind, key []any) error {
	if key == nil {
		return nil
	}
	if len(key) != len(kinds) {
		return fmt.Errorf("a place in a page of %d orders has %d values, not %d", len(kinds)-1, len(kinds), len(key))
	}
	for i, v := range key {
		null := v == nil && i < len(kinds)-1
		if !null && !isOfKind(kinds[i], v) {
			return fmt.Errorf("value %d of a place in a page has the wrong type %T", i+1, v)
		}
	}
	return nil
}
