// Package reactor runs what follows from what happened: the commands of reactions to events, the commands of timeouts, and those that were scheduled.
//
// Each partition of the log is read in order by a goroutine of its own, as the consolidator does, and its timers are looked after by two more. Whatever is
// executed has a command id that is made of what it follows from, so that it happens once, however often it is tried and by however many reactors; a timer's
// command also takes the timer away in the same append. How far the log was read is kept in the log, and moves only after everything of an event was executed
// or recorded: a crash repeats work and leaves none out. Two reactors on one log are correct, only wasteful.
package reactor

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Commands decides and appends: a *command.Engine, but for tests.
type Commands interface {
	Execute(ctx context.Context, cmd command.Command) (*command.Result, error)
	After(ctx context.Context, event *eventlog.Event) (*command.Snapshot, error)
	DecodeTimer(t eventlog.SetTimer) (cmd command.Command, name string, err error)
}

// Archive knows the commands of events that are older than the log's receipts.
type Archive interface {
	// HasCommand reports whether an event of the entity type was made by a reaction's command of that id. It fails rather than guess.
	HasCommand(ctx context.Context, entity, commandID string) (bool, error)
}

// Config says what a reactor works with.
type Config struct {
	Model     *schema.Model // required
	Log       eventlog.Log  // required
	Commands  Commands      // required
	Reactions command.Reactions
	Archive   Archive // nil for none: reactions to events older than receipts are parked, not run
	Logger    *slog.Logger
	Options
}

// Options are what New may be told. A zero or negative value is the default.
type Options struct {
	BatchSize     int           // events of one partition per read; default 500, at most 10,000
	Wait          time.Duration // how long one read waits for events, and how long an idle partition goes unchecked; default 1 s
	Poll          time.Duration // how long at most until timers are looked for again, which other processes set; default 1 s
	MinBackoff    time.Duration // the first pause after a failure; default 100 ms
	MaxBackoff    time.Duration // the longest; default 30 s
	BrokenRetry   time.Duration // how often a broken partition is looked at again; default 5 s
	Tries         int           // how often a command may fail until it is parked; default 10
	MaxDepth      int           // how many reactions may cause one another until one is parked; default 16, at most eventlog.MaxDepth
	Concurrency   int           // how many timers of one partition and kind fire at once; default 8
	ReceiptWindow time.Duration // how long the log keeps receipts; default 7 days
	FromBeginning bool          // reactions that are new begin at the log's beginning, not at the present
}

// windowMargin is how much earlier than receipts go the archive is asked: the time of an event may be ahead of when it was appended, after a clock was.
const windowMargin = 24 * time.Hour

func (o Options) filled() Options {
	positive(&o.BatchSize, 500)
	o.BatchSize = min(o.BatchSize, 10_000)
	positive(&o.Wait, time.Second)
	positive(&o.Poll, time.Second)
	positive(&o.MinBackoff, 100*time.Millisecond)
	positive(&o.MaxBackoff, 30*time.Second)
	positive(&o.BrokenRetry, 5*time.Second)
	positive(&o.Tries, 10)
	positive(&o.MaxDepth, 16)
	o.MaxDepth = min(o.MaxDepth, eventlog.MaxDepth)
	positive(&o.Concurrency, 8)
	positive(&o.ReceiptWindow, eventlog.DefaultReceiptWindow)
	return o
}

func positive[T int | time.Duration](v *T, fallback T) {
	if *v <= 0 {
		*v = fallback
	}
}

// Reactor reacts to every partition of one log.
type Reactor struct {
	cfg     Config
	o       Options
	all     []*command.AnyReaction
	byEvent map[eventKey][]int // indexes into all
	status  *board
	counts  counts

	mu    sync.Mutex
	known *places // nil until the log has told
}

// eventKey is what a reaction reacts to.
type eventKey struct{ entity, event string }

// Stats counts what a reactor did since New.
type Stats struct {
	Executed int64 // commands that were accepted, those that had been before included
	Rejected int64 // commands that were rejected
	Failed   int64 // tries that failed
	Parked   int64 // commands and reactions that were given up
}

type counts struct{ executed, rejected, failed, parked atomic.Int64 }

// New returns a reactor, which does nothing until Run. It closes none of what it is given. It fails if a reaction in Go is to what the model does not have.
func New(cfg Config) (*Reactor, error) {
	all, err := cfg.Reactions.All(cfg.Model)
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Reactor{cfg: cfg, o: cfg.filled(), all: all, byEvent: map[eventKey][]int{}, status: newBoard(cfg.Log.Partitions(), cfg.Logger)}
	for i, one := range all {
		k := eventKey{one.Entity, one.Event}
		r.byEvent[k] = append(r.byEvent[k], i)
	}
	return r, nil
}

// Stats returns what the reactor did.
func (r *Reactor) Stats() Stats {
	c := &r.counts
	return Stats{Executed: c.executed.Load(), Rejected: c.rejected.Load(), Failed: c.failed.Load(), Parked: c.parked.Load()}
}

// Run reacts until ctx ends, and then returns nil. Failures do not end it: what failed is tried again with growing pauses, see Options. Without any
// reactions the log is not read; timers are looked after all the same. Run may be called again after it returned, not twice at once.
func (r *Reactor) Run(ctx context.Context) error {
	var g errgroup.Group
	for n := range r.cfg.Log.Partitions() {
		if len(r.all) > 0 {
			g.Go(func() error {
				(&partition{r: r, n: n, suspects: map[string]bool{}}).run(ctx)
				return nil
			})
		}
		for _, kind := range []string{eventlog.TimeoutTimer, eventlog.CommandTimer} {
			g.Go(func() error {
				(&timers{r: r, n: n, kind: kind, tries: map[eventlog.Fire]int{}}).run(ctx)
				return nil
			})
		}
	}
	if len(r.all) == 0 {
		g.Go(func() error {
			r.idle(ctx)
			return nil
		})
	}
	return g.Wait()
}

// unreachable reports whether an error is of the log, not of a command.
func unreachable(err error) bool {
	var outcome *command.OutcomeError
	return errors.As(err, &outcome)
}

// sleep waits, and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
