package sqlite

import (
	"errors"
	"unicode/utf8"

	"github.com/daybook-cqrs/daybook/internal/rawjson"
)

// A body is a JSON object with the fields that are not null, written compactly by this package. It is read by its top level only: a
// member's raw value is found without decoding it, so that a projection costs what it selects and a write keeps what it doesn't know.

// member is one field of a body.
type member struct {
	name string
	raw  string
}

var errBody = errors.New("a stored body is not the JSON object it should be")

// usual is how many members a body has at most, as a rule: a slice of that capacity, given to members by who keeps it no longer than itself, is not allocated.
const usual = 16

// members splits a body, and appends its members to out.
func members(out []member, body string) ([]member, error) {
	err := rawjson.Members(body, func(name, value string) error {
		out = append(out, member{name, value})
		return nil
	})
	if err != nil {
		return nil, errBody
	}
	return out, nil
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
