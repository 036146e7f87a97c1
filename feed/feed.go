// Package feed carries changes from the consolidator to the query side, for live queries and for waits.
//
// Per partition a feed is a bounded, resumable sequence of entries under dense offsets. Delivery is at least once; a
// follower notices a gap (entries dropped before it came) and is told so by an entry of kind Gap.
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// Kind says what an entry is about.
type Kind string

// The kinds of entries.
const (
	Changed Kind = "changed" // an event changed a document
	Copied  Kind = "copied"  // a source changed, so that the copies in a document did, or an event changed a document of a view: as the store has it, for no entry of one partition can tell where others are
	Resync  Kind = "resync"  // too much changed at once to list: whoever looks at Entity reads it again
	Gap     Kind = "gap"     // made by Read, never published: entries of the partition were lost, read everything again
)

// Entry is one change of one document.
type Entry struct {
	Partition int    `json:"-"`
	Offset    uint64 `json:"-"` // dense per partition, assigned by Publish
	Link      uint64 `json:"-"` // a random number that tells the entry from others at its offset, in another history of the feed
	Epoch     string `json:"-"` // of a Gap only: the feed's

	Kind    Kind            `json:"kind"`
	Cause   position.Place  `json:"cause"` // the event that caused it
	Entity  string          `json:"entity"`
	ID      string          `json:"id,omitempty"`
	Version int64           `json:"version,omitempty"`
	Event   *Event          `json:"event,omitempty"`  // nil for a copy that changed
	Before  json.RawMessage `json:"before,omitempty"` // of Changed: a Snapshot; nil if there was none
	After   json.RawMessage `json:"after,omitempty"`  // of Changed: a Snapshot; nil if the entity was deleted
}

// Event is what clients see of the event behind an entry.
type Event struct {
	Name          string    `json:"name"`
	From          string    `json:"from,omitempty"`
	To            string    `json:"to,omitempty"`
	Version       int64     `json:"version"`
	CommandID     string    `json:"commandId,omitempty"`
	Actor         string    `json:"actor,omitempty"`
	CorrelationID string    `json:"correlationId,omitempty"`
	CausationID   string    `json:"causationId,omitempty"`
	At            time.Time `json:"at"`
}

// Snapshot is a document as an entry carries it.
type Snapshot struct {
	Version   int64           `json:"version"`
	CreatedAt time.Time       `json:"createdAt"`
	UpdatedAt time.Time       `json:"updatedAt"`
	Fields    json.RawMessage `json:"fields"` // own fields and copies, as schema.EncodeRecord writes them
}

// Cursor is where a follower is: the last entry it has seen of each partition. Its text form is opaque and URL-safe.
type Cursor struct {
	Epoch string // of the feed: a feed that lost its entries (a restart of the in-process one) has another
	At    map[int]Mark
}

// Mark is one entry of a partition; the zero Mark is before the first.
type Mark struct{ Offset, Link uint64 }

// ErrMalformed is returned by ParseCursor for text that Cursor.String did not make.
var ErrMalformed = errors.New("not a resume token: send back one that the subscription gave you, unchanged")

// Progress says how far a partition is consolidated: the documents of entities include what happened up to Place, and so do those of Views.
//
// Views in step with the entities are named in the announcement of the entities, so that a batch costs one announcement, however many views there are, and each view some twenty bytes
// of it. Of one that is behind them and comes nearer there is an announcement for itself, with a Place that was announced of the entities long before. Names are those of the store
// (schema.Entity.Stored), which tell definitions of a view apart: a process with another model takes none of its own to be meant. Of views that are not named nothing is said.
type Progress struct {
	Partition int            `json:"partition"`
	Place     position.Place `json:"place"`
	Watermark time.Time      `json:"watermark"` // see documents.Checkpoint; the zero time if none is known
	Views     []string       `json:"views,omitempty"`
}

// Feed is a feed. All methods are safe for concurrent use.
type Feed interface {
	// Publish appends the entries to the partition, in order, all or nothing.
	Publish(ctx context.Context, partition int, entries []Entry) error
	// Tail returns the cursor of the newest entries.
	Tail(ctx context.Context) (Cursor, error)
	// Read returns entries after the cursor, of each partition in order, at most limit in all (which partition comes first is open), waiting up to wait if there
	// are none. limit is at least the number of partitions. Entries lost before the cursor's successor, a cursor of another epoch, or one whose entry is not in the feed (a feed
	// that lost its tail and went on), appear as one Gap entry per partition, whose Offset, Link and Epoch are where reading goes on from: Cursor.Seen takes them over.
	Read(ctx context.Context, after Cursor, limit int, wait time.Duration) ([]Entry, error)

	// Announce tells all who Listen at this moment of progress. It is kept nowhere: who is not there, or slow, misses it, so the store has to have it already.
	Announce(ctx context.Context, p Progress) error
	// Listen calls each with what is announced from when it calls ready on (in a Redis Cluster also with what was a moment before), one at a time, until ctx ends (nil then) or the feed is closed or can't be reached. each
	// must be quick.
	Listen(ctx context.Context, ready func(), each func(Progress)) error
	// Ask asks all who are Asked at this moment for watermarks after that instant. Like an announcement it may be missed.
	Ask(ctx context.Context, past time.Time) error
	// Asked is to Ask what Listen is to Announce.
	Asked(ctx context.Context, ready func(), each func(past time.Time)) error

	// Ping reports whether the feed can be reached.
	Ping(ctx context.Context) error
	// Close releases what the feed holds and ends waiting reads. It is safe to call twice.
	Close() error
}

// DecodeSnapshot reads Entry.Before or Entry.After. It returns nil for none.
func DecodeSnapshot(raw json.RawMessage) (*Snapshot, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil //nolint:nilnil // no snapshot
	}
	var s Snapshot
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	return &s, nil
}
