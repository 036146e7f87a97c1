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
