package daybooktest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"

	"github.com/daybook-cqrs/daybook/schema"
)

// coerce makes of a plain Go value what records hold.
func (k *Kit) coerce(t schema.Type, v any, path string) any {
	k.t.Helper()
	out, err := k.model.Coerce(t, plain(v), path)
	if err != nil {
		k.t.Fatalf("%v", err)
	}
	return out
}

// plain makes of a value what a request of the API could have: times are texts there.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, one := range v {
			out[name] = plain(one)
		}
		return out
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice && r.Type().Elem().Kind() != reflect.Uint8 {
		out := make([]any, r.Len())
		for i := range out {
			out[i] = plain(r.Index(i).Interface())
		}
		return out
	}
	return v
}

// shown is a record's value as the API would show it, so that it can be compared and printed.
func (k *Kit) shown(t schema.Type, v any) any {
	k.t.Helper()
	raw, err := k.model.EncodeStored(t, v)
	if err != nil {
		k.t.Fatalf("%v", err)
	}
	return k.decoded(raw)
}

func (k *Kit) decoded(raw json.RawMessage) any {
	k.t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		k.t.Fatalf("%s: %v", raw, err)
	}
	return numbers(out)
}

// numbers makes Go's numbers of JSON's.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}
