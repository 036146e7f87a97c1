package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Scheduled is a command that is kept until its time.
type Scheduled struct {
	Command   Command // as it will run; CommandID is that under which it was scheduled
	RunAt     time.Time
	CreatedAt time.Time
	Cursor    string // for the next page
	entity    string
}

// schedule keeps the command until its time, if the entity is there, or not there yet, as the command needs it. All else is decided then.
func (a *attempt) schedule(ctx context.Context, loaded *eventlog.Loaded, before *Snapshot) (*Result, error) {
	if err := checkExists(a.spec, a.ref, before); err != nil {
		return rejected(visible(before), err)
	}
	data, err := json.Marshal(scheduledData{
		Command: a.spec.Name, Input: a.input, ExpectedVersion: a.cmd.ExpectedVersion, Actor: a.cmd.Actor,
		CorrelationID: a.cmd.CorrelationID, CausationID: a.cmd.CausationID, CreatedAt: loaded.Now,
	})
	if err != nil {
		return nil, err
	}
	receipt, err := a.cfg.Log.Append(ctx, eventlog.Append{
		Primary: a.ref, CommandID: a.cmd.CommandID, InputHash: a.hash, Decided: loaded.Now, Actor: a.cmd.Actor,
		Timers: []eventlog.Timer{{
			TimerKey: eventlog.TimerKey{Kind: eventlog.CommandTimer, Ref: a.ref, Name: a.cmd.CommandID}, Data: data,
			At: later(a.cmd.RunAt.Time(), time.Unix(0, 0)), // the zero time is none
		}},
	})
	if err != nil {
		return a.appendFailed(ctx, before, err)
	}
	return a.scheduledResult(before, receipt.Duplicate), nil
}

func (a *attempt) scheduledResult(now *Snapshot, duplicate bool) *Result {
	return &Result{Entity: visible(now), Receipt: &Receipt{
		CommandID: a.cmd.CommandID, Version: now.Version, Duplicate: duplicate, Durability: a.cfg.Log.Durability(), RunAt: a.cmd.RunAt.Time(),
	}}
}

// ScheduledQuery asks for scheduled commands.
type ScheduledQuery struct {
	Entity string // of one type; "" for all
	ID     string // of one entity of that type; "" for all
	First  int    // 1 to 1,000
	After  string // the Cursor of the last one of the page before; "" for the first
}

// errCursor is for a cursor that is none of Scheduled's.
var errCursor = errors.New("no cursor of scheduled commands")

// maxScheduledBytes is how much a page of scheduled commands has, unless the first of a partition alone has more.
const maxScheduledBytes = eventlog.MaxReadBytes

// Scheduled returns scheduled commands, the next to run first: fewer than First if they are large, but none only if there are no more. What the model can't read any
// more is left out.
func (e *Engine) Scheduled(ctx context.Context, q ScheduledQuery) ([]Scheduled, error) {
	if q.First < 1 || q.First > eventlog.MaxTimers {
		return nil, fmt.Errorf("%w: a page has 1 to %d commands", eventlog.ErrInvalid, eventlog.MaxTimers)
	}
	after, err := parseScheduledCursor(q.After)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", eventlog.ErrInvalid, err)
	}
	partitions := make([]int, 0, e.cfg.Log.Partitions())
	for p := range e.cfg.Log.Partitions() {
		partitions = append(partitions, p)
	}
	if q.Entity != "" && q.ID != "" {
		partitions = []int{e.cfg.Log.PartitionOf(eventlog.Ref{Entity: q.Entity, ID: q.ID})}
	}
	var found []Scheduled
	var end *Scheduled // behind it some may be missing
	for _, p := range partitions {
		some, whole, err := e.scheduledIn(ctx, p, q, after, maxScheduledBytes/len(partitions))
		if err != nil {
			return nil, err
		}
		if last := len(some) - 1; !whole && (end == nil || compareScheduled(some[last], *end) < 0) {
			end = &some[last]
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, compareScheduled)
	if end != nil {
		found = slices.DeleteFunc(found, func(s Scheduled) bool { return compareScheduled(s, *end) > 0 })
	}
	return found[:min(len(found), q.First)], nil
}

