package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// timerArgs returns what append.lua is told about timers: the sets that they are in, and for each set its keys.
func timerArgs(k keys, a *eventlog.Append) (sets int, names []string, args []any) {
	if len(a.Timers)+len(a.Cancel) == 0 && a.Fire == nil {
		return 0, nil, nil
	}
	indexes := map[string]int{} // by the set's key, from 1
	index := func(t eventlog.TimerKey) int {
		p := k.partitionOf(t.Ref)
		set := k.timers(p, t.Kind)
		if indexes[set] == 0 {
			names = append(names, k.meta(p), set, k.timerData(p, t.Kind))
			indexes[set] = len(indexes) + 1
		}
		return indexes[set]
	}
	gone := len(a.Cancel)
	if a.Fire != nil {
		gone++
	}
	args = append(args, gone, len(a.Timers))
	if f := a.Fire; f != nil {
		args = append(args, index(f.TimerKey), timerText(f.TimerKey), f.Token)
	}
	for _, t := range a.Cancel {
		args = append(args, index(t), timerText(t), "")
	}
	for i := range a.Timers {
		t := &a.Timers[i]
		from := ""
		if t.After > 0 {
			from = "now"
		}
		args = append(args, index(t.TimerKey), timerText(t.TimerKey), from, entry.DueMillis(t, 0), a.CommandID+"\n"+string(t.Data))
	}
	return len(indexes), names, args
}

// timerText is a timer's name in its set. Its parts have no control characters, so texts are in the order of the parts.
func timerText(k eventlog.TimerKey) string { return k.Ref.Entity + "\n" + k.Ref.ID + "\n" + k.Name }

// Due implements eventlog.Log, by the clock of Redis.
func (l *Log) Due(ctx context.Context, partition int, kind string, limit int) (eventlog.Due, error) {
	if err := errors.Join(l.checkPartition(partition), eventlog.CheckTimers(kind, limit)); err != nil {
		return eventlog.Due{}, err
	}
	reply, err := l.run(ctx, dueScript, l.timerNames(partition, kind), limit, eventlog.MaxReadBytes)
	if err == nil && len(reply) == 0 {
		err = fmt.Errorf("due.lua answered %q", reply)
	}
	if err != nil {
		return eventlog.Due{}, l.fail("due", err)
	}
	next, err := strconv.ParseInt(reply[0], 10, 64)
	if err != nil {
		return eventlog.Due{}, l.fail("due", err)
	}
	d := eventlog.Due{Next: -1}
	if next >= 0 {
		d.Next = entry.NextDue(next, 0)
	}
	d.Timers, err = parseTimers(kind, reply[1:])
	return d, l.fail("due", err)
}

// Timers implements eventlog.Log.
func (l *Log) Timers(ctx context.Context, partition int, kind string, after *eventlog.SetTimer, limit int) ([]eventlog.SetTimer, error) {
	if err := errors.Join(l.checkPartition(partition), eventlog.CheckTimers(kind, limit)); err != nil {
		return nil, err
	}
	text, due := "", int64(0)
	if after != nil {
		text, due = timerText(after.TimerKey), after.Due.UnixMilli()
	}
	reply, err := l.run(ctx, timersScript, l.timerNames(partition, kind), limit, eventlog.MaxReadBytes, text, due)
	if err != nil {
		return nil, l.fail("timers", err)
	}
	timers, err := parseTimers(kind, reply)
	return timers, l.fail("timers", err)
}

func (l *Log) timerNames(partition int, kind string) []string {
	return []string{l.keys.meta(partition), l.keys.timers(partition, kind), l.keys.timerData(partition, kind)}
}

// parseTimers reads the name, due time, token and data of each.
func parseTimers(kind string, parts []string) ([]eventlog.SetTimer, error) {
	out := make([]eventlog.SetTimer, 0, len(parts)/3)
	for ; len(parts) >= 3; parts = parts[3:] {
		name := strings.Split(parts[0], "\n")
		due, err := strconv.ParseInt(parts[1], 10, 64)
		token, data, ok := strings.Cut(parts[2], "\n")
		if err != nil || !ok || len(name) != 3 {
			return nil, fmt.Errorf("a timer can't be read: %q, due %q", parts[0], parts[1])
		}
		out = append(out, eventlog.SetTimer{
			TimerKey: eventlog.TimerKey{Kind: kind, Ref: eventlog.Ref{Entity: name[0], ID: name[1]}, Name: name[2]},
			Token:    token, Due: time.UnixMilli(due).UTC(), Data: rawOf(data),
		})
	}
	return out, nil
}

func rawOf(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// MoveTimer implements eventlog.Log. A removal that go-redis had to send again answers false, though it happened.
func (l *Log) MoveTimer(ctx context.Context, f eventlog.Fire, after time.Duration) (bool, error) {
	if err := f.Check(); err != nil {
		return false, err
	}
	ms := ""
	if after >= 0 {
		ms = strconv.FormatInt(entry.Millis(after), 10)
	}
	reply, err := l.run(ctx, moveScript, l.timerNames(l.PartitionOf(f.Ref), f.Kind), timerText(f.TimerKey), f.Token, ms)
	return err == nil && len(reply) == 1 && reply[0] == "1", l.fail("move a timer", err)
}
