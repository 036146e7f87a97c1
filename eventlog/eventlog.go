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
	"slices"
	"strconv"
	"strings"
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
	Depth         int       // how many reactions led to it, one causing the next: 0 for what a client did
	At            time.Time // UTC; never steps back within a partition, but for imported events
	Imported      bool      // At was given by the client (occurredAt): sets no timers, triggers no reactions
}

// Ref returns the entity that the event is about.
func (e *Event) Ref() Ref { return Ref{e.Entity, e.ID} }

// EventID names an event for people and for causation ids: "Order:o1@3", the entity and its version. At most MaxCause bytes.
func (e *Event) EventID() string { return EventID(e.Ref(), e.Version) }

// EventID returns the id of the event that made an entity's version.
func EventID(r Ref, version int64) string { return fmt.Sprintf("%s@%d", r, version) }

// ParseEventID reads what EventID returned.
func ParseEventID(text string) (Ref, int64, error) {
	at := strings.LastIndexByte(text, '@')
	entity, id, ok := strings.Cut(text[:max(at, 0)], ":")
	version, err := strconv.ParseInt(text[at+1:], 10, 64)
	if !ok || err != nil || version < 1 || !isName(entity) || id == "" {
		return Ref{}, 0, fmt.Errorf("%w: %q is no id of an event such as Order:o1@3", ErrInvalid, text)
	}
	return Ref{entity, id}, version, nil
}

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
	Primary    Ref       // the entity that the command is for
	CommandID  string    // never ""
	InputHash  string    // tells a retry from another command under the same id
	Decided    time.Time // Loaded.Now, or Import's time; the event's time unless the partition's clock is later
	Imported   bool      // Decided is given by the client: it stays as it is and does not move the partition's clock
	Conditions []Condition
	Events     []NewEvent // at least 1, the first of Primary; none only if timers change. Several of one entity are its versions in that order
	Claim      []Claim
	Release    []Claim
	Timers     []Timer    // to set, after Cancel
	Cancel     []TimerKey // to remove, if they are there
	Fire       *Fire      // nil but for a timer's command

	Actor         string
	CorrelationID string
	CausationID   string
	Depth         int // see Event.Depth
	Input         json.RawMessage
}

// Condition holds if the entity is at exactly that version (0: it does not exist) when the append happens; or, if Alive, if it is there and not deleted, whatever
// its version. Then Version is only that at which it was read.
type Condition struct {
	Ref     Ref
	Version int64
	Alive   bool
	In      []string // with Alive: the states that it has to be in; none for any
}

// Holds reports whether an entity with that head meets the condition.
func (c Condition) Holds(h Head) bool {
	if !c.Alive {
		return h.Version == c.Version
	}
	return h.Version > 0 && !h.Deleted && (len(c.In) == 0 || slices.Contains(c.In, h.State))
}

// NewEvent is an event to append, and what it does to the entity's head. Its entity must have a Condition on its version: the first new version is one more than that.
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

// Cursor is how far a reader of a partition has come: what Read takes to go on.
type Cursor struct {
	Place position.Place
	Hash  string // of the event there
}

// Check returns an error that wraps ErrInvalid if c can't be the cursor of a reader of that name.
func (c Cursor) Check(name string) error {
	if c.Place.Epoch >= 1<<53 || c.Place.Seq >= 1<<53 {
		return invalid("cursor of %s: no log has a place %d, %d", name, c.Place.Epoch, c.Place.Seq)
	}
	if c.Hash != "" {
		if err := checkText("cursor's hash", c.Hash); err != nil {
			return err
		}
	}
	return checkText("reader's name", name)
}

