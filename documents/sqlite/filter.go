package sqlite

import (
	"fmt"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// compiler writes a checked filter as an SQL condition. SQL's logic has three values and filters have two, so negation is pushed down to the
// comparisons, where IS NOT TRUE turns NULL into true. Comparisons that are not negated stay bare: an index serves them.
type compiler struct {
	from  *table
	model *schema.Model
	sql   strings.Builder
	args  []any
	lists int // aliases given to lists so far
}

// filter writes a filter in the scope of a document.
func (c *compiler) filter(f documents.Filter) { c.in(docScope{c.from}, f, false) }

func (c *compiler) in(s scope, f documents.Filter, negated bool) {
	switch f := f.(type) {
	case nil:
		c.literal(!negated)
	case documents.And:
		c.all(s, f, negated, negated)
	case documents.Or:
		c.all(s, f, negated, !negated)
	case documents.Not:
		c.in(s, f.F, !negated)
	case documents.IsNull:
		c.text("(", s.plain(f.Field), " IS ", not(negated), "NULL)")
	default:
		c.text("(")
		c.condition(s, f)
		c.text(")")
		if negated {
			c.text(" IS NOT TRUE")
		}
	}
}

func not(negated bool) string {
	if negated {
		return "NOT "
	}
	return ""
}

func (c *compiler) all(s scope, fs []documents.Filter, negated, or bool) {
	if len(fs) == 0 {
		c.literal(!or)
		return
	}
	if len(fs) > 1 { // halves of halves: SQLite bounds how deep a condition is, and so how long a chain
		word := " AND "
		if or {
			word = " OR "
		}
		c.text("(")
		c.all(s, fs[:len(fs)/2], negated, or)
		c.text(word)
		c.all(s, fs[len(fs)/2:], negated, or)
		c.text(")")
		return
	}
	if _, document := s.(docScope); or && document {
		// Indexes are on what is there. That is said already, but SQLite looks for an index of a branch by what the branch says.
		c.text("(", c.from.there(), " AND ")
		c.in(s, fs[0], negated)
		c.text(")")
		return
	}
	c.in(s, fs[0], negated)
}

var operators = [...]string{documents.Eq: " = ?", documents.Lt: " < ?", documents.Le: " <= ?", documents.Gt: " > ?", documents.Ge: " >= ?"}

// condition writes a comparison, which is NULL or false for a null field.
func (c *compiler) condition(s scope, f documents.Filter) {
	switch f := f.(type) {
	case documents.Compare:
		c.text(s.key(f.Field), operators[f.Op])
		c.args = append(c.args, key(f.Value))
	case documents.In:
		c.text(s.key(f.Field), " IN (SELECT value FROM json_each(?))")
		c.args = append(c.args, jsonKeys(f.Values))
	case documents.Text:
		c.textual(s.key(f.Field), f)
	case documents.Inside:
		base, path := s.json(f.Field)
		c.text("json_type(", base, ",'", path, "') = 'object' AND ")
		c.in(objectScope{base, path, c.model.Object(s.typeOf(f.Field).Name)}, f.F, false)
	case documents.Size:
		base, path := s.json(f.Field)
		c.text("json_array_length(", base, ",'", path, "')", operators[f.Op])
		c.args = append(c.args, f.N)
	case documents.Some:
		c.some(s, f)
	}
}

func (c *compiler) textual(expr string, f documents.Text) {
	switch {
	case f.Op == documents.Contains && !f.IgnoreCase:
		c.text("instr(", expr, ", ?) > 0")
		c.args = append(c.args, f.Value)
	case f.Op == documents.StartsWith && !f.IgnoreCase:
		c.text(expr, " >= ?")
		c.args = append(c.args, f.Value)
		if end, ok := documents.PrefixEnd(f.Value); ok {
			c.text(" AND ", expr, " < ?")
			c.args = append(c.args, end)
		}
	default:
		c.text(textFunction, "(CAST(", expr, " AS BLOB), ?, ?, ?)")
		c.args = append(c.args, int64(f.Op), []byte(f.Value), f.IgnoreCase)
	}
}

// some goes through the elements of a list.
func (c *compiler) some(s scope, f documents.Some) {
	base, path := s.json(f.Field)
	c.lists++
	alias := fmt.Sprintf("e%d", c.lists)
	c.text("EXISTS (SELECT 1 FROM json_each(", base, ",'", path, "') ", alias, " WHERE ")
	t := s.typeOf(f.Field)
	if f.Scalars {
		c.in(elementScope{alias, base, path, t}, f.F, false)
	} else {
		c.text(alias, ".type = 'object' AND ")
		c.in(objectScope{alias + ".value", "$", c.model.Object(t.Name)}, f.F, false)
	}
	c.text(")")
}

func (c *compiler) literal(b bool) {
	if b {
		c.text("TRUE")
	} else {
		c.text("FALSE")
	}
}

func (c *compiler) text(parts ...string) {
	for _, p := range parts {
		c.sql.WriteString(p)
	}
}

// jsonKeys passes any number of values as one parameter, so that the statement's text, and with it its preparation, stays the same.
func jsonKeys[T any](values []T) string {
	b := []byte{'['}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendKey(b, v)
	}
	return string(append(b, ']'))
}
