package resolve

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

var errNoValue = errors.New("it is no value: write it like {status: {eq: PAID}}, or as JSON")

// ParseValue reads a value that somebody typed: as it stands in a query, without variables, or JSON. It comes as arguments do: numbers are json.Number, enums are strings.
func ParseValue(text string) (any, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err == nil {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: "{ x(x: " + text + "\n) }"})
	if err != nil || len(doc.Operations) != 1 || len(doc.Fragments) > 0 || len(doc.Operations[0].SelectionSet) != 1 {
		return nil, errNoValue
	}
	field, ok := doc.Operations[0].SelectionSet[0].(*ast.Field)
	if !ok || len(field.Arguments) != 1 || len(field.SelectionSet) > 0 || len(field.Directives) > 0 || hasVariable(field.Arguments[0].Value) {
		return nil, errNoValue
	}
	v, _ = valueOf(field.Arguments[0].Value, nil)
	return v, nil
}

func hasVariable(v *ast.Value) bool {
	for _, c := range v.Children {
		if hasVariable(c.Value) {
			return true
		}
	}
	return v.Kind == ast.Variable
}
