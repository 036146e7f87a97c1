package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// DateTime is an instant, in UTC with nanoseconds, from year 1 to year 9999. It is a value, comparable with ==. The zero value is 0001-01-01T00:00:00Z.
type DateTime struct {
	sec  int64 // since 0001-01-01T00:00:00Z
	nsec int32
}

const (
	unixOfYearOne = -62135596800
	maxSec        = 253402300799 - unixOfYearOne // 9999-12-31T23:59:59Z
	sortable      = "2006-01-02T15:04:05.000000000Z"
)

// ErrDateTime is wrapped by errors about text that is no DateTime.
var ErrDateTime = error(inputError("not a DateTime: write RFC 3339 such as \"2026-01-31T09:30:00Z\", years 1 to 9999, with or without a fraction of up to 9 digits"))

// NewDateTime returns the instant t. Instants outside the years 1 to 9999 become the nearest one inside.
func NewDateTime(t time.Time) DateTime {
	sec := t.Unix() - unixOfYearOne
	switch {
	case sec < 0:
		return DateTime{}
	case sec > maxSec:
		return DateTime{maxSec, 999_999_999}
	}
	return DateTime{sec, int32(t.Nanosecond())} //nolint:gosec // below 1e9
}

// ParseDateTime reads RFC 3339 with any offset and up to nine digits of fraction.
func ParseDateTime(s string) (DateTime, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !strict(s) {
		return DateTime{}, fmt.Errorf("%w (got %q)", ErrDateTime, clip(s))
	}
	if u := t.Unix() - unixOfYearOne; u < 0 || u > maxSec {
		return DateTime{}, fmt.Errorf("%w (got %q)", ErrDateTime, clip(s))
	}
	return NewDateTime(t), nil
}

// strict refuses what package time reads though RFC 3339 does not have it (go.dev/issue/54580): an hour of one digit, a comma before the fraction,
// offsets of 24 hours or 60 minutes; and more than nine digits of fraction, of which it drops some.
func strict(s string) bool {
	const seconds = len("2006-01-02T15:04:05")
	if len(s) <= seconds || s[13] != ':' {
		return false
	}
	fraction, offset := "", s[seconds:]
	if i := strings.IndexAny(offset, "Z+-"); i > 0 {
		fraction, offset = offset[:i], offset[i:]
	}
	if fraction != "" && (fraction[0] != '.' || len(fraction) > 10) {
		return false
	}
	return offset == "Z" || len(offset) == len("+00:00") && offset[1:3] < "24" && offset[4:] < "60"
}

// Time returns the instant as a time.Time in UTC.
func (t DateTime) Time() time.Time { return time.Unix(t.sec+unixOfYearOne, int64(t.nsec)).UTC() }

// String returns RFC 3339 in UTC, with as many digits of fraction as needed: "2026-01-31T09:30:00.25Z".
func (t DateTime) String() string { return t.Time().Format(time.RFC3339Nano) }

// Sortable returns RFC 3339 in UTC with nine digits of fraction: text whose byte order is the order in time. ParseDateTime reads it.
func (t DateTime) Sortable() string { return t.Time().Format(sortable) }

// Compare returns -1, 0 or 1 as t is before, equal to or after o.
func (t DateTime) Compare(o DateTime) int {
	switch {
	case t.sec != o.sec:
		return compare(t.sec, o.sec)
	default:
		return compare(t.nsec, o.nsec)
	}
}

// MarshalJSON writes String as a JSON string.
func (t DateTime) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads a JSON string.
func (t *DateTime) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("%w (got %s)", ErrDateTime, clip(string(b)))
	}
	return t.parse(s)
}

// MarshalGQL writes String as a string.
func (t DateTime) MarshalGQL(w io.Writer) { io.WriteString(w, strconv.Quote(t.String())) } //nolint:errcheck // gqlgen writes to memory

// UnmarshalGQL reads a string.
func (t *DateTime) UnmarshalGQL(v any) error {
	switch v := v.(type) {
	case string:
		return t.parse(v)
	case DateTime:
		*t = v
		return nil
	}
	return fmt.Errorf("%w (got a %T)", ErrDateTime, v)
}

func (t *DateTime) parse(s string) error {
	v, err := ParseDateTime(s)
	if err == nil {
		*t = v
	}
	return err
}
