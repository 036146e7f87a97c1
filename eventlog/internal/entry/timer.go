package entry

import (
	"cmp"
	"math"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// DueMillis returns when t is due, set at the Unix millisecond now: a Unix millisecond, rounded up, so that no timer is due early.
func DueMillis(t *eventlog.Timer, now int64) int64 {
	if t.After > 0 {
		return now + Millis(t.After)
	}
	due := t.At.UnixMilli()
	if t.At.Nanosecond()%int(time.Millisecond) > 0 {
		due++
	}
	return due
}

// Millis returns d in milliseconds, rounded up.
func Millis(d time.Duration) int64 {
	if d%time.Millisecond > 0 {
		return d.Milliseconds() + 1
	}
	return d.Milliseconds()
}

// NextDue returns Due.Next, for a timer that is due at the Unix millisecond due: at most the longest time that there is.
func NextDue(due, now int64) time.Duration {
	return time.Duration(min(max(due-now, 0), math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
}

// CompareTimers orders timers of one kind and partition as Due and Timers return them.
func CompareTimers(a, b *eventlog.SetTimer) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Ref.Entity, b.Ref.Entity), cmp.Compare(a.Ref.ID, b.Ref.ID), cmp.Compare(a.Name, b.Name))
}