// Log is an event log. All methods are safe for concurrent use, and return ctx.Err() (wrapped) when ctx ends them;
// an Append that ends so may have happened: call it again with the same command id.
type Log interface {
	// Partitions returns the number of partitions, fixed when the log was created.
	Partitions() int

	// PartitionOf returns the partition of an entity: a pure function of ref and the number of partitions.
	PartitionOf(ref Ref) int

	// Spans reports whether the conditions, events, timers and owners of claims of one append may lie in several partitions. Where it is false (Redis Cluster) they lie in that of
	// Append.Primary, else Append is ErrApart; Load is atomic for each partition by itself; a command id is told from the same id only within a partition. The values of
	// claims may be any on every log.
	Spans() bool

	// Durability names what an acknowledged append survives, as receipts show it: "memory" or "fsync".
	Durability() string

	// Load reads the receipt and the heads in one atomic read.
	Load(ctx context.Context, l Load) (*Loaded, error)

	// Append writes all or nothing. In this order: a receipt for CommandID answers with Duplicate set, or ErrCommandIDReused if its
	// InputHash differs; then a Fire whose timer is not there is ErrNoTimer; then a condition that does not hold is a *ConflictError; then a claim that
	// another owner has is a *ClaimedError. An append without events writes its receipt and timers; the receipt then has no events.
	Append(ctx context.Context, a Append) (*Receipt, error)

	// Read returns up to limit events of the partition after seq, in order, contiguous and chain-checked from prevHash (the hash of the event
	// at seq; "" with seq 0): fewer if they have more than MaxReadBytes, but at least one if there is one. If there are none it waits up to wait for
	// one, then returns none and no error. A log that does not continue from (seq, prevHash) is a *BrokenError.
	Read(ctx context.Context, partition int, after uint64, prevHash string, limit int, wait time.Duration) ([]Event, error)

	// HashAt returns the hash of the event at a place, which is what Read takes to go on behind it: "" for Seq 0. A place that the log does not have, because it was never
	// that long or went on differently since, is a *BrokenError.
	HashAt(ctx context.Context, partition int, at position.Place) (string, error)

	// Tail returns the end of the partition.
	Tail(ctx context.Context, partition int) (Tail, error)

	// Watermark raises the partition's clock to the log's at this moment, and returns the end of the partition, in one step: no event after Tail.Place
	// is before Tail.Clock, but for imported ones. That holds for decisions made before it too.
	Watermark(ctx context.Context, partition int) (Tail, error)

	// History returns the events of one entity, newest first, from the one at place back to version 1. It reads only that entity's events, a piece at a
	// time, and no more than the caller takes: its cost grows with the number of versions. The sequence ends after the first error.
	History(ctx context.Context, ref Ref, at position.Place) iter.Seq2[*Event, error]

	// Due returns up to limit timers of the kind that are due in the partition, by the log's clock at this moment, the oldest first: fewer if they
	// have more than MaxReadBytes of data, but at least one if there is one. It removes nothing.
	Due(ctx context.Context, partition int, kind string, limit int) (Due, error)

	// Timers returns up to limit timers of the kind in the partition, due or not, by due time and then by key, those behind after (nil for the
	// first): fewer if they have more than MaxReadBytes of data. None at all are the end.
	Timers(ctx context.Context, partition int, kind string, after *SetTimer, limit int) ([]SetTimer, error)

	// MoveTimer changes when a timer is due, to after from now; a negative after removes it. Its token stays. false: it is not there any more under
	// that token.
	MoveTimer(ctx context.Context, f Fire, after time.Duration) (bool, error)

	// Cursor returns how far the named reader of the partition has come; the zero Cursor if it never set one.
	Cursor(ctx context.Context, name string, partition int) (Cursor, error)

	// SetCursor keeps how far the named reader has come. It only rises: a cursor before the one that is kept changes nothing, and is no error.
	SetCursor(ctx context.Context, name string, partition int, c Cursor) error

	// AddNote keeps a note, its time given by the log; one of the same kind and id is replaced. Beyond keep notes of the kind the oldest go, or, with
	// refuse, nothing is written and the answer is ErrManyNotes.
	AddNote(ctx context.Context, kind string, n Note, keep int, refuse bool) error

	// Notes returns a page of notes, the newest first: fewer if they have more than MaxReadBytes of data. None at all are the end.
	Notes(ctx context.Context, p NotePage) ([]Note, error)

	// Note returns a note, or ErrNoNote.
	Note(ctx context.Context, kind, id string) (*Note, error)

	// RemoveNote removes a note. false: it was not there.
	RemoveNote(ctx context.Context, kind, id string) (bool, error)

	// Ping reports whether the log can be reached and is still the one that was opened.
	Ping(ctx context.Context) error

	// Close releases what the log holds and ends waiting reads. It is safe to call twice.
	Close() error
}

// Errors that callers tell apart.
var (
	// ErrCommandIDReused means that the command id was used before with another input.
	ErrCommandIDReused = errors.New("command id was used before with another input")
	// ErrApart means that an append needs entities of several partitions, and the log can't write to several at once. Nothing was written.
	ErrApart = errors.New("the log can't append to several partitions at once")
	// ErrInvalid wraps what is wrong with an Append or Load that no engine can take.
	ErrInvalid = errors.New("invalid request to the log")
	// ErrClosed is returned by every method of a log after Close, and by reads that were waiting.
	ErrClosed = errors.New("the log is closed")
	// ErrNoNote means that there is no such note.
	ErrNoNote = errors.New("there is no such note")
	// ErrManyNotes means that there are as many notes of the kind as may be kept.
	ErrManyNotes = errors.New("too many notes are kept already")
	// ErrNoLog is returned on opening a log that has to be there and is not.
	ErrNoLog = errors.New("there is no log")
	// ErrPartitions is returned on opening a log that was created with another number of partitions.
	ErrPartitions = errors.New("the log was created with another number of partitions")
)

// ConflictError means that an entity was not at the version that an append relied on, or, if Actual is Expected, that other commands were in the way of a unique value
// that the entity was to have. To decide anew is the answer to both.
type ConflictError struct {
	Ref              Ref
	Expected, Actual int64
}

func (e *ConflictError) Error() string {
	if e.Actual == e.Expected {
		return fmt.Sprintf("other commands are after a unique value that %s was to have", e.Ref)
	}
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
