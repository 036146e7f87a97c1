package resolve

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"
)

// BrokenList returns a list that panics when it is resolved.
func BrokenList() *Object { return &Object{"OrderConnection", &connectionSource{rd: &reader{}}} }

// WriteValue writes a value without objects in it, as lists have it written; ok is false if it is left to gqlgen.
func WriteValue(t *ast.Type, v any) (text string, ok bool) {
	w := &writer{}
	ok = w.value(&writtenField{ctx: context.Background()}, t, v)
	return string(w.out), ok
}

// Lend lends of a budget of so many bytes, has so many used of what was lent and so many of the budget meanwhile, and returns whether that could be settled and what is left.
func Lend(bytes, used, meanwhile int64) (settled bool, left int64) {
	b := &budget{}
	b.bytes.Store(bytes)
	lent, settle := b.lend()
	lent.bytes.Add(-used)
	b.bytes.Add(-meanwhile)
	settled = settle()
	return settled, b.bytes.Load()
}
