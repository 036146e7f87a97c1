package sqlite

import (
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
)

// compiler writes a checked filter as an SQL condition. SQL's logic has three values and filters have two, so negation is pushed down to the
// comparisons, where IS NOT TRUE turns NULL into true. Comparisons that are not negated stay bare: an index serves them.
type compiler struct {
	e    *entity
	sql  strings.Builder
	args []any
}

func (c *compiler) filter(f documents.Filter, negated bool) {
	switch f := f.(type) {
	case nil:
		c.literal(!negated)
	case documents.And:
		c.all(f, negated, negated)
	case documents.Or:
		c.all(f, negated, !negated)
	case documents.Not:
		c.filter(f.F, !negated)
	case documents.IsNull:
		c.text("(", c.e.expr(f.Field), " IS ", not(negated), "NULL)")
	default:
		c.text("(")
		c.condition(f)
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

func (c *compiler) all(fs []documents.Filter, negated, or bool) {
	if len(fs) == 0 {
		c.literal(!or)
		return
	}
	word := " AND "
	if or {
		word = " OR "
	}
	c.text("(")
	for i, f := range fs {
		if i > 0 {
			c.text(word)
		}
		c.filter(f, negated)
	}
	c.text(")")
}

var operators = [...]string{documents.Eq: " = ?", documents.Lt: " < ?", documents.Le: " <= ?", documents.Gt: " > ?", documents.Ge: " >= ?"}

// condition writes a comparison, which is NULL or false for a null field.
func (c *compiler) condition(f documents.Filter) {
	switch f := f.(type) {
	case documents.Compare:
		c.text(c.e.expr(f.Field), operators[f.Op])
		c.args = append(c.args, key(f.Value))
	case documents.In:
		c.text(c.e.expr(f.Field), " IN (SELECT value FROM json_each(?))")
		c.args = append(c.args, jsonKeys(f.Values))
	case documents.Contains:
		c.text("instr(", c.e.expr(f.Field), ", ?) > 0")
		c.args = append(c.args, f.Text)
	case documents.StartsWith:
		expr := c.e.expr(f.Field)
		c.text(expr, " >= ?")
		c.args = append(c.args, f.Text)
		if end, ok := documents.PrefixEnd(f.Text); ok {
			c.text(" AND ", expr, " < ?")
			c.args = append(c.args, end)
		}
	}
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
