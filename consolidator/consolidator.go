// Package consolidator turns the log into documents: the ledgers that are kept from the daybook.
//
// Each partition of the log is read in order by a goroutine of its own, in batches. A batch archives the versions, writes the documents
// (several events of one entity as one guarded write) and the copies, publishes on the feed, and only then moves the checkpoint. All of it
// is idempotent and nothing is decided by what was done before: a crash between any two steps repeats work and leaves none out, and two
// consolidators on one log and one store are correct, only wasteful.
//
// Copies (@copy) through a ref are set by whichever side comes later. The referrer's side reads the source, writes, and reads the source again;
// the source's side writes, and then looks for referrers. One of the two sees the other. A copy is a pure function of the log: the field as
// the source's last version has it. A source that was deleted leaves the copies as they were when it last lived.
//
// Documents of views know, for each partition, up to which event they have taken it in. A write is guarded by that, so that each event counts once, whatever crashed and whoever else
// writes; what may be behind the last write of a document is only what somebody else is about to write into it. A view that is behind (new, built anew, or left out by a process
// with an older model) is brought up to the others from the log, in turns with what is new, and is read only once it is complete.
//
// A checkpoint has a watermark: no event after it is before that instant. It rises with the events, and in a partition without news when somebody asks the feed
// for it; nobody asks, and an idle partition costs nothing.
package consolidator

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/schema"
)

// Options are what New may be told. A zero or negative value is the default.
type Options struct {
	BatchSize   int              // events of one partition per batch; default 500, at most 10,000
	CacheSize   int              // entities whose state is kept in memory; default 20,000
	CacheBytes  int              // about what those may take; default 64 MiB
	ResyncAbove int              // documents copying through one ref, changed by one batch, above which the feed gets one Resync; default 1,000
	Wait        time.Duration    // how long one read waits for events, and how long an idle partition goes unchecked; default 1 s
	SourceWait  time.Duration    // how long a batch waits for the sources of its copies to be consolidated; default 2 s
	MinBackoff  time.Duration    // the first pause after a failure; default 50 ms
	MaxBackoff  time.Duration    // the longest; default 5 s
	BrokenRetry time.Duration    // how often a broken partition is looked at again; default 5 s
	Logger      *slog.Logger     // nil discards
	Projections projection.Table // make the views that have no aggregates; a view without the one it needs doesn't get on
}

func (o Options) filled() Options {
	positive(&o.BatchSize, 500)
	o.BatchSize = min(o.BatchSize, 10_000)
	positive(&o.CacheSize, 20_000)
	positive(&o.CacheBytes, 64<<20)
	positive(&o.ResyncAbove, 1000)
	positive(&o.Wait, time.Second)
	positive(&o.SourceWait, 2*time.Second)
	positive(&o.MinBackoff, 50*time.Millisecond)
	positive(&o.MaxBackoff, 5*time.Second)
	positive(&o.BrokenRetry, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func positive[T int | time.Duration](v *T, fallback T) {
	if *v <= 0 {
		*v = fallback
	}
}

// Consolidator consolidates every partition of one log into one store.
type Consolidator struct {
	model  *schema.Model
	plans  map[string]*plan
	views  []*view
	events eventlog.Log
	store  documents.Store
	feed   feed.Feed
	o      Options

	states   *stateCache
	progress *progress
	marks    *marks
	mute     atomic.Bool // announcing fails, which was said
	status   *board
}

// New returns a consolidator, which does nothing until Run. It closes none of what it is given. The store's Setup must have run.
func New(model *schema.Model, log eventlog.Log, store documents.Store, f feed.Feed, o Options) *Consolidator {
	o = o.filled()
	return &Consolidator{
		model: model, plans: plansOf(model), views: viewsOf(model, o.Projections), events: log, store: store, feed: f, o: o,
		states: newStateCache(o.CacheSize, o.CacheBytes), progress: newProgress(log.Partitions()), marks: newMarks(log.Partitions()), status: newBoard(log.Partitions(), o.Logger),
	}
}

// Run consolidates until ctx ends, and then returns nil. Failures of the log, the store or the feed do not end it: a partition tries again
// from its checkpoint, with growing pauses. A partition that can't go on at all (see PartitionStatus.Broken) waits for a repair while
// the others go on. Run may be called again after it returned, not twice at once.
func (c *Consolidator) Run(ctx context.Context) error {
	var g errgroup.Group
	for n := range c.events.Partitions() {
		g.Go(func() error {
			(&partition{c: c, n: n}).run(ctx)
			return nil
		})
	}
	g.Go(func() error {
		c.heed(ctx)
		return nil
	})
	return g.Wait()
}
