package resolve

import (
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/schema"
)

// arguments returns a field's arguments as the client gave them: a key is there if the client, or a default, gave a value (GraphQL, October 2021,
// section 6.4.1). Numbers keep all the digits that they were written with, as json.Number, whether they stand in the query or come as variables.
func arguments(f graphql.CollectedField, vars map[string]any) map[string]any {
	if f.Definition == nil || len(f.Definition.Arguments) == 0 {
		return nil
	}
	out := make(map[string]any, len(f.Definition.Arguments))
	for _, def := range f.Definition.Arguments {
		if a := f.Arguments.ForName(def.Name); a != nil {
			if v, given := valueOf(a.Value, vars); given {
				out[def.Name] = v
				continue
			}
		}
		if def.DefaultValue != nil {
			out[def.Name], _ = valueOf(def.DefaultValue, vars)
		}
	}
	return out
}

// valueOf returns the value of an AST value; given is false for a variable that was not given and has no default.
func valueOf(v *ast.Value, vars map[string]any) (value any, given bool) {
	switch v.Kind {
	case ast.Variable:
		if value, given = vars[v.Raw]; given {
			return value, true
		}
		if d := v.VariableDefinition; d != nil && d.DefaultValue != nil {
			return valueOf(d.DefaultValue, vars)
		}
		return nil, false
	case ast.IntValue, ast.FloatValue:
		return json.Number(v.Raw), true
	case ast.BooleanValue:
		return v.Raw == "true", true
	case ast.NullValue:
		return nil, true
	case ast.ListValue:
		list := make([]any, 0, len(v.Children))
		for _, c := range v.Children {
			item, _ := valueOf(c.Value, vars) // a variable that was not given is null in a list
			list = append(list, item)
		}
		return list, true
	case ast.ObjectValue:
		object := make(map[string]any, len(v.Children))
		for _, c := range v.Children {
			if item, given := valueOf(c.Value, vars); given {
				object[c.Name] = item
			}
		}
		return object, true
	}
	return v.Raw, true // strings, block strings, enums
}

var idType = schema.Type{Kind: schema.KindID, Name: "ID"}

// id returns an argument of type ID, which GraphQL lets clients give as an integer too; "" if it was not given or null. What was given and is no id is
// an error, an empty text too: to take it for absent would draw a new id, or ask for everything.
func (rt *Runtime) id(args map[string]any, name string) (string, error) {
	return rt.idAt(args, name, name)
}

func (rt *Runtime) idAt(args map[string]any, name, path string) (string, error) {
	v, given := args[name]
	if !given || v == nil {
		return "", nil
	}
	id, err := rt.Model.Coerce(idType, v, path)
	if err != nil {
		return "", err
	}
	return id.(string), nil
}

// neededID is id for what is no command, where it is required.
func (rt *Runtime) neededID(f field, name string) (string, error) {
	id, err := rt.id(f.args, name)
	if err != nil {
		return "", badInput(err.Error())
	}
	return id, nil
}
