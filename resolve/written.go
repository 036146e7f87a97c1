package resolve

import (
	"context"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/scalar"
)

// Written is a field middleware that writes the answer of a list or an entity at once, from what was loaded. gqlgen would do the same, with a goroutine for each row and a context for
// each field, in three times as long. What has to be done by gqlgen, because something below reads more or goes wrong, is left to it: it does all of that list or entity again.
func Written(ctx context.Context, next graphql.Resolver) (any, error) {
	v, err := next(ctx)
	if err != nil {
		return v, err
	}
	var o *Object
	switch v := v.(type) {
	case *Object:
		o = v
	case interface{ Object() *Object }: // an entity, as generated code has it
		o = v.Object()
	}
	rd := readOf(o)
	if rd == nil || rd.unwritable.Load() {
		return v, nil
	}
	if text := rd.written(ctx, o); text != nil {
		return text, nil
	}
	rd.unwritable.Store(true) // nor is what is inside tried
	return v, nil
}

// readOf returns the reader that has loaded all of an object, nil if there is none.
func readOf(o *Object) *reader {
	if o == nil {
		return nil
	}
	switch s := o.source.(type) {
	case *connectionSource:
		return s.rd
	case *nodeSource:
		return s.rd
	}
	return nil
}

// by returns the object as another reader of the same would have made it.
func (o *Object) by(rd *reader) *Object {
	switch s := o.source.(type) {
	case *connectionSource:
		return &Object{o.typeName, &connectionSource{rd, s.entity, s.page, s.shape}}
	case *nodeSource:
		return &Object{o.typeName, &nodeSource{rd, s.node, s.shape}}
	}
	return o
}

// written is the answer of an object, nil if gqlgen has to make it. A panic is gqlgen's too: it happens there again, and is told of with its path.
func (rd *reader) written(ctx context.Context, o *Object) (text graphql.Marshaler) {
	defer func() {
		if recover() != nil {
			text = nil
		}
	}()
	left, settle := rd.left.lend()
	size := 1024 // of a usual entity
	if s, ok := o.source.(*connectionSource); ok {
		size += 128 * len(s.page.Nodes)
	}
	w := &writer{op: graphql.GetOperationContext(ctx), out: make([]byte, 0, size)}
	f := &writtenField{ctx: ctx, CollectedField: graphql.GetFieldContext(ctx).Field}
	if !w.object(f, o.by(&reader{Runtime: rd.Runtime, left: left})) || !settle() {
		return nil
	}
	return writtenText(w.out)
}

// writtenText is a part of an answer.
type writtenText []byte

// MarshalGQL implements graphql.Marshaler.
func (t writtenText) MarshalGQL(w io.Writer) { _, _ = w.Write(t) } // gqlgen writes to memory

// writer writes objects, of which nothing has to be read. Its methods report whether they could: what is wrong, gqlgen tells.
type writer struct {
	op  *graphql.OperationContext
	out []byte
}

// writtenField is a selected field, which many objects of one list have.
type writtenField struct {
	graphql.CollectedField
	ctx   context.Context // in which the field is the current one
	key   []byte          // what the field's value has in front of it in an object
	below *writtenType    // what is selected on the object that was the value last
}

// writtenType is what is selected on an object of a type.
type writtenType struct {
	name   string
	fields []*writtenField
}

// selected reads what is selected below a field, nil for what can't be written.
func (w *writer) selected(f *writtenField, o *Object) *writtenType {
	types := []string{o.typeName}
	switch o.source.(type) {
	case *nodeSource:
		types = append(types, "Node")
	case *connectionSource, *edgeSource, *valueSource, *entrySource, *fieldChangeSource, plain:
	default:
		return nil
	}
	t := &writtenType{name: o.typeName}
	for _, c := range graphql.CollectFields(w.op, f.Selections, types) {
		twice := slices.ContainsFunc(t.fields, func(other *writtenField) bool { return other.Alias == c.Alias })
		if twice || c.Definition == nil || c.IsDeferred() || c.Name == possibleCommands { // which reads the log
			return nil
		}
		key := append(strconv.AppendQuote(nil, c.Alias), ':') // a name is of ASCII letters
		if len(t.fields) > 0 {
			key = append([]byte{','}, key...)
		}
		ctx := graphql.WithFieldContext(f.ctx, &graphql.FieldContext{Object: o.typeName, Field: c})
		t.fields = append(t.fields, &writtenField{CollectedField: c, ctx: ctx, key: key})
	}
	return t
}

