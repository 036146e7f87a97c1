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

func (k TimerKey) checkKey() error {
	if err := checkKind(k.Kind); err != nil {
		return err
	}
	if err := checkRef("timer", k.Ref); err != nil {
		return err
	}
	return checkText("timer's name", k.Name)
}

// Check returns an error that wraps ErrInvalid if f can't name a timer that was set.
func (f Fire) Check() error {
	if err := f.checkKey(); err != nil {
		return err
	}
	return checkText("timer's token", f.Token)
}

// CheckTimers returns an error that wraps ErrInvalid if no log can answer with up to limit timers of the kind.
func CheckTimers(kind string, limit int) error {
	if limit < 1 || limit > MaxTimers {
		return invalid("%d timers are asked for, not 1 to %d", limit, MaxTimers)
	}
	return checkKind(kind)
}

func checkKind(kind string) error {
	if kind != TimeoutTimer && kind != CommandTimer {
		return invalid("%q is no kind of timers", kind)
	}
	return nil
}

func (a Append) checkTimers() error {
	if len(a.Timers) > MaxTimers || len(a.Cancel) > MaxTimers {
		return invalid("%d timers are set and %d cancelled, more than %d", len(a.Timers), len(a.Cancel), MaxTimers)
	}
	for i := range a.Timers {
		if err := a.Timers[i].check(); err != nil {
			return err
		}
	}
	for _, k := range a.Cancel {
		if err := k.checkKey(); err != nil {
			return err
		}
	}
	if a.Fire == nil {
		return nil
	}
	return a.Fire.Check()
}

func (t *Timer) check() error {
	if err := t.checkKey(); err != nil {
		return err
	}
	if t.After < 0 || (t.After > 0) != t.At.IsZero() {
		return invalid("timer %s of %s: a timer has a time After, above 0, or a time At, and not both", t.Name, t.Ref)
	}
	if y := t.At.UTC().Year(); y < 1 || y > 9999 {
		return invalid("timer %s of %s is outside the years 1 to 9999", t.Name, t.Ref)
	}
	if len(t.Data) > MaxTimerBytes {
		return invalid("timer %s of %s: %d bytes of data, more than %d", t.Name, t.Ref, len(t.Data), MaxTimerBytes)
	}
	return checkJSON("data of timer "+t.Name, t.Data)
}