// scheduledIn returns the first of a partition's scheduled commands that are asked for, and can be read, up to so many bytes; whole is false if there may be more.
func (e *Engine) scheduledIn(ctx context.Context, partition int, q ScheduledQuery, after *eventlog.SetTimer, bytes int) (out []Scheduled, whole bool, err error) {
	for {
		page, err := e.cfg.Log.Timers(ctx, partition, eventlog.CommandTimer, after, eventlog.MaxTimers)
		if err != nil {
			return nil, false, err
		}
		for _, t := range page {
			if q.Entity != "" && q.Entity != t.Ref.Entity || q.ID != "" && q.ID != t.Ref.ID {
				continue
			}
			s, err := e.scheduled(t)
			if err != nil {
				continue
			}
			out, bytes = append(out, s), bytes-len(t.Data)
			if len(out) >= q.First || bytes <= 0 {
				return out, false, nil
			}
		}
		if len(page) == 0 { // ends: every page begins behind the one before
			return out, true, nil
		}
		after = &page[len(page)-1]
	}
}

// compareScheduled orders as Log.Timers does within a partition.
func compareScheduled(a, b Scheduled) int {
	return cmp.Or(a.RunAt.Compare(b.RunAt), strings.Compare(a.entity, b.entity), strings.Compare(a.Command.ID, b.Command.ID),
		strings.Compare(a.Command.CommandID, b.Command.CommandID))
}

// scheduledCursor is the place of a timer among those of all partitions.
func scheduledCursor(t eventlog.SetTimer) string {
	b, _ := json.Marshal([]string{t.Due.UTC().Format(time.RFC3339Nano), t.Ref.Entity, t.Ref.ID, t.Name}) // texts always are JSON
	return string(b)
}

func parseScheduledCursor(text string) (*eventlog.SetTimer, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none was given
	}
	var parts []string
	if err := json.Unmarshal([]byte(text), &parts); err != nil || len(parts) != 4 {
		return nil, errCursor
	}
	due, err := time.Parse(time.RFC3339Nano, parts[0])
	if err != nil {
		return nil, errCursor
	}
	return &eventlog.SetTimer{Due: due, TimerKey: eventlog.TimerKey{
		Kind: eventlog.CommandTimer, Ref: eventlog.Ref{Entity: parts[1], ID: parts[2]}, Name: parts[3],
	}}, nil
}

// CancelScheduled forgets a scheduled command of an entity. false: there is none under that command id; it may have run.
func (e *Engine) CancelScheduled(ctx context.Context, commandID string) (bool, error) {
	for p := range e.cfg.Log.Partitions() {
		t, err := timerIn(ctx, e.cfg.Log, p, func(t *eventlog.SetTimer) bool { return t.Name == commandID })
		if err != nil {
			return false, err
		}
		if t != nil {
			return e.cfg.Log.MoveTimer(ctx, eventlog.Fire{TimerKey: t.TimerKey, Token: t.Token}, -1)
		}
	}
	return false, nil
}

// timerIn looks through a partition's timers of commands: they are few, and looking is rare.
func timerIn(ctx context.Context, log eventlog.Log, partition int, is func(t *eventlog.SetTimer) bool) (*eventlog.SetTimer, error) {
	var after *eventlog.SetTimer
	for {
		page, err := log.Timers(ctx, partition, eventlog.CommandTimer, after, eventlog.MaxTimers)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if is(&page[i]) {
				return &page[i], nil
			}
		}
		if len(page) == 0 { // ends: every page begins behind the one before
			return nil, nil //nolint:nilnil // there is none
		}
		after = &page[len(page)-1]
	}
}
