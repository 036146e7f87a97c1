package sqlite

import (
	"time"

	"golang.org/x/sys/unix"
)

// steadyClock returns a clock that nobody can set, and that goes on while the machine sleeps.
func steadyClock() func() time.Duration {
	start := time.Now()
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil { // a sandbox that forbids it: one that stands still while the machine sleeps
		return func() time.Duration { return time.Since(start) }
	}
	return func() time.Duration {
		var t unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
			panic("sqlite: the clock since boot can't be read any more: " + err.Error()) // it has no such error once it could be read
		}
		return time.Duration(t.Nano())
	}
}
