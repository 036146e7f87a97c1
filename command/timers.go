package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// timerData is what a timeout's timer keeps: what it was set by.
type timerData struct {
	Event         string `json:"event"` // that led into the state
	CorrelationID string `json:"correlationId,omitempty"`
}

// timerData of the timers that an event sets.
func (c *Context) timerData(after *Snapshot) json.RawMessage {
	d := timerData{Event: eventlog.EventID(after.Ref, after.Version), CorrelationID: c.cmd.CorrelationID}
	if d.CorrelationID == "" {
		d.CorrelationID = c.cmd.CommandID
	}
	out, _ := json.Marshal(d) // texts always are JSON
	return out
}

// timers sets the timers of the state that the step leads into, and cancels those of the one that it leaves. Imported history sets none.
func (s *step) timers(after *Snapshot) {
	entity, c := s.spec.Entity, s.c
	enters := !after.Deleted && (s.before.Version == 0 || s.spec.To != "")
	leaves := s.before.Version > 0 && (after.Deleted || s.spec.To != "")
	for _, t := range entity.Timeouts {
		key := eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: s.ref, Name: t.Name()}
		if leaves && t.In == s.before.State {
			c.effects.setTimer(key, nil)
		}
		if enters && t.In == after.State && c.cmd.OccurredAt == nil {
			c.effects.setTimer(key, &eventlog.Timer{TimerKey: key, After: t.After, Data: c.timerData(after)})
		}
	}
}

// scheduledData is what the timer of a scheduled command keeps.
type scheduledData struct {
	Command         string          `json:"command"`
	Input           json.RawMessage `json:"input"`
	ExpectedVersion *int64          `json:"expectedVersion,omitempty"`
	Actor           string          `json:"actor,omitempty"`
	CorrelationID   string          `json:"correlationId,omitempty"`
	CausationID     string          `json:"causationId,omitempty"`
	CreatedAt       time.Time       `json:"createdAt"`
}

// ErrUnknown means that the model does not have what a timer is to run: it is of a model that is newer, or that was.
var ErrUnknown = errors.New("the model does not have it")

// DecodeTimer returns the command that a timer runs, with its Fire, and a name for it: what it is, for people. The error is one of the timer's content: another try
// gives the same, but with another model if it is ErrUnknown.
func (e *Engine) DecodeTimer(t eventlog.SetTimer) (cmd Command, name string, err error) {
	cmd = Command{
		ID: t.Ref.ID, CommandID: timerCommandID(t), Fire: &eventlog.Fire{TimerKey: t.TimerKey, Token: t.Token},
	}
	switch t.Kind {
	case eventlog.TimeoutTimer:
		var d timerData
		if err := json.Unmarshal(t.Data, &d); err != nil {
			return cmd, t.Name, fmt.Errorf("the timer %s of %s can't be read: %w", t.Name, t.Ref, err)
		}
		if !e.hasTimeout(t) {
			return cmd, t.Name, fmt.Errorf("the timeout %s of %s: %w", t.Name, t.Ref.Entity, ErrUnknown)
		}
		_, cmd.Name, _ = strings.Cut(t.Name, "/")
		cmd.Input, cmd.Actor, cmd.CausationID, cmd.CorrelationID = schema.Record{}, "timeout:"+t.Name, d.Event, d.CorrelationID
		return cmd, t.Name, nil
	case eventlog.CommandTimer:
		s, err := e.scheduled(t)
		if err != nil {
			return cmd, t.Name, err
		}
		s.Command.CommandID, s.Command.Fire, s.Command.RunAt = cmd.CommandID, cmd.Fire, nil
		return s.Command, s.Command.Name, nil
	}
	return cmd, t.Name, fmt.Errorf("there are no timers of the kind %q", t.Kind)
}

// timerCommandID is the id of the command that a timer runs.
func timerCommandID(t eventlog.SetTimer) string {
	return timerIDs + derivedID(t.Kind, t.Ref.String(), t.Name, t.Token)
}

func (e *Engine) hasTimeout(t eventlog.SetTimer) bool {
	entity := e.cfg.Model.Entity(t.Ref.Entity)
	return entity != nil && slices.ContainsFunc(entity.Timeouts, func(o *schema.Timeout) bool { return o.Name() == t.Name })
}

// scheduled reads what the timer of a scheduled command keeps.
func (e *Engine) scheduled(t eventlog.SetTimer) (Scheduled, error) {
	var d scheduledData
	if err := json.Unmarshal(t.Data, &d); err != nil {
		return Scheduled{}, fmt.Errorf("the scheduled command %s of %s can't be read: %w", t.Name, t.Ref, err)
	}
	at := scalar.NewDateTime(t.Due)
	out := Scheduled{RunAt: t.Due, CreatedAt: d.CreatedAt, Cursor: scheduledCursor(t), entity: t.Ref.Entity, Command: Command{
		Name: d.Command, ID: t.Ref.ID, CommandID: t.Name, ExpectedVersion: d.ExpectedVersion, RunAt: &at,
		Actor: d.Actor, CorrelationID: d.CorrelationID, CausationID: d.CausationID,
	}}
	if out.Command.CorrelationID == "" {
		out.Command.CorrelationID = t.Name
	}
	spec := e.cfg.Model.Command(d.Command)
	if spec == nil {
		return out, fmt.Errorf("the command %s, scheduled as %s for %s: %w", d.Command, t.Name, t.Ref, ErrUnknown)
	}
	var err error
	if out.Command.Input, err = decodeInput(e.cfg.Model, spec, d.Input); err != nil {
		return out, fmt.Errorf("the scheduled command %s of %s: %w", t.Name, t.Ref, err)
	}
	return out, nil
}
