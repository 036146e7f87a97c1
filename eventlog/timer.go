package eventlog

import (
	"encoding/json"
	"errors"
	"time"
)

// ErrNoTimer means that the timer that an append fires is not there any more: it was fired, cancelled or set anew. Nothing was written.
var ErrNoTimer = errors.New("the timer is not there any more")

// The kinds of timers.
const (
	TimeoutTimer = "timeout" // set by entering a state
	CommandTimer = "command" // a command to run at a time
)

// TimerKey names a timer. It lies in the partition of its entity.
type TimerKey struct {
	Kind string // TimeoutTimer or CommandTimer
	Ref  Ref    // the entity that it is about
	Name string // 1 to MaxText bytes: one timer of a kind, entity and name
}

// Timer is a timer to set. It replaces one of the same key. Timers go by the log's own clock (of the Redis server; of the process's steady clock on SQLite),
// never by a clock that can be set while it runs, and never by the time of events: an event's time may be raised or imported.
type Timer struct {
	TimerKey
	After time.Duration   // how long from now; 0 if At says when
	At    time.Time       // when; the zero time if After says it. In the past: due at once
	Data  json.RawMessage // what is to be done, at most MaxTimerBytes
}

// SetTimer is a timer that is set.
type SetTimer struct {
	TimerKey
	Token string          // the command id of the append that set it: tells it from one that was set later under the same key
	Due   time.Time       // UTC, to the millisecond
	Data  json.RawMessage // byte for byte as it was set
}

// Fire is the condition of an append that a timer is there still as it was set under that token. The append removes it.
type Fire struct {
	TimerKey
	Token string
}

// Due is what a partition's timers of a kind say.
type Due struct {
	Timers []SetTimer    // those that are due, the oldest first
	Next   time.Duration // how long until the next one is due after those; negative if there is none. 0 if more are due than were asked for
}
