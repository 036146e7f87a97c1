// Package eventlog is the log: the one place where every change of every entity is written first, in order.
//
// A log has a fixed number of partitions. All events of one entity are in one partition, in version order, under a dense
// sequence that starts at 1. Each event carries the hash of the one before it, so that a consumer notices a log that lost its
// tail and went on differently. Engines are in sub-packages; logtest holds the contract that every engine passes.
package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// Ref names one entity.
type Ref struct {
	Entity string // type name, "Order"
	ID     string // 1 to 200 bytes of UTF-8, no control characters
}

func (r Ref) String() string { return r.Entity + ":" + r.ID }

// Event is one entry of the log. Raw JSON stays byte for byte as it was appended.
type Event struct {
	Partition int
	Seq       uint64 // dense per partition, from 1
	Epoch     uint64
	Prev      string // hex SHA-1 chain hash of the entry before, "" for the first
	Hash      string // hex SHA-1 of Prev + the assigned fields + the raw bytes

	Entity        string
	ID            string
	Version       int64 // contiguous per entity, from 1
	Name          string
	From          string // state before; "" for a create or an entity without states
	To            string
	Deleted       bool            // the entity ends with this event
	Changes       json.RawMessage // []Change
	Input         json.RawMessage // the command's input as it was decided on
	CommandID     string
	Actor         string
	CorrelationID string
	CausationID   string
	At            time.Time // UTC; never steps back within a partition, but for imported events
	Imported      bool      // At was given by the client (occurredAt): sets no timers, triggers no reactions
}

// Ref returns the entity that the event is about.
func (e *Event) Ref() Ref { return Ref{e.Entity, e.ID} }

// Place returns the event's place in its partition.
func (e *Event) Place() position.Place { return position.Place{Epoch: e.Epoch, Seq: e.Seq} }

// Head is an entity as the log last left it. A missing entity has Version 0 and no fields.
type Head struct {
	Version   int64
	State     string
	Deleted   bool
	Place     position.Place             // of the entity's last event
	At        time.Time                  // time of the entity's last event
	CreatedAt time.Time                  // time of the entity's first event
	Fields    map[string]json.RawMessage // own fields, each the JSON of its value; null fields are absent
}

// Load asks for everything that one decision reads.
type Load struct {
	Primary   Ref     // the entity that the command is for
	CommandID string  // "" for none
	Refs      []Ref   // further heads
	Claims    []Claim // unique values whose owners are asked for
}

// Loaded is one atomic reading of the log.
type Loaded struct {
	Now     time.Time    // the log's clock in UTC, raised to the clock of Primary's partition if that is later
	Receipt *Receipt     // nil if the command id is new (or older than the receipt window)
	Heads   map[Ref]Head // one for every ref asked for, Primary included
	Owners  []Ref        // who has each of the claims' values; the zero Ref for nobody
}

// Append is one atomic write: all of it happens or none.
type Append struct {
	Primary    Ref
	CommandID  string    // never ""
	InputHash  string    // tells a retry from another command under the same id
	Decided    time.Time // Loaded.Now, or Import's time; the event's time unless the partition's clock is later
	Imported   bool      // Decided is given by the client: it stays as it is and does not move the partition's clock
	Conditions []Condition
	Events     []NewEvent // at least 1; of each entity at most one
	Claim      []Claim
	Release    []Claim

	Actor         string
	CorrelationID string
	CausationID   string
	Input         json.RawMessage
}

// Condition holds if the entity is at exactly that version (0: it does not exist) when the append happens.
type Condition struct {
	Ref     Ref
	Version int64
}

// NewEvent is an event to append, and what it does to the entity's head. Its entity must have a Condition: the new version is one more.
type NewEvent struct {
	Ref     Ref
	Name    string
	From    string
	To      string
	Deleted bool
	Changes json.RawMessage
	Set     map[string]json.RawMessage // head fields to write
	Clear   []string                   // head fields to remove
}

// Claim is a unique value: at most one owner at a time has it. Claiming what the same owner has already succeeds.
type Claim struct {
	Field string // "Customer.email"
	Value string // the value's canonical text
	Owner Ref
}

// Receipt says what a command did. The log keeps it for the receipt window.
type Receipt struct {
	CommandID string
	InputHash string
	Events    []Appended // the primary entity's first
	Duplicate bool       // the command had been appended before; nothing was written now
}

