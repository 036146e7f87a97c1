package consolidator_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// ready reports whether a view may be read.
func (w *world) ready(s documents.Store, view string) bool {
	w.t.Helper()
	ready, err := s.ViewReady(w.t.Context(), view)
	if err != nil {
		w.t.Fatal(err)
	}
	return ready
}

// paused is a store in which views are not advanced in a partition until that is closed.
type paused struct {
	documents.Store
	partition int
	until     chan struct{}
}

func (h paused) AdvanceViews(ctx context.Context, partition int, views []string, c documents.Checkpoint) error {
	if partition == h.partition {
		select {
		case <-h.until:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return h.Store.AdvanceViews(ctx, partition, views, c)
}

// TestNewViewsAreBuiltBeside: a view that is new to a store with documents may be read once it has come as far in every partition, and whoever follows it is told.
func TestNewViewsAreBuiltBeside(t *testing.T) {
	w := newViewWorld(t, false, 3)
	w.do(120)
	s := w.newStore()
	w.runViews(t.Context(), w.old, s, w.feed, 10, func() bool { return w.done(s) })
	for _, v := range w.model.Views {
		if w.ready(s, v.Name) || len(w.all(s, v.Name)) > 0 {
			t.Fatal(v.Name, "is there")
		}
	}
	f := feed.NewMemory(3, 10_000)
	until := make(chan struct{})
	w.runViews(t.Context(), w.model, paused{s, 1, until}, f, 10, func() bool {
		for _, v := range w.model.Views {
			at, err := s.ViewCheckpoints(t.Context(), v.Name)
			if err != nil {
				t.Fatal(err)
			}
			if w.ready(s, v.Name) {
				t.Fatal(v.Name, "may be read without one partition")
			}
			if at[0].Hash == "" || at[2].Hash == "" {
				return false
			}
		}
		return true
	})
	close(until)
	w.do(40) // there is news while they are built
	w.runViews(t.Context(), w.model, s, f, 10, func() bool { return w.viewsDone(s) })
	w.checkViews(s)
	told := map[string]bool{}
	for _, e := range w.entries(f) {
		if e.Kind == feed.Resync {
			told[fmt.Sprint(e.Entity, e.Partition)] = true
		}
	}
	if len(told) != 3*len(w.model.Views) {
		t.Error("the feed told of", told)
	}
}

// entries are all that a feed has.
func (w *world) entries(f feed.Feed) []feed.Entry {
	w.t.Helper()
	start, err := f.Tail(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for p := range start.At {
		start.At[p] = feed.Mark{}
	}
	entries, err := f.Read(w.t.Context(), start, 10_000, time.Millisecond)
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

// TestViewsThatWereLeftBehindAreWithdrawn: a process with an older model went on without them, for long.
func TestViewsThatWereLeftBehindAreWithdrawn(t *testing.T) {
	w := newViewWorld(t, false, 4)
	w.do(30)
	s := w.newStore()
	w.runViews(t.Context(), w.model, s, w.feed, 10, func() bool { return w.viewsDone(s) })
	w.do(300)
	w.runViews(t.Context(), w.old, s, w.feed, 10, func() bool { return w.done(s) })
	if !w.ready(s, "Region") {
		t.Fatal("who withdrew it?")
	}
	until := make(chan struct{})
	w.runViews(t.Context(), w.model, paused{s, 0, until}, w.feed, 10, func() bool { return !w.ready(s, "Region") })
	close(until)
	w.runViews(t.Context(), w.model, s, w.feed, 10, func() bool { return w.viewsDone(s) })
	w.checkViews(s)
}

// TestViewsThatAreDroppedAreBuiltAgain.
func TestViewsThatAreDroppedAreBuiltAgain(t *testing.T) {
	w := newViewWorld(t, false, 6)
	w.do(150)
	s := w.newStore()
	w.runViews(t.Context(), w.model, s, w.feed, 10, func() bool { return w.viewsDone(s) })
	for _, v := range w.model.Views {
		if err := s.DropView(t.Context(), v.Name); err != nil {
			t.Fatal(err)
		}
	}
	w.runViews(t.Context(), w.model, s, w.feed, 23, func() bool { return w.viewsDone(s) })
	w.checkViews(s)
}

// stuck is a store whose checkpoints can't be moved.
type stuck struct {
	documents.Store
	tries atomic.Int64
}

func (s *stuck) AdvanceViews(context.Context, int, []string, documents.Checkpoint) error {
	s.tries.Add(1)
	return errCrash
}

// TestTheFeedTellsOfViews: of each document that an event concerns, also if nothing has to be written any more; or once of all if they are too many.
func TestTheFeedTellsOfViews(t *testing.T) {
	w := newViewWorld(t, false, 7)
	w.do(60)
	s := w.newStore()
	run := func(s documents.Store, limit int, until func() bool) map[string]feed.Kind {
		f := feed.NewMemory(3, 10_000)
		o := options()
		o.Projections, o.ResyncAbove, o.BatchSize = projections(), limit, 1000
		_, stop := w.start(s, f, o)
		w.until("views", until)
		stop()
		out := map[string]feed.Kind{}
		for _, e := range w.entries(f) {
			if e.Kind != feed.Changed {
				out[strings.TrimSpace(e.Entity+" "+e.ID)] = e.Kind
			}
		}
		return out
	}
	complete := func(told map[string]feed.Kind) {
		t.Helper()
		for _, view := range []string{"Region", "Sold", "Everything", "Activity"} {
			docs := w.all(s, view)
			for _, d := range docs {
				if told[strings.TrimSpace(view+" "+d.ID)] != feed.Copied {
					t.Errorf("%s %s was not told of", view, d.ID)
				}
			}
			if len(docs) == 0 {
				t.Error("not much was tested of", view)
			}
		}
	}
	first := &stuck{Store: s}
	complete(run(first, 1000, func() bool { return first.tries.Load() > 8 }))
	complete(run(s, 1000, func() bool { return w.viewsDone(s) }))
	s = w.newStore()
	told := run(s, 1, func() bool { return w.viewsDone(s) })
	if told["Activity"] != feed.Resync || told["Everything all"] != feed.Copied || told["Everything"] != "" {
		t.Error(told)
	}
}

// TestViewsThatCantCatchUpDontStopTheRest: there is an event that an older model allowed, and a view can't be read that lacks it.
func TestViewsThatCantCatchUpDontStopTheRest(t *testing.T) {
	w := emptyWorld(t, `type Thing @entity @crud { id: ID! size: Int } type Other @entity @crud { id: ID! }`, 1)
	for i := range 9 {
		in := schema.Record{}
		if i == 3 {
			in["size"] = 7
		}
		w.exec("createThing", fmt.Sprint("t", i), in)
	}
	path := filepath.Join(t.TempDir(), "docs.db")
	s := w.openSQLite(path)
	_, stop := w.start(s, w.feed, options())
	w.until("documents", func() bool { return w.done(s) })
	stop()
	w.model = load(t, `type Thing @entity @crud { id: ID! size: Boolean } type Other @entity @crud { id: ID! }
		type All @view(of: "Thing", plural: "alls") { things: Long! @count }`)
	s = w.openSQLite(path)
	c, stop := w.start(s, w.feed, options())
	defer stop()
	failed := func() error { return c.Status()[0].Views }
	w.until("the failure", func() bool { return failed() != nil })
	if want := "event 4 (Thing:t3) can't be consolidated: size"; !strings.Contains(failed().Error(), want) || !strings.Contains(c.Health().Error(), want) {
		t.Error(failed(), c.Health())
	}
	w.exec("createOther", "new", nil)
	w.until("news", func() bool { return w.done(s) })
	docs := w.all(s, "All")
	if w.ready(s, "All") || c.Status()[0].Err != nil || len(docs) != 1 || docs[0].Fields["things"] != scalar.Long(3) {
		t.Error("a view that lacks events may be read", c.Status(), docs)
	}
}

// stuck runs a consolidator until a view doesn't get on although documents do, and returns why.
func (w *viewWorld) stuck(s documents.Store, m *schema.Model, table projection.Table) error {
	w.t.Helper()
	o := options()
	o.Projections = table
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	c := consolidator.New(m, w.log, s, w.feed, o)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	var err error
	w.until("a view that is stuck", func() bool {
		for _, p := range c.Status() {
			if p.Views != nil {
				err = p.Views
			}
			if p.Err != nil {
				w.t.Error("a partition waits for a view", p)
			}
		}
		return err != nil && w.done(s)
	})
	cancel()
	return errors.Join(err, <-ended)
}

func TestProjectionsThatFailStopTheirView(t *testing.T) {
	w := newViewWorld(t, false, 8)
	w.do(40)
	s := w.newStore()
	good := projections()["Activity"]["Order"]
	update := func(do func(doc schema.Record) (schema.Record, error)) projection.Func {
		return func(projection.Event, schema.Record, schema.Record) ([]projection.Step, error) {
			return []projection.Step{{ID: "x", Update: do}}, nil
		}
	}
	var none *schema.Model
	for name, c := range map[string]struct {
		project projection.Func
		want    string
	}{
		"is not there": {nil, "the view Activity can't be kept: there is no ProjectActivityFromOrder"},
		"returns errors": {func(projection.Event, schema.Record, schema.Record) ([]projection.Step, error) {
			return nil, errors.New("no idea")
		}, "(OrderOpened, Order:o"},
		"panics": {func(projection.Event, schema.Record, schema.Record) ([]projection.Step, error) {
			return nil, fmt.Errorf("%v", none.Views)
		}, "it panicked: runtime error: invalid memory address"},
		"names no id": {func(projection.Event, schema.Record, schema.Record) ([]projection.Step, error) {
			return []projection.Step{{ID: ""}}, nil
		}, `"" is no id of a document`},
		"can't update":        {update(func(schema.Record) (schema.Record, error) { return nil, errors.New("no idea") }), "the view Activity x can't be kept: ProjectActivityFromOrder with event"},
		"makes nothing":       {update(func(schema.Record) (schema.Record, error) { return nil, nil }), "it made no document"},
		"panics later":        {update(func(doc schema.Record) (schema.Record, error) { return doc, []error{}[len(doc)] }), "viewcatch_test.go:"},
		"changes the id":      {update(func(doc schema.Record) (schema.Record, error) { doc["id"] = "y"; return doc, nil }), `it changed the id to "y"`},
		"leaves a field":      {update(func(doc schema.Record) (schema.Record, error) { doc["events"] = 1; return doc, nil }), "it left versions empty, which is never null: set it"},
		"makes another value": {update(func(doc schema.Record) (schema.Record, error) { doc["events"] = 1 << 40; return doc, nil }), "events: 1099511627776 is no Int"},
	} {
		err := w.stuck(s, w.model, projection.Table{"Activity": {"Order": c.project, "Buyer": good}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("a function that %s: %v", name, err)
		}
	}
	w.runViews(t.Context(), w.model, s, w.feed, 5, func() bool { return w.viewsDone(s) }) // nothing was skipped
	w.checkViews(s)
}

func TestResultsThatDontFitStopTheirView(t *testing.T) {
	w := newViewWorld(t, false, 9)
	for id, total := range map[string]string{"o1": "1e30", "o2": "1e-30"} {
		w.exec("openOrder", id, schema.Record{"total": w.decimal(total)})
	}
	s := w.newStore()
	if err := w.stuck(s, w.model, projections()); !strings.Contains(err.Error(), "the view Everything all can't be kept: total: the exact sum has more than 34 digits") {
		t.Error(err)
	}
	w.exec("deleteOrder", "o1", nil)
	w.runViews(t.Context(), w.old, s, w.feed, 5, func() bool { return w.done(s) }) // a model without the view goes on
}

// busy is a store whose views are always written by somebody else first.
type busy struct {
	documents.Store
	writes atomic.Int64
}

func (b *busy) WriteView(context.Context, string, []documents.ViewWrite) ([]bool, error) {
	b.writes.Add(1)
	return make([]bool, 10_000), nil
}

// TestDocumentsThatOthersKeepWriting are tried again and again, but not forever at once.
func TestDocumentsThatOthersKeepWriting(t *testing.T) {
	w := newViewWorld(t, false, 10)
	w.do(10)
	s := w.newStore()
	b := &busy{Store: s}
	o := options()
	o.Projections = projections()
	c, stop := w.start(b, w.feed, o)
	w.until("the failure", func() bool { return c.Health() != nil })
	if err := c.Health(); !strings.Contains(err.Error(), "another consolidator keeps changing") || c.Status()[0].Broken || b.writes.Load() < 20 {
		t.Error(err, b.writes.Load())
	}
	stop()
	w.runViews(t.Context(), w.model, s, w.feed, 5, func() bool { return w.viewsDone(s) })
	w.checkViews(s)
}
