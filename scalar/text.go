package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Date is a calendar day without a zone, as "2006-01-02", years 0001 to 9999. Byte order is the order in time.
type Date string

// UUID is a UUID (RFC 9562) in lower-case text of 36 characters.
type UUID string

// Long is an integer of 64 bits. GraphQL shows it as a string, because JavaScript loses digits above 2^53.
type Long int64

// Errors about text that is none of these.
var (
	ErrDate = error(inputError("not a Date: write a day such as \"2026-01-31\", years 0001 to 9999"))
	ErrUUID = error(inputError("not a UUID: write 36 characters such as \"0190b5f4-7a3e-7cc3-98a1-0d2f5e6b7c8d\""))
	ErrLong = error(inputError("not a Long: write an integer of at most 64 bits, as a string or a number"))
)

// ParseDate reads a day that exists.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return "", fmt.Errorf("%w (got %q)", ErrDate, clip(s))
	}
	return Date(s), nil
}

// ParseUUID reads a UUID of any version in the usual form; upper case becomes lower.
func ParseUUID(s string) (UUID, error) {
	if len(s) != 36 {
		return "", fmt.Errorf("%w (got %q)", ErrUUID, clip(s))
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return "", fmt.Errorf("%w (got %q)", ErrUUID, clip(s))
	}
	return UUID(u.String()), nil
}

// NewUUID draws a UUIDv7 (RFC 9562, section 5.7): ids drawn later by one process sort later. It panics if the system has no randomness.
func NewUUID() UUID { return UUID(uuid.Must(uuid.NewV7()).String()) }

// ParseLong reads a decimal integer of 64 bits.
func ParseLong(s string) (Long, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w (got %q)", ErrLong, clip(s))
	}
	return Long(n), nil
}

// MarshalGQL writes a string.
func (d Date) MarshalGQL(w io.Writer) { io.WriteString(w, strconv.Quote(string(d))) } //nolint:errcheck // gqlgen writes to memory

// UnmarshalGQL reads a string.
func (d *Date) UnmarshalGQL(v any) error { return fromText(d, v, ParseDate, ErrDate) }

// UnmarshalJSON reads a JSON string.
func (d *Date) UnmarshalJSON(b []byte) error { return fromJSON(d, b, ParseDate, ErrDate) }

// MarshalGQL writes a string.
func (u UUID) MarshalGQL(w io.Writer) { io.WriteString(w, strconv.Quote(string(u))) } //nolint:errcheck // gqlgen writes to memory

// UnmarshalGQL reads a string.
func (u *UUID) UnmarshalGQL(v any) error { return fromText(u, v, ParseUUID, ErrUUID) }

// UnmarshalJSON reads a JSON string.
func (u *UUID) UnmarshalJSON(b []byte) error { return fromJSON(u, b, ParseUUID, ErrUUID) }

func fromText[T ~string](dst *T, v any, parse func(string) (T, error), wrong error) error {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case T:
		s = string(v)
	default:
		return fmt.Errorf("%w (got a %T)", wrong, v)
	}
	out, err := parse(s)
	if err == nil {
		*dst = out
	}
	return err
}

func fromJSON[T ~string](dst *T, b []byte, parse func(string) (T, error), wrong error) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("%w (got %s)", wrong, clip(string(b)))
	}
	return fromText(dst, s, parse, wrong)
}

// MarshalGQL writes a string.
func (l Long) MarshalGQL(w io.Writer) { //nolint:errcheck // gqlgen writes to memory
	io.WriteString(w, `"`+strconv.FormatInt(int64(l), 10)+`"`)
}

// UnmarshalGQL reads a string or an integer.
func (l *Long) UnmarshalGQL(v any) error {
	switch v := v.(type) {
	case string:
		return l.parse(v)
	case json.Number:
		return l.parse(v.String())
	case int64:
		*l = Long(v)
	case int:
		*l = Long(v)
	case int32:
		*l = Long(v)
	case Long:
		*l = v
	default:
		return fmt.Errorf("%w (got a %T)", ErrLong, v)
	}
	return nil
}

// UnmarshalJSON reads a JSON number or string.
func (l *Long) UnmarshalJSON(b []byte) error { return l.parse(strings.Trim(string(b), `"`)) }

func (l *Long) parse(s string) error {
	v, err := ParseLong(s)
	if err == nil {
		*l = v
	}
	return err
}
