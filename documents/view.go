package documents

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// ViewDocument is a document of a view, and what its projection keeps beside.
type ViewDocument struct {
	Document                   // Version counts its writes; Deleted if there is nothing to show, for now
	State    json.RawMessage   // the projection's own; nil for none
	Seen     position.Position // the events that it has taken in: those up to these places, as far as they concern it
}

// ViewWrite replaces a document of a view by one that was computed from it.
type ViewWrite struct {
	ViewDocument
	Was position.Position // Seen of the document that this was computed from, the zero Position if there was none: the write is a no-op unless that is what is there
}

// Views is what a Store keeps of views. Only the consolidator writes. Views are read as entities are: by Load, List, ListBy, Count and CountBy, under their names; tombstones are not listed.
// A view is named as the model has it: under another View.Fingerprint it is another view, kept apart.
type Views interface {
	// LoadView returns documents of a view (its name, or that of its tallies) that exist among ids, tombstones included, from the primary.
	LoadView(ctx context.Context, view string, ids []string) (map[string]ViewDocument, error)
	// WriteView writes documents of a view or of its tallies, at most one of an id, and returns for each whether it was written: the others had changed since they were read (or, of several
	// at once, have changed again since). Each is atomic by itself. Majority write concern where the engine knows one.
	WriteView(ctx context.Context, view string, ws []ViewWrite) ([]bool, error)
	// ViewCheckpoints returns how far a view takes in each partition; partitions of which it takes in nothing yet are absent.
	ViewCheckpoints(ctx context.Context, view string) (map[int]Checkpoint, error)
	// AdvanceViews moves the checkpoints of views in a partition. They only rise.
	AdvanceViews(ctx context.Context, partition int, views []string, c Checkpoint) error
	// ViewReady reports whether the view was complete once; SetViewReady says that it is, or that nobody may read it.
	ViewReady(ctx context.Context, view string) (bool, error)
	SetViewReady(ctx context.Context, view string, ready bool) error
	// DropView forgets all that is stored of a view, so that it is built anew. No process may be writing it.
	DropView(ctx context.Context, view string) error
}

// CheckViewWrites reports writes that would not be guarded: of one document twice, or of one that has seen nothing.
func CheckViewWrites(e *schema.Entity, ws []ViewWrite) error {
	seen := make(map[string]bool, len(ws))
	for i := range ws {
		switch w := &ws[i]; {
		case w.ID == "":
			return fmt.Errorf("a document of %s has no id", e.Name)
		case seen[w.ID]:
			return fmt.Errorf("%s %s is written twice at once", e.Name, w.ID)
		case w.Seen.IsZero():
			return fmt.Errorf("%s %s has seen no event", e.Name, w.ID)
		}
		seen[ws[i].ID] = true
	}
	return nil
}