// Appended is what the log assigned to one event of an append.
type Appended struct {
	Ref       Ref       `json:"ref"`
	Name      string    `json:"name"`
	From      string    `json:"from,omitempty"`
	To        string    `json:"to,omitempty"`
	Version   int64     `json:"version"`
	Partition int       `json:"partition"`
	Epoch     uint64    `json:"epoch"`
	Seq       uint64    `json:"seq"`
	At        time.Time `json:"at"`
}

// Position returns the position that includes everything the command wrote.
func (r *Receipt) Position() position.Position {
	var p position.Position
	for _, e := range r.Events {
		p = p.Join(position.At(e.Partition, position.Place{Epoch: e.Epoch, Seq: e.Seq}))
	}
	return p
}

// Tail is the end of one partition.
type Tail struct {
	Place position.Place // Seq 0 if it is empty
	Hash  string
	Clock time.Time // no later event of this partition will be earlier, but for imported ones
}

// Log is an event log. All methods are safe for concurrent use, and return ctx.Err() (wrapped) when ctx ends them;
// an Append that ends so may have happened: call it again with the same command id.
type Log interface {
	// Partitions returns the number of partitions, fixed when the log was created.
	Partitions() int

	// PartitionOf returns the partition of an entity: a pure function of ref and the number of partitions.
	PartitionOf(ref Ref) int

	// Durability names what an acknowledged append survives, as receipts show it: "memory" or "fsync".
	Durability() string

	// Load reads the receipt and the heads in one atomic read.
	Load(ctx context.Context, l Load) (*Loaded, error)

	// Append writes all or nothing. In this order: a receipt for CommandID answers with Duplicate set, or ErrCommandIDReused if its
	// InputHash differs; then a condition that does not hold is a *ConflictError; then a claim that another owner has is a *ClaimedError.
	Append(ctx context.Context, a Append) (*Receipt, error)

	// Read returns up to limit events of the partition after seq, in order, contiguous and chain-checked from prevHash (the hash of the event
	// at seq; "" with seq 0): fewer if they have more than MaxReadBytes, but at least one if there is one. If there are none it waits up to wait for
	// one, then returns none and no error. A log that does not continue from (seq, prevHash) is a *BrokenError.
	Read(ctx context.Context, partition int, after uint64, prevHash string, limit int, wait time.Duration) ([]Event, error)

	// Tail returns the end of the partition.
	Tail(ctx context.Context, partition int) (Tail, error)

	// History returns the events of one entity, newest first, from the one at place back to version 1. It reads only that entity's events, a piece at a
	// time, and no more than the caller takes: its cost grows with the number of versions. The sequence ends after the first error.
	History(ctx context.Context, ref Ref, at position.Place) iter.Seq2[*Event, error]

	// Ping reports whether the log can be reached and is still the one that was opened.
	Ping(ctx context.Context) error

	// Close releases what the log holds and ends waiting reads. It is safe to call twice.
	Close() error
}

// Errors that callers tell apart.
var (
	// ErrCommandIDReused means that the command id was used before with another input.
	ErrCommandIDReused = errors.New("command id was used before with another input")
	// ErrInvalid wraps what is wrong with an Append or Load that no engine can take.
	ErrInvalid = errors.New("invalid request to the log")
	// ErrClosed is returned by every method of a log after Close, and by reads that were waiting.
	ErrClosed = errors.New("the log is closed")
	// ErrPartitions is returned on opening a log that was created with another number of partitions.
	ErrPartitions = errors.New("the log was created with another number of partitions")
)

// ConflictError means that an entity was not at the version that an append relied on.
type ConflictError struct {
	Ref              Ref
	Expected, Actual int64
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s is at version %d, not %d", e.Ref, e.Actual, e.Expected)
}

// ClaimedError means that another entity has a unique value.
type ClaimedError struct {
	Claim Claim
	Owner Ref // who has it
}

func (e *ClaimedError) Error() string {
	return fmt.Sprintf("%s %q is taken by %s", e.Claim.Field, e.Claim.Value, e.Owner)
}

// BrokenError means that a partition does not continue from where a consumer was: entries are missing, or another history was written.
type BrokenError struct {
	Partition int
	After     uint64
	Reason    string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("partition %d of the log does not continue after %d: %s", e.Partition, e.After, e.Reason)
}
