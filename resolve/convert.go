package resolve

import (
	"fmt"
	"reflect"

	"github.com/daybook-cqrs/daybook/scalar"
)

// convert turns a value as records hold it into the Go type that gqlgen binds a field to: a nullable scalar is a pointer there, a list typed.
func convert[T any](v any) (T, error) {
	var out T
	if v == nil {
		return out, nil
	}
	if t, ok := v.(T); ok {
		return t, nil
	}
	if pointed(&out, v) {
		return out, nil
	}
	err := assign(reflect.ValueOf(&out).Elem(), v)
	return out, err
}

// pointed handles the common nullable scalars without reflection.
func pointed(out, v any) bool {
	switch p := out.(type) {
	case **string:
		return point(p, v)
	case **int:
		return point(p, v)
	case **float64:
		return point(p, v)
	case **bool:
		return point(p, v)
	case **scalar.Decimal:
		return point(p, v)
	case **scalar.DateTime:
		return point(p, v)
	case **scalar.Date:
		return point(p, v)
	case **scalar.Long:
		return point(p, v)
	case **scalar.UUID:
		return point(p, v)
	case **scalar.JSON:
		return point(p, v)
	}
	return false
}

func point[E any](p **E, v any) bool {
	e, ok := v.(E)
	if ok {
		*p = &e
	}
	return ok
}

// assign sets dst, of whatever type, to v: it allocates pointers and converts lists element by element.
func assign(dst reflect.Value, v any) error {
	if v == nil {
		return nil
	}
	src := reflect.ValueOf(v)
	switch {
	case src.Type().AssignableTo(dst.Type()):
		dst.Set(src)
		return nil
	case dst.Kind() == reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		return assign(dst.Elem(), v)
	case dst.Kind() == reflect.Slice && src.Kind() == reflect.Slice:
		dst.Set(reflect.MakeSlice(dst.Type(), src.Len(), src.Len()))
		for i := range src.Len() {
			if err := assign(dst.Index(i), src.Index(i).Interface()); err != nil {
				return err
			}
		}
		return nil
	case src.Kind() == dst.Kind() && src.CanConvert(dst.Type()):
		dst.Set(src.Convert(dst.Type()))
		return nil
	}
	return fmt.Errorf("a %T is no %s", v, dst.Type())
}