func (w *writer) object(f *writtenField, o *Object) bool {
	if f.below == nil || f.below.name != o.typeName {
		if f.below = w.selected(f, o); f.below == nil {
			return false
		}
	}
	w.out = append(w.out, '{')
	for _, sub := range f.below.fields {
		w.out = append(w.out, sub.key...)
		if sub.Name == "__typename" {
			w.text(o.typeName)
			continue
		}
		v, err := o.source.value(sub.ctx, sub.Name)
		if err != nil || !w.value(sub, sub.Definition.Type, v) {
			return false
		}
	}
	w.out = append(w.out, '}')
	return true
}

func (w *writer) value(f *writtenField, t *ast.Type, v any) bool {
	if v == nil {
		w.out = append(w.out, "null"...)
		return !t.NonNull
	}
	if t.Elem != nil {
		switch v := v.(type) {
		case []*Object:
			return v != nil && list(w, f, t.Elem, v)
		case []any:
			return list(w, f, t.Elem, v)
		}
		return false
	}
	if o, ok := v.(*Object); ok {
		return o != nil && w.object(f, o)
	}
	return w.scalar(t.NamedType, v)
}

func list[E any](w *writer, f *writtenField, t *ast.Type, vs []E) bool {
	w.out = append(w.out, '[')
	for i, v := range vs {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if f.ctx.Err() != nil || !w.value(f, t, v) {
			return false
		}
	}
	w.out = append(w.out, ']')
	return true
}

// scalar writes a value that is of the Go type which its GraphQL type is bound to.
func (w *writer) scalar(name string, v any) bool {
	switch v := v.(type) {
	case string:
		w.text(v)
		return !bound(name)
	case int:
		w.out = strconv.AppendInt(w.out, int64(v), 10)
		return name == "Int"
	case bool:
		w.out = strconv.AppendBool(w.out, v)
		return name == "Boolean"
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
		w.out = strconv.AppendFloat(w.out, v, 'g', -1, 64)
		return name == "Float"
	case scalar.Decimal, scalar.DateTime, scalar.Date, scalar.Long, scalar.UUID, scalar.JSON: // GraphQL calls them as Go does
		v.(graphql.Marshaler).MarshalGQL(w)
		return name == reflect.TypeOf(v).Name()
	}
	return false
}

// bound reports whether a scalar's Go type is another than string.
func bound(name string) bool {
	switch name {
	case "Int", "Boolean", "Float", "Decimal", "DateTime", "Date", "Long", "UUID", "JSON":
		return true
	}
	return false
}

// Write implements io.Writer.
func (w *writer) Write(b []byte) (int, error) {
	w.out = append(w.out, b...)
	return len(b), nil
}

// WriteString implements io.StringWriter.
func (w *writer) WriteString(s string) (int, error) {
	w.out = append(w.out, s...)
	return len(s), nil
}

// text writes a string, as gqlgen does.
func (w *writer) text(s string) {
	const hex = "0123456789ABCDEF"
	w.out = append(w.out, '"')
	begin := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		w.out = append(w.out, s[begin:i]...)
		begin = i + 1
		switch c {
		case '\t':
			w.out = append(w.out, `\t`...)
		case '\r':
			w.out = append(w.out, `\r`...)
		case '\n':
			w.out = append(w.out, `\n`...)
		case '"', '\\':
			w.out = append(w.out, '\\', c)
		default:
			w.out = append(w.out, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	w.out = append(append(w.out, s[begin:]...), '"')
}
