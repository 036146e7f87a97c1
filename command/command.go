// Package command decides and appends. It turns a command into events: it loads what the decision reads in one atomic read, checks
// the transition, the references and the rule, computes what changed, and appends that under the condition that nothing it read
// has changed meanwhile. Deciding is pure; reading and appending happen in Engine only.
package command

import (
	"context"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Command is a request to change one entity.
type Command struct {
	Name  string        // as the model declares it: "approveOrder"
	ID    string        // the entity's; may be "" for a create
	Input schema.Record // arguments by name, as schema.Model.Coerce makes them. Here a key with nil is an explicit null, which clears; an absent key leaves.

	CommandID       string           // "" for none: the engine draws one
	ExpectedVersion *int64           // nil for any. 0 for a create means what nil does
	OccurredAt      *scalar.DateTime // nil but for history that is imported
	RunAt           *scalar.DateTime // nil for now; else the command is kept, and decided at that time
	DryRun          bool             // decide and answer, write nothing

	Actor         string
	CorrelationID string
	CausationID   string

	Depth int            // how many reactions led to it, see eventlog.Event
	Fire  *eventlog.Fire // nil but for what a timer runs: accepted only if the timer is there still, which it then is not any more
}

// Result is what became of a command: either Receipt is set, or Rejections has at least one element.
type Result struct {
	Entity     *Snapshot // after the command; on rejection as it was; nil if there is none
	Receipt    *Receipt
	Rejections []*Rejection
	Known      Known // what was read on the way, for Engine.Snapshots

	past func(ctx context.Context, e *Engine) error // completes the entity; nil once it is complete
}

// Ref names one entity.
type Ref = eventlog.Ref

// Known holds heads that a command has read already. The zero value holds none.
type Known struct {
	heads map[eventlog.Ref]eventlog.Head
}

// Receipt is the proof of an accepted command.
type Receipt struct {
	CommandID  string
	Position   position.Position   // of everything that the command wrote
	Version    int64               // of the entity, after the command
	Events     []eventlog.Appended // the entity's own first
	Duplicate  bool                // the command had been accepted before; this is what it did then
	Durability string              // what the events survive: "memory", "fsync"; "none" for a dry run
	RunAt      time.Time           // when the command will be decided; the zero time if it was. Then there are no events, and Version is the entity's now
}

// Snapshot is one entity as the log has it: own fields and `id`, no copies.
type Snapshot struct {
	Ref       eventlog.Ref
	Version   int64
	State     string
	Fields    schema.Record
	Deleted   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}
