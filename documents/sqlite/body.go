package sqlite

import (
	"errors"
	"unicode/utf8"
)

// A body is a JSON object with the fields that are not null, written compactly by this package. It is read by its top level only: a
// member's raw value is found without decoding it, so that a projection costs what it selects and a write keeps what it doesn't know.

// member is one field of a body.
type member struct {
	name string
	raw  string
}

var errBody = errors.New("a stored body is not the JSON object it should be")

// members splits a body.
func members(body string) ([]member, error) {
	if len(body) < 2 || body[0] != '{' || body[len(body)-1] != '}' {
		return nil, errBody
	}
	out := make([]member, 0, 16)
	for i := 1; i < len(body)-1; {
		if body[i] == ',' {
			i++
		}
		if body[i] != '"' {
			return nil, errBody
		}
		end := skipValue(body, i)
		if end >= len(body) || body[end] != ':' {
			return nil, errBody
		}
		from := end + 1
		to := skipValue(body, from)
		if to <= from || to > len(body)-1 {
			return nil, errBody
		}
		out = append(out, member{name: body[i+1 : end-1], raw: body[from:to]})
		i = to
	}
	return out, nil
}

// skipValue returns where the JSON value that begins at i ends. On damaged input it returns some place within b.
func skipValue(b string, i int) int {
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
				return i // the end of the object around a number or literal
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

func skipString(b string, i int) int {
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

// join writes members as a body.
func join(ms []member) string {
	n := 2
	for _, m := range ms {
		n += len(m.name) + len(m.raw) + 4
	}
	b := append(make([]byte, 0, n), '{')
	for i, m := range ms {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, m.name...)
		b = append(b, '"', ':')
		b = append(b, m.raw...)
	}
	return string(append(b, '}'))
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. Bytes that are no UTF-8 become U+FFFD, as they would in an event.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}
