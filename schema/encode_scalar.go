package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/daybook-cqrs/daybook/scalar"
)

// valueError is a value that can't be written. It is no InputError: a client's values were looked at before, so a rule or Daybook is at fault.
type valueError struct {
	path string // inside the value: "[2].price"
	what string
}

func (e *valueError) Error() string {
	if e.path == "" {
		return e.what
	}
	return e.path + ": " + e.what
}

var errNull = &valueError{"", "can't be null"}

func mismatch(t Type, v any) error { return &valueError{"", fmt.Sprintf("a %T is no %s", v, t.Name)} }

// under puts a field's name or an index before an error's path.
func under(step string, err error) error {
	e, ok := err.(*valueError) //nolint:errorlint // none of ours wraps one
	if !ok {
		return &valueError{step, err.Error()}
	}
	if e.path != "" && e.path[0] != '[' {
		step += "."
	}
	return &valueError{step + e.path, e.what}
}

// text refuses strings that a client could not give for the type.
func (e encoder) text(t Type, s string) error {
	if !e.strict {
		return nil
	}
	switch t.Kind {
	case KindEnum:
		if enum := e.Enum(t.Name); enum == nil || !enum.has(s) {
			return &valueError{"", fmt.Sprintf("%s has no value %q", t.Name, s)}
		}
	case KindID, KindEntity:
		if !LegalID(s) {
			return &valueError{"", fmt.Sprintf("is no ID of 1 to %d bytes without control characters", MaxIDBytes)}
		}
	default:
		if len(s) > MaxStringBytes {
			return &valueError{"", fmt.Sprintf("is longer than %d bytes", MaxStringBytes)}
		}
		if strings.IndexByte(s, 0) >= 0 {
			return &valueError{"", "is no text without NUL"}
		}
	}
	return nil
}

// appendScalar writes a value of package scalar. What was parsed costs no more than a look; a rule may have converted a string instead.
func appendScalar(b []byte, t Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case scalar.Decimal:
		if t.Kind == KindDecimal {
			return append(append(append(b, '"'), v.String()...), '"'), v.Valid()
		}
	case scalar.DateTime: // none is out of range
		if t.Kind == KindDateTime {
			return append(append(append(b, '"'), v.String()...), '"'), nil
		}
	case scalar.Date:
		if t.Kind == KindDate {
			if !v.Valid() {
				_, err := scalar.ParseDate(string(v))
				return nil, err
			}
			return append(append(append(b, '"'), v...), '"'), nil
		}
	case scalar.UUID:
		if t.Kind == KindUUID {
			if !v.Valid() { // upper case is a UUID, but not as it is stored
				parsed, err := scalar.ParseUUID(string(v))
				if err != nil {
					return nil, err
				}
				v = parsed
			}
			return append(append(append(b, '"'), v...), '"'), nil
		}
	case scalar.Long:
		if t.Kind == KindLong {
			return strconv.AppendInt(b, int64(v), 10), nil
		}
	case scalar.JSON:
		if t.Kind == KindJSON {
			text, err := v.Canonical()
			return append(b, text...), err
		}
	}
	return nil, mismatch(t, v)
}

// appendString writes a JSON string without escaping HTML: plain ASCII, which most strings are, byte by byte.
func appendString(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, &valueError{"", fmt.Sprintf("%q is no UTF-8", s[:min(len(s), 40)])}
	}
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(b, '"'), s...), '"'), nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...), nil
}
