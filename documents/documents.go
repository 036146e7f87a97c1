// Package documents is the read store: each entity as one document, with every version of it archived beside.
//
// Engines are in sub-packages; storetest holds the contract that every engine passes. Only the consolidator writes.
package documents

import (
	"context"
	"time"

	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// Document is one entity as consolidated.
type Document struct {
	ID        string
	Version   int64
	CreatedAt time.Time // UTC, nanoseconds kept
	UpdatedAt time.Time
	Deleted   bool              // a tombstone: Fields is empty
	Fields    schema.Record     // own fields and copies, without `id`
	Sources   map[string]Source // by ref field name: where the copies through that ref came from
}

// Source is the version of the referenced entity that copies were taken from.
type Source struct {
	ID      string
	Version int64
}

// Write brings one document to a version. It carries several events of one entity, coalesced.
type Write struct {
	ID        string
	Since     int64     // the version before the first event in it: 0 for a create
	Version   int64     // the version after the last; the write is a no-op on a document at or above it
	CreatedAt time.Time // used when Since is 0
	UpdatedAt time.Time
	Deleted   bool          // leave a tombstone
	Set       schema.Record // own fields to set
	Clear     []string      // own fields that became null
	Copies    []Copies      // copies through the refs that this write sets
}

// Copies are the copied values of one ref.
type Copies struct {
	Ref    string // ref field name
	Source Source
	Values schema.Record // by copy field name; an absent one is null
	Names  []string      // the copy fields that Values speaks for
}

// Recopy sets the copies through one ref of one document again, because their source changed.
type Recopy struct {
	ID string
	Copies
}

// Version is one archived version of an entity.
type Version struct {
	ID                                           string
	Version                                      int64
	Event                                        string
	From, To                                     string
	Deleted                                      bool
	CreatedAt                                    time.Time     // At of the entity's version 1
	At                                           time.Time     // validFrom
	ValidTo                                      time.Time     // when its successor took over, zero for the latest; Archive sets it, and ignores it in its input
	State                                        schema.Record // full own state after the event, without copies
	Changes                                      []byte        // raw JSON of the event's changes
	CommandID, Actor, CorrelationID, CausationID string
	Partition                                    int
	Place                                        position.Place
}

// VersionKey names one archived version.
type VersionKey struct {
	ID      string
	Version int64
}

// Checkpoint is how far one partition has been consolidated.
type Checkpoint struct {
	Place position.Place
	Hash  string // chain hash of the event at Place
	// Watermark is an instant that no event after Place is before, but for imported ones: what was before it is known for good. The zero time if none is known.
	// UTC, nanoseconds kept.
	Watermark time.Time
}

// PositionOf returns the position of checkpoints by partition.
func PositionOf(checkpoints map[int]Checkpoint) position.Position {
	places := make(map[int]position.Place, len(checkpoints))
	for partition, c := range checkpoints {
		places[partition] = c.Place
	}
	return position.Of(places)
}

// Order is one sort key. Null sorts before every value, ascending. Strings sort by their UTF-8 bytes.
type Order struct {
	Field string // a field name, or "_version", "_createdAt", "_updatedAt", "_id"
	Desc  bool
}

// Query asks for a page of documents. The order is Orders, then _id ascending (descending if the last Order is).
type Query struct {
	Entity string
	Filter Filter // nil for all; tombstones are never returned
	Orders []Order
	After  []any    // keyset: one value per order, nil for null, then the id; nil to begin at the start
	Before []any    // keyset, exclusive like After
	Limit  int      // 1 to 10,000
	Last   bool     // the last Limit of the range instead of the first; still returned in order
	Fields []string // the fields to read; nil for all

	// AsOf asks for what was at that instant: of every entity the last version that is not after it. It is read from the archive, which holds no copies:
	// the documents come without them, and Filter and Orders may not name any. The zero time is now.
	AsOf time.Time
	Gone bool // of what was at AsOf, the tombstones instead of the rest
}

// CountQuery asks how many documents there are.
type CountQuery struct {
	Entity string
	Filter Filter    // nil for all; tombstones are never counted
	Limit  int64     // counting ends there; 0 for no bound
	AsOf   time.Time // as in Query
}

// HistoryQuery asks for archived versions of entities, the newest first.
type HistoryQuery struct {
	Entity string
	Of     []VersionKey // entities, each once, and for each the version below which its versions are wanted: 0 for all
	AsOf   time.Time    // only versions that were there at that instant; the zero time for all
	Limit  int          // of each entity, 1 to 10,000
	Fields []string     // what to read of the states; nil for all. Version.Changes are read only with nil
}

// Store is a document store. All methods are safe for concurrent use. What is stored and does not fit the model is an *UnreadableError of any read; a write of more
// than the store can keep in one document is a *TooLargeError.
type Store interface {
	// Setup creates what is missing of collections and generations, and Version.CreatedAt in archives of before it was kept, some at a time, going on where an
	// interrupted Setup was. It is idempotent and safe to run from several processes at once.
	Setup(ctx context.Context) error
	// Index makes the indexes that Indexes names and that are not there, and drops those that it made of a model that named others. Indexes that others made stay. It
	// is for the consolidator's process alone, because one of an older model would drop what a newer needs. It is idempotent, safe to run from several processes at
	// once, and takes as long as the data is large.
	Index(ctx context.Context) error
	// Checkpoints returns how far each partition has been consolidated; partitions never consolidated are absent.
	Checkpoints(ctx context.Context) (map[int]Checkpoint, error)
	// Advance moves a partition's checkpoint. A checkpoint only rises: one of an earlier place is ignored, watermark and all. At the same place, or a later one, the
	// later of the two watermarks stays.
	Advance(ctx context.Context, partition int, c Checkpoint) error

	// Archive inserts versions (a version that is there stays as it is) and closes the one before each: its validTo is set, once, to
	// its successor's At. A version that is there from another event (another place, command id or changes) is an *OtherHistoryError.
	Archive(ctx context.Context, entity string, vs []Version) error
	// Versions returns the archived versions that exist among keys.
	Versions(ctx context.Context, entity string, keys []VersionKey) (map[VersionKey]Version, error)
	// HasCommand reports whether an archived version was made by the command of that id, if something caused that command: its CausationID is not "".
	HasCommand(ctx context.Context, entity, commandID string) (bool, error)

	// Write applies guarded writes, in any order (at most one per document): each only if the document's version is below Write.Version and, unless
	// Since is 0, at least Since. One that does not apply is not an error. Majority write concern where the engine knows one.
	Write(ctx context.Context, entity string, ws []Write) error
	// Recopy sets copies where the document still refers to Source.ID and holds a lower source version. It returns the ids it changed.
	Recopy(ctx context.Context, entity string, rs []Recopy) ([]string, error)
	// Referrers returns up to limit documents (tombstones not) whose ref field holds id and whose copies through it come from a version below
	// (with orEqual: at or below) the given one, ordered by _id, after the given id. It reads from the primary.
	Referrers(ctx context.Context, entity, ref, id string, below int64, orEqual bool, after string, limit int) ([]Document, error)

	// Load returns the documents that exist among ids, tombstones included. fields nil reads all.
	Load(ctx context.Context, entity string, ids []string, fields []string) (map[string]Document, error)
	// LoadAsOf is Load of what was at an instant, see Query.AsOf: own fields only.
	LoadAsOf(ctx context.Context, entity string, ids []string, fields []string, at time.Time) (map[string]Document, error)
	// List returns a page, in order.
	List(ctx context.Context, q Query) ([]Document, error)
	// Count counts what the filter matches, up to q.Limit.
	Count(ctx context.Context, q CountQuery) (int64, error)
	// ListBy is List once for every key: the documents whose ref field `by` holds that key, at most q.Limit each, in one read. q.After and q.Before apply to each.
	ListBy(ctx context.Context, q Query, by string, keys []string) (map[string][]Document, error)
	// Size returns about how many documents an entity has, tombstones included, or how many versions its archive has. It costs little, however many there are.
	Size(ctx context.Context, entity string, past bool) (int64, error)
	// Explain returns, for people, how the store itself says that it would do List, or ListBy if by is not "". It may do it to find out, for at most two seconds.
	Explain(ctx context.Context, q Query, by string, keys []string) (string, error)
	// CountBy counts what the filter matches for every key of the ref field `by`, in one read, each up to q.Limit or further. Keys with none may be absent.
	CountBy(ctx context.Context, q CountQuery, by string, keys []string) (map[string]int64, error)

	// History returns archived versions by the entity's id, the newest first. Ids that have none may be absent.
	History(ctx context.Context, q HistoryQuery) (map[string][]Version, error)

	Views

	// Secret returns SecretBytes random bytes that nobody but who reads the store knows: drawn by the first call, and the same for every process and for ever.
	// It needs Setup.
	Secret(ctx context.Context) ([]byte, error)

	// BatchLimit is the largest number of writes that one call of Write, Archive or Recopy sends at once; larger ones are split.
	BatchLimit() int
	// Ping reports whether the store can be reached.
	Ping(ctx context.Context) error
	// Close releases what the store holds. It is safe to call twice.
	Close() error
}
