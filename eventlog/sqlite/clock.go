package sqlite

import "time"

// clock is what timers go by: the wall clock as it was when the log was opened, and from then on a steady clock. A wall clock that is set while the
// process runs makes no timer due early, late or twice.
type clock struct {
	wall   func() time.Time     // for what people read: events, notes
	steady func() time.Duration // since some moment; never stepped
	base   time.Time            // the wall clock when steady was from
	from   time.Duration
}

func newClock(wall func() time.Time, steady func() time.Duration) *clock {
	return &clock{wall: wall, steady: steady, base: wall(), from: steady()}
}

// millis returns the Unix millisecond that it is for timers.
func (c *clock) millis() int64 { return c.base.Add(c.steady() - c.from).UnixMilli() }
