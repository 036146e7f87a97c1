//go:build !linux

package sqlite

import "time"

// steadyClock returns a clock that nobody can set. On some systems it stands still while the machine sleeps: timers are late by that much then, never early.
func steadyClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
