package aggregate

import (
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func hourOf(t scalar.DateTime) scalar.DateTime {
	return scalar.NewDateTime(t.Time().Truncate(time.Hour))
}

func beginOfDay(b schema.Bucket, d scalar.Date) any {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d // decoded values are valid
	}
	return begin(b, t)
}

// begin returns the first day of the span that t, in UTC, is in.
func begin(b schema.Bucket, t time.Time) scalar.Date {
	y, m, d := t.Date()
	switch b {
	case schema.Week:
		d -= (int(t.Weekday()) + 6) % 7 // days since Monday
	case schema.Month:
		d = 1
	case schema.Quarter:
		m, d = m-(m-1)%3, 1
	case schema.Year:
		m, d = time.January, 1
	}
	return scalar.Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)) // no week begins before 0001-01-01, a Monday
}

// End returns the end of the span of time that begins with v, a Date or DateTime that Bucket returned: the first time, or day, after it, of the same type. Of one that is later in
// a span it is not before the end of that span. nil: it ends with time itself, in the year 9999.
func End(b schema.Bucket, v any) any {
	switch v := v.(type) {
	case scalar.DateTime:
		if t := v.Time().Add(time.Hour); t.Year() <= 9999 {
			return scalar.NewDateTime(t)
		}
		return nil
	case scalar.Date:
		t, err := time.Parse(time.DateOnly, string(v))
		if err != nil {
			return v // decoded values are valid
		}
		switch b {
		case schema.Week:
			t = t.AddDate(0, 0, 7)
		case schema.Month:
			t = t.AddDate(0, 1, 0)
		case schema.Quarter:
			t = t.AddDate(0, 3, 0)
		case schema.Year:
			t = t.AddDate(1, 0, 0)
		default:
			t = t.AddDate(0, 0, 1)
		}
		if t.Year() > 9999 {
			return nil
		}
		return scalar.Date(t.Format(time.DateOnly))
	}
	return v // no model has that
}
