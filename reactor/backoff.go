package reactor

import (
	"math/rand/v2"
	"time"
)

// backoff gives pauses that double: each between half and all of its time, so that those who failed together do not try again together.
type backoff struct {
	min, max time.Duration
	next     time.Duration
}

func (o *Options) backoff() backoff { return backoff{min: o.MinBackoff, max: o.MaxBackoff} }

// pause returns the next one.
func (b *backoff) pause() time.Duration {
	d := min(max(b.next, b.min), b.max)
	b.next = 2 * d
	return jittered(d)
}

func (b *backoff) reset() { b.next = 0 }

// after returns the pause after that many failures.
func (b backoff) after(failures int) time.Duration {
	for range min(failures, 40) - 1 {
		b.pause()
	}
	return b.pause()
}

// jittered returns a time between half and all of d.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
