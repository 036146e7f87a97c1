package logtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// invalidTimers are the ways in which an append's timers can be wrong.
func invalidTimers(o eventlog.Ref) map[string]func(*eventlog.Append) {
	timer := func(spoil func(*eventlog.Timer)) func(*eventlog.Append) {
		return func(a *eventlog.Append) {
			one := eventlog.Timer{TimerKey: timeout(o, "t"), After: time.Second}
			spoil(&one)
			a.Timers = append(a.Timers, one)
		}
	}
	key := func(k eventlog.TimerKey) func(*eventlog.Append) {
		return func(a *eventlog.Append) { a.Cancel = append(a.Cancel, k) }
	}
	return map[string]func(*eventlog.Append){
		"no kind of timer":            timer(func(t *eventlog.Timer) { t.Kind = "alarm" }),
		"no timer's entity":           timer(func(t *eventlog.Timer) { t.Ref.Entity = "" }),
		"no timer's name":             timer(func(t *eventlog.Timer) { t.Name = "" }),
		"control char in a timer":     timer(func(t *eventlog.Timer) { t.Name = "a\nb" }),
		"long timer's name":           timer(func(t *eventlog.Timer) { t.Name = strings.Repeat("x", 201) }),
		"no time of a timer":          timer(func(t *eventlog.Timer) { t.After = 0 }),
		"negative time of a timer":    timer(func(t *eventlog.Timer) { t.After = -1 }),
		"two times of a timer":        timer(func(t *eventlog.Timer) { t.At = longAgo }),
		"a time too far":              timer(func(t *eventlog.Timer) { t.After, t.At = 0, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"timer's data is no JSON":     timer(func(t *eventlog.Timer) { t.Data = raw("{") }),
		"timer's data is too long":    timer(func(t *eventlog.Timer) { t.Data = raw(strings.Repeat("1", eventlog.MaxTimerBytes+1)) }),
		"no kind of a cancelled one":  key(eventlog.TimerKey{Ref: o, Name: "t"}),
		"no name of a cancelled one":  key(timeout(o, "")),
		"no entity of a cancelled":    key(timeout(eventlog.Ref{}, "t")),
		"no token of a fired one":     func(a *eventlog.Append) { a.Fire = &eventlog.Fire{TimerKey: timeout(o, "t")} },
		"no key of a fired one":       func(a *eventlog.Append) { a.Fire = &eventlog.Fire{Token: "t"} },
		"too many timers":             func(a *eventlog.Append) { a.Timers = make([]eventlog.Timer, eventlog.MaxTimers+1) },
		"too many cancelled":          func(a *eventlog.Append) { a.Cancel = make([]eventlog.TimerKey, eventlog.MaxTimers+1) },
		"negative depth":              func(a *eventlog.Append) { a.Depth = -1 },
		"too deep":                    func(a *eventlog.Append) { a.Depth = eventlog.MaxDepth + 1 },
		"long causation":              func(a *eventlog.Append) { a.CausationID = strings.Repeat("x", eventlog.MaxCause+1) },
		"control char in correlation": func(a *eventlog.Append) { a.CorrelationID = "\x00" },
		"timers without a primary": func(a *eventlog.Append) {
			timer(func(*eventlog.Timer) {})(a)
			a.Events, a.Primary = nil, eventlog.Ref{}
		},
		"no condition of one of several": func(a *eventlog.Append) {
			a.Events = append(a.Events, eventlog.NewEvent{Ref: ref("o2"), Name: "x"}, a.Events[0])
		},
	}
}

// testInvalidCalls has every call but Append and Load asked for what no log has.
func testInvalidCalls(t *testing.T, s *suite) {
	long, control := strings.Repeat("x", eventlog.MaxNoteID+1), "a\nb"
	due := func(partition int, kind string, limit int) func() error {
		return func() error { _, err := s.log.Due(s.ctx, partition, kind, limit); return err }
	}
	timers := func(partition int, kind string, limit int) func() error {
		return func() error { _, err := s.log.Timers(s.ctx, partition, kind, nil, limit); return err }
	}
	move := func(f eventlog.Fire) func() error {
		return func() error { _, err := s.log.MoveTimer(s.ctx, f, 0); return err }
	}
	cursor := func(name string, partition int) func() error {
		return func() error { _, err := s.log.Cursor(s.ctx, name, partition); return err }
	}
	set := func(name string, partition int, c eventlog.Cursor) func() error {
		return func() error { return s.log.SetCursor(s.ctx, name, partition, c) }
	}
	add := func(kind, id, data string, keep int) func() error {
		return func() error {
			return s.log.AddNote(s.ctx, kind, eventlog.Note{ID: id, Data: raw(data)}, keep, false)
		}
	}
	notes := func(kind, after string, limit int) func() error {
		return func() error {
			_, err := s.log.Notes(s.ctx, eventlog.NotePage{Kind: kind, After: after, Limit: limit})
			return err
		}
	}
	note := func(kind, id string) func() error {
		return func() error {
			_, err := s.log.Note(s.ctx, kind, id)
			_, rerr := s.log.RemoveNote(s.ctx, kind, id)
			if !errors.Is(rerr, eventlog.ErrInvalid) {
				t.Errorf("remove a note %q of %q: %v", id, kind, rerr)
			}
			return err
		}
	}
	for what, calls := range map[string][]func() error{
		"due": {due(-1, eventlog.TimeoutTimer, 1), due(Partitions, eventlog.TimeoutTimer, 1), due(0, "alarm", 1), due(0, eventlog.CommandTimer, 0),
			due(0, eventlog.CommandTimer, eventlog.MaxTimers+1)},
		"timers": {timers(-1, eventlog.TimeoutTimer, 1), timers(Partitions, eventlog.TimeoutTimer, 1), timers(0, "", 1), timers(0, eventlog.CommandTimer, 0),
			timers(0, eventlog.CommandTimer, eventlog.MaxTimers+1)},
		"move a timer": {move(eventlog.Fire{}), move(eventlog.Fire{TimerKey: timeout(ref("o1"), "t")}), move(eventlog.Fire{Token: "t"})},
		"cursor":       {cursor("", 0), cursor("a", -1), cursor("a", Partitions), cursor(control, 0)},
		"set a cursor": {set("", 0, eventlog.Cursor{}), set("a", Partitions, eventlog.Cursor{}), set("a", 0, eventlog.Cursor{Hash: control}),
			set("a", 0, eventlog.Cursor{Place: position.Place{Seq: 1 << 53}}), set("a", 0, eventlog.Cursor{Place: position.Place{Epoch: 1 << 53}})},
		"add a note": {add("", "a", "1", 1), add(control, "a", "1", 1), add("k", "", "1", 1), add("k", long, "1", 1), add("k", control, "1", 1), add("k", "a", "{", 1),
			add("k", "a", strings.Repeat("1", eventlog.MaxNoteBytes+1), 1), add("k", "a", "1", 0)},
		"notes": {notes("", "", 1), notes("k", long, 1), notes("k", "", 0), notes("k", "", eventlog.MaxNotes+1)},
		"note":  {note("", "a"), note("k", ""), note("k", long)},
	} {
		for i, call := range calls {
			if err := call(); !errors.Is(err, eventlog.ErrInvalid) {
				t.Errorf("%s %d: %v, want ErrInvalid", what, i, err)
			}
		}
	}
}

// calls are those about timers, cursors and notes, each one that the log can do.
func (s *suite) calls(ctx context.Context) map[string]func() error {
	return map[string]func() error{
		"due":    func() error { _, err := s.log.Due(ctx, 0, eventlog.TimeoutTimer, 1); return err },
		"timers": func() error { _, err := s.log.Timers(ctx, 0, eventlog.TimeoutTimer, nil, 1); return err },
		"move a timer": func() error {
			_, err := s.log.MoveTimer(ctx, eventlog.Fire{TimerKey: timeout(ref("o1"), "t"), Token: "t"}, 0)
			return err
		},
		"hash":          func() error { _, err := s.log.HashAt(ctx, 0, position.Place{}); return err },
		"watermark":     func() error { _, err := s.log.Watermark(ctx, 0); return err },
		"cursor":        func() error { _, err := s.log.Cursor(ctx, "a", 0); return err },
		"set a cursor":  func() error { return s.log.SetCursor(ctx, "a", 0, eventlog.Cursor{Place: position.Place{Seq: 1}}) },
		"add a note":    func() error { return s.log.AddNote(ctx, "k", eventlog.Note{ID: "a"}, 1, false) },
		"notes":         func() error { _, err := s.log.Notes(ctx, eventlog.NotePage{Kind: "k", Limit: 1}); return err },
		"note":          func() error { _, err := s.log.Note(ctx, "k", "a"); return err },
		"remove a note": func() error { _, err := s.log.RemoveNote(ctx, "k", "b"); return err },
	}
}
