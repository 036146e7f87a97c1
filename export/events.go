package export

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// EventsQuery says which events to export.
type EventsQuery struct {
	From     position.Position // those that it includes are left out
	To       position.Position // those that it does not include are left out; the zero position is the end of the log when Events begins
	Entities []string          // the types whose events to export; none for all
	Hashes   map[int]string    // what the log has to have at From, by partition, see Tail; nil to take what it has
}

// EventsResult is what became of an export of events. It is right also if Events failed.
type EventsResult struct {
	Rows     int64
	Position position.Position // includes what was written, and what was left out before it: what to continue from
}

// eventColumns are the columns of an export of events. The first three say where an event is.
var eventColumns = []string{
	"partition", "epoch", "seq", "at", "entity", "id", "version", "name", "from", "to", "deleted", "changes", "input", "commandId", "actor", "correlationId", "causationId", "depth",
	"imported", "hash",
}

func eventRow(e *eventlog.Event) []value {
	return []value{
		number(e.Partition), number(e.Epoch), number(e.Seq), text(e.At.UTC().Format(time.RFC3339Nano)), text(e.Entity), text(e.ID), number(e.Version), text(e.Name), optional(e.From), optional(e.To),
		boolean(e.Deleted), rawOrNull(e.Changes), rawOrNull(e.Input), text(e.CommandID), optional(e.Actor), optional(e.CorrelationID), optional(e.CausationID), number(e.Depth),
		boolean(e.Imported), text(e.Hash),
	}
}

func rawOrNull(b []byte) value {
	if len(b) == 0 || string(b) == "null" {
		return value{}
	}
	return raw(b)
}

// Events writes the events of all partitions. Those of a partition are in its order; the partitions are merged by time, and at the same time by number, so that the same part of a log is
// the same export, in one go or in several. The log's chain of hashes is checked on the way. It ends with the first error, ctx's too.
func Events(ctx context.Context, log eventlog.Log, q EventsQuery, out *Output) (EventsResult, error) {
	m, err := newMerge(ctx, log, &q)
	if err != nil {
		return EventsResult{Position: q.From}, err
	}
	w := newWriter(out, eventColumns)
	if err := w.flush(); err != nil { // the header: what comes out is CSV, however little it is
		return EventsResult{Position: q.From}, err
	}
	x := &eventsExport{merge: m, w: w, wanted: map[string]bool{}}
	for _, name := range q.Entities {
		x.wanted[name] = true
	}
	x.written = m.places()
	err = x.run(ctx)
	at := q.From
	for p, place := range x.written {
		if place.Seq > 0 {
			at = at.Join(position.At(p, place))
		}
	}
	return EventsResult{Rows: x.rows, Position: at}, err
}

// eventsExport is an export on its way.
type eventsExport struct {
	merge   *merge
	w       *writer
	wanted  map[string]bool // by type; empty for all
	pending int64           // rows added since the last flush
	seen    int64           // events since the last flush, written or not

	// As of the last flush.
	rows, done int64            // done is of merge.total
	written    []position.Place // by partition
}

// seenBound is after how many events a piece ends, however few of them are wanted.
const seenBound = 10_000

func (x *eventsExport) run(ctx context.Context) error {
	for {
		e, err := x.merge.next(ctx)
		if err != nil {
			return errors.Join(err, x.flush())
		}
		if e == nil {
			return x.flush()
		}
		x.seen++
		if len(x.wanted) == 0 || x.wanted[e.Entity] {
			x.w.add(eventRow(e))
			x.pending++
		}
		if x.w.full() || x.seen >= seenBound {
			if err := x.flush(); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
}

// flush writes what was added; the position that was come to is only right once that is done.
func (x *eventsExport) flush() error {
	if err := x.w.flush(); err != nil {
		return err
	}
	x.rows, x.done = x.rows+x.pending, x.done+x.seen
	x.pending, x.seen = 0, 0
	x.written = x.merge.places()
	x.w.out.progress(x.done, x.merge.total)
	return nil
}

// usage makes an error of what was asked for.
func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUsage, strings.TrimSpace(fmt.Sprintf(format, args...)))
}
