package gen

// helpersFile is named after a file that is not part of the model, so that no file of the model has its code there.
const helpersFile = "daybook_gen.go"

// recordHelpers are the functions that the types of package entity are made with.
const recordHelpers = header + `package entity

import "` + runtimeModule + `/schema"

func as[T any](v any) T { return v.(T) }

func text[T ~string](v any) T { return T(v.(string)) }

func record[T any](of func(schema.Record) T) func(any) T {
	return func(v any) T { return of(v.(schema.Record)) }
}

func one[T any](v any, of func(any) T) T {
	if v == nil {
		var zero T
		return zero
	}
	return of(v)
}

func nullable[T any](v any, of func(any) T) *T {
	if v == nil {
		return nil
	}
	t := of(v)
	return &t
}

func list[T any](v any, of func(any) T) []T {
	items, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]T, len(items))
	for i, item := range items {
		out[i] = of(item)
	}
	return out
}

func listOfNullable[T any](v any, of func(any) T) []*T {
	items, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]*T, len(items))
	for i, item := range items {
		out[i] = nullable(item, of)
	}
	return out
}

func plain[T any](v T) any { return v }

func untext[T ~string](v T) any { return string(v) }

func unrecord[T interface{ Record() schema.Record }](v T) any { return v.Record() }

func putNullable[T any](r schema.Record, name string, v *T, to func(T) any) {
	if v != nil {
		r[name] = to(*v)
	}
}

func putUnlessZero[T comparable](r schema.Record, name string, v T, to func(T) any) {
	var zero T
	if v != zero {
		r[name] = to(v)
	}
}

func putList[T any](r schema.Record, name string, v []T, to func(T) any) {
	if v == nil {
		return
	}
	items := make([]any, len(v))
	for i, e := range v {
		items[i] = to(e)
	}
	r[name] = items
}

func putListOfNullable[T any](r schema.Record, name string, v []*T, to func(T) any) {
	if v == nil {
		return
	}
	items := make([]any, len(v))
	for i, e := range v {
		if e != nil {
			items[i] = to(*e)
		}
	}
	r[name] = items
}

// Helpers that this model does not need.
var (
	_ = as[int]
	_ = text[string]
	_ = record[int]
	_ = nullable[int]
	_ = list[int]
	_ = listOfNullable[int]
	_ = plain[int]
	_ = untext[string]
	_ = putNullable[int]
	_ = putUnlessZero[int]
	_ = putList[int]
	_ = putListOfNullable[int]
)
`
