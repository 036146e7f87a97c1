package command

import (
	"context"
	"errors"
	"time"
)

// Scheduled is a command that is kept until its time.
type Scheduled struct {
	Command   Command // as it will run; CommandID is that under which it was scheduled
	RunAt     time.Time
	CreatedAt time.Time
	Cursor    string // for the next page
}

// ScheduledQuery asks for scheduled commands.
type ScheduledQuery struct {
	Ref   *Ref   // of one entity; nil for all
	First int    // 1 to 1,000
	After string // the Cursor of the last one of the page before; "" for the first
}

// Scheduled returns scheduled commands, the next to run first.
func (e *Engine) Scheduled(ctx context.Context, q ScheduledQuery) ([]Scheduled, error) {
	return nil, errors.New("not yet")
}

// CancelScheduled forgets a scheduled command. false: there is none under that command id; it may have run.
func (e *Engine) CancelScheduled(ctx context.Context, commandID string) (bool, error) {
	return false, errors.New("not yet")
}
