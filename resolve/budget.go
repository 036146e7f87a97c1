package resolve

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Limits of what one operation, or one message of a subscription, may hand out. What is known before, such as the sizes of pages, the server limits by
// the query; these are for what only the data tells: how many elements lists inside entities have, and how long texts are.
const (
	MaxListFields = 500_000  // fields of the elements of lists inside entities
	MaxTextBytes  = 64 << 20 // of texts, as often as they are asked for
	MaxDecisions  = 1000     // entities of which possibleCommands are decided: each reads the log
	MaxLookups    = 32       // refs that filters and orders go through: each reads up to 10,000 entities
)

// budget is what is left to an operation. It is safe for concurrent use; nil has no limit.
type budget struct{ fields, bytes, decisions, lookups atomic.Int64 }

func newBudget() *budget {
	b := &budget{}
	b.fields.Store(MaxListFields)
	b.bytes.Store(MaxTextBytes)
	b.decisions.Store(MaxDecisions)
	b.lookups.Store(MaxLookups)
	return b
}

const budgetExtension = "daybook.budget"

// Begin gives an operation its budget, and notes which position it is to read at. A server calls it once, before the operation is executed. The error is for clients.
func Begin(ctx context.Context, op *graphql.OperationContext) error {
	op.Stats.SetExtension(budgetExtension, newBudget())
	return beginReading(ctx, op)
}

func budgetOf(ctx context.Context) *budget {
	b, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(budgetExtension).(*budget)
	return b
}

// lend returns a budget of what is left, for what may have to be done again. settle takes what was used of it; it reports false, and takes nothing, if that is not there any more.
func (b *budget) lend() (lent *budget, settle func() bool) {
	if b == nil {
		return nil, func() bool { return true }
	}
	lent = &budget{}
	fields, bytes := b.fields.Load(), b.bytes.Load()
	lent.fields.Store(fields)
	lent.bytes.Store(bytes)
	return lent, func() bool {
		fields, bytes := fields-lent.fields.Load(), bytes-lent.bytes.Load()
		fits := b.fields.Add(-fields) >= 0
		if fits = b.bytes.Add(-bytes) >= 0 && fits; !fits {
			b.fields.Add(fields)
			b.bytes.Add(bytes)
		}
		return fits
	}
}

func (b *budget) text(n int) error {
	const free = 64 // a field costs that much in any case
	if b == nil || n <= free || b.bytes.Add(-int64(n)) >= 0 {
		return nil
	}
	return &publicError{"TOO_MUCH", fmt.Sprintf("the answer has more than %d bytes of text: ask for less", MaxTextBytes)}
}

// decision is for what one entity's commands would do.
func (b *budget) decision() error {
	if b == nil || b.decisions.Add(-1) >= 0 {
		return nil
	}
	return &publicError{"TOO_MUCH", fmt.Sprintf("the answer has the possibleCommands of more than %d entities: ask for less", MaxDecisions)}
}

// lookup is for filters and orders that go through n refs.
func (b *budget) lookup(n int) error {
	if b == nil || n == 0 || b.lookups.Add(-int64(n)) >= 0 {
		return nil
	}
	return &publicError{"TOO_MUCH", fmt.Sprintf("where and orderBy go through more than %d refs in one request: ask for less, or for copies", MaxLookups)}
}

// elements is for n elements of the list that is being resolved.
func (b *budget) elements(ctx context.Context, n int) error {
	if b == nil || n == 0 || b.fields.Add(-int64(n*(1+fieldsBelow(graphql.GetFieldContext(ctx).Field.Selections)))) >= 0 {
		return nil
	}
	return &publicError{"TOO_MUCH", fmt.Sprintf("the answer has more than %d fields in lists: ask for less", MaxListFields)}
}

// value is for the value of a field.
func (b *budget) value(ctx context.Context, v any) error {
	switch v := v.(type) {
	case string:
		return b.text(len(v))
	case scalar.JSON:
		return b.text(len(v))
	case []*Object:
		return b.elements(ctx, len(v))
	case []any:
		if err := b.elements(ctx, len(v)); err != nil {
			return err
		}
		for _, e := range v {
			if _, object := e.(schema.Record); object {
				return nil // its fields are counted when they are resolved
			}
			if err := b.value(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// keptLists are the lists of what the log keeps beside events, with inputs: a page of them is large, whatever is selected.
var keptLists = []string{"scheduledCommands", "rejectedCommands", "failedReactions"}

// Weight returns how many fields a field counts as in a server's limit besides itself and its selection: what costs reads of its own.
func Weight(f *ast.Field) int {
	switch {
	case f.Definition == nil:
		return 0
	case f.Definition.Type.Name() == "PossibleCommand":
		return 100 // one decision
	case f.Name == changedBy && f.Definition.Type.Name() == "HistoryEntry":
		return 20 // versions to look through
	case f.Name == "causationOf" && f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Query":
		return 10 * maxCauses
	case slices.Contains(keptLists, f.Name) && f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Query":
		return 20 * maxKept
	}
	return 0
}

// fieldsBelow counts the fields that are selected, those in fragments too. The server bounds the depth.
func fieldsBelow(set ast.SelectionSet) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n += 1 + fieldsBelow(s.SelectionSet)
		case *ast.InlineFragment:
			n += fieldsBelow(s.SelectionSet)
		case *ast.FragmentSpread:
			if s.Definition != nil {
				n += fieldsBelow(s.Definition.SelectionSet)
			}
		}
	}
	return n
}
