package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Error is one mistake in a model.
type Error struct {
	Pos   Pos
	What  string // what is wrong
	Write string // what to write instead
}

// Error returns "file:line:col: what is wrong: what to write".
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.Pos.File, e.Pos.Line, e.Pos.Col, e.What, e.Write)
}

// Errors are all mistakes in a model, ordered by place.
type Errors []*Error

// Error returns one line per mistake.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

func (es Errors) sorted() Errors {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return slices.CompactFunc(es, func(a, b *Error) bool { return *a == *b })
}

func posOf(p *ast.Position) Pos {
	if p == nil {
		return Pos{}
	}
	return Pos{File: p.Src.Name, Line: p.Line, Col: p.Column}
}

// loader turns parsed files into a model and gathers every mistake on the way.
type loader struct {
	model *Model
	errs  Errors

	defs     map[string]*ast.Definition // by type name; the first of several
	commands []*ast.FieldDefinition     // fields of `extend type Mutation`
	entityOf map[string]*ast.Definition // the definitions with @entity
	viewOf   map[string]*ast.Definition // those with @view
	wrong    map[*Field]bool            // fields of views that are complained about
}

func (l *loader) fail(p Pos, write, what string, args ...any) {
	l.errs = append(l.errs, &Error{p, fmt.Sprintf(what, args...), write})
}
