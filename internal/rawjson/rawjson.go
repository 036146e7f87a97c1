// Package rawjson splits JSON that is known to be valid, because Daybook wrote it or checked it when it came in, without decoding it: a reader decodes
// only what it needs, and each byte is looked at once per level. Damaged JSON gives an error or wrong parts, never a panic.
package rawjson

import "errors"

// Text is what JSON is held in.
type Text interface{ ~string | ~[]byte }

// What texts give that are not what they should be.
var (
	ErrObject = errors.New("no JSON object")
	ErrArray  = errors.New("no JSON array")
)

// Members calls each with the members of an object, in order, until it returns an error. Names are without their quotes, escapes as they are written.
func Members[T Text](object T, each func(name string, value T) error) error {
	i, end := space(object, 0), len(object)
	for end > 0 && blank(object[end-1]) {
		end--
	}
	if end-i < 2 || object[i] != '{' || object[end-1] != '}' {
		return ErrObject
	}
	end--
	for i = space(object, i+1); i < end; i = space(object, i) {
		if object[i] == ',' {
			i = space(object, i+1)
		}
		if i >= end || object[i] != '"' {
			return ErrObject
		}
		key := i
		i = skipString(object, i)
		name := string(object[key+1 : max(i-1, key+1)])
		if i = space(object, i); i >= end || object[i] != ':' {
			return ErrObject
		}
		from := space(object, i+1)
		if i = skip(object, from); i <= from || i > end {
			return ErrObject
		}
		if err := each(name, object[from:i]); err != nil {
			return err
		}
	}
	return nil
}

// Elements calls each with the elements of an array, in order, until it returns an error.
func Elements[T Text](array T, each func(value T) error) error {
	i, end := space(array, 0), len(array)
	for end > 0 && blank(array[end-1]) {
		end--
	}
	if end-i < 2 || array[i] != '[' || array[end-1] != ']' {
		return ErrArray
	}
	end--
	for i = space(array, i+1); i < end; i = space(array, i) {
		if array[i] == ',' {
			i = space(array, i+1)
		}
		from := i
		if i = skip(array, from); i <= from || i > end {
			return ErrArray
		}
		if err := each(array[from:i]); err != nil {
			return err
		}
	}
	return nil
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// space returns where what is no white space begins, from i on.
func space[T Text](b T, i int) int {
	for i < len(b) && blank(b[i]) {
		i++
	}
	return i
}

// skip returns where the value that begins at i ends. On damaged text it returns some place within b.
func skip[T Text](b T, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipString(b, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // the end of what is around a number or literal
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

func skipString[T Text](b T, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}
