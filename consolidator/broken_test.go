package consolidator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

// broken consolidates until a partition is broken, and checks that its health says all of this.
func (w *world) broken(o consolidator.Options, says ...string) {
	w.t.Helper()
	c, stop := w.start(w.store, w.feed, o)
	defer stop()
	w.until("a broken partition", func() bool {
		for _, s := range c.Status() {
			if s.Broken {
				return true
			}
		}
		return false
	})
	for _, text := range says {
		if err := c.Health(); err == nil || !strings.Contains(err.Error(), text) {
			w.t.Errorf("its health should say %q: %.500v", text, err)
		}
	}
}

// deaf is a feed that takes nothing.
type deaf struct {
	feed.Feed
	asked atomic.Int64
}

func (d *deaf) Publish(context.Context, int, []feed.Entry) error {
	d.asked.Add(1)
	return errors.New("the feed is down")
}

// openLog opens the log in a folder, in place of the one before.
func (w *world) openLog(dir string) {
	w.t.Helper()
	l, err := sqlitelog.Open(w.t.Context(), filepath.Join(dir, "log.db"), sqlitelog.Options{Partitions: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { l.Close() })
	w.log = l
}

// TestALogThatWentOnDifferently loses the log's tail after it was written to the store and before the checkpoint moved.
func TestALogThatWentOnDifferently(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		dir, backup := t.TempDir(), t.TempDir()
		w.openLog(dir)
		w.exec("createOwner", "w1", schema.Record{"name": "one"})
		_, stop := w.start(w.store, w.feed, options())
		w.untilDone()
		stop()
		w.log.Close()
		if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		w.openLog(dir)
		w.exec("updateOwner", "w1", schema.Record{"name": "lost"})
		d := &deaf{Feed: w.feed}
		_, stop = w.start(w.store, d, options())
		w.until("a publication", func() bool { return d.asked.Load() > 0 })
		stop()
		w.log.Close()

		w.openLog(backup)
		w.exec("createOwner", "w2", schema.Record{"name": "after that"})
		w.exec("updateOwner", "w1", schema.Record{"name": "different"})
		start, err := w.feed.Tail(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.broken(options(), "version 2 of Owner w1", "went on differently")
		if d := w.doc("Owner", "w1"); d.Fields["name"] != "lost" {
			t.Errorf("the document is %v", d.Fields)
		}
		if d := w.doc("Owner", "w2"); d.Version != 0 {
			t.Error("something was written after all")
		}
		if es, err := w.feed.Read(t.Context(), start, 100, 0); err != nil || len(es) > 0 {
			t.Errorf("%d entries were published, %v", len(es), err)
		}
		if w.done(w.store) {
			t.Error("the checkpoint moved")
		}
	})
}

// TestWhatNoLongerFitsTheModelIsBroken changes the type of a field under documents that are there.
func TestWhatNoLongerFitsTheModelIsBroken(t *testing.T) {
	w := emptyWorld(t, `type Thing @entity @crud { id: ID! size: String }`, 1)
	path := filepath.Join(t.TempDir(), "docs.db")
	w.store = w.openSQLite(path)
	w.exec("createThing", "a", schema.Record{"size": "big"})
	_, stop := w.start(w.store, w.feed, options())
	w.untilDone()
	stop()
	w.exec("updateThing", "a", schema.Record{"size": "bigger"})
	w.model = load(t, `type Thing @entity @crud { id: ID! size: Int }`)
	w.store = w.openSQLite(path)
	w.broken(options(), "version 1 of Thing a", `"size"`)
}

// TestADocumentThatIsTooLargeIsBroken grows an entity over what MongoDB keeps in a document. Commands have a bound below that; a log may be older than it.
func TestADocumentThatIsTooLargeIsBroken(t *testing.T) {
	sdl := "type Thing @entity @crud { id: ID!"
	for i := range 17 {
		sdl += fmt.Sprintf(" f%d: String", i)
	}
	w := emptyWorld(t, sdl+" }", 1)
	w.mongo = true
	w.store = w.newStore()
	large := json.RawMessage(`"` + strings.Repeat("x", 1<<20-100) + `"`)
	for i := range 17 {
		step := logtest.Step(eventlog.Ref{Entity: "Thing", ID: "a"}, int64(i), fmt.Sprint("c", i), map[string]json.RawMessage{fmt.Sprint("f", i): large})
		if _, err := w.log.Append(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	o := options()
	o.BatchSize = 50 // at once: the server sees none of it, which takes long
	w.broken(o, "Thing a would be over 16 MiB")
}

// forgetful moves a checkpoint and says that it failed.
type forgetful struct {
	documents.Store
	arm atomic.Bool
}

func (s *forgetful) Advance(ctx context.Context, p int, c documents.Checkpoint) error {
	err := s.Store.Advance(ctx, p, c)
	if err == nil && s.arm.CompareAndSwap(true, false) {
		return errors.New("connection reset")
	}
	return err
}

// TestAFailureForgetsWhatWasInMemory: what failed may have happened, so the source that is in memory may be of before.
func TestAFailureForgetsWhatWasInMemory(t *testing.T) {
	w := newWorld(t)
	thing := w.apart("w1")
	w.exec("createOwner", "w1", schema.Record{"name": "one"})
	w.exec("createThing", thing, schema.Record{"owner": "w1", "size": 1})
	s := &forgetful{Store: w.store}
	c, stop := w.start(s, w.feed, options())
	defer stop()
	w.untilDone()
	w.until("health", func() bool { return c.Health() == nil })
	s.arm.Store(true)
	w.exec("updateOwner", "w1", schema.Record{"name": "two"})
	w.until("the failure", func() bool { return !s.arm.Load() })
	w.until("health", func() bool { return c.Health() == nil && w.done(w.store) })
	start, err := w.feed.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.exec("updateThing", thing, schema.Record{"size": 2})
	w.untilDone()
	es, err := w.feed.Read(t.Context(), start, 100, time.Second)
	if err != nil || len(es) == 0 {
		t.Fatal(es, err)
	}
	if e := es[len(es)-1]; !strings.Contains(string(e.After), `"two"`) {
		t.Errorf("it was told as %s", e.After)
	}
}

// dying recopies and dies before it publishes.
type dying struct {
	documents.Store
	armed atomic.Bool
	died  chan struct{}
}

func (d *dying) Recopy(ctx context.Context, e string, rs []documents.Recopy) ([]string, error) {
	ids, err := d.Store.Recopy(ctx, e, rs)
	if d.armed.CompareAndSwap(true, false) {
		close(d.died)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return ids, err
}

// held is a log that waits with what it reads.
type held struct {
	eventlog.Log
	gate atomic.Pointer[chan struct{}]
}

func (h *held) Read(ctx context.Context, p int, after uint64, hash string, limit int, wait time.Duration) ([]eventlog.Event, error) {
	es, err := h.Log.Read(ctx, p, after, hash, limit, wait)
	if gate := h.gate.Load(); gate != nil {
		select {
		case <-*gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return es, err
}

// TestTwoConsolidatorsLoseNoCopy has one of two die between a copy and its publication: the other finds the copy made, and tells of it.
func TestTwoConsolidatorsLoseNoCopy(t *testing.T) {
	w := newWorld(t)
	w.exec("createOwner", "w1", schema.Record{"name": "one"})
	w.exec("createThing", "x", schema.Record{"owner": "w1"})
	first := &dying{Store: w.store, died: make(chan struct{})}
	second := &held{Log: w.log}
	log := w.log
	w.log = second
	_, stopSecond := w.start(w.store, w.feed, options())
	w.log = log
	defer stopSecond()
	w.untilDone() // the second is past its first batches
	_, stopFirst := w.start(first, w.feed, options())
	gate := make(chan struct{})
	second.gate.Store(&gate)
	time.Sleep(50 * time.Millisecond)
	start, err := w.feed.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first.armed.Store(true)
	w.exec("updateOwner", "w1", schema.Record{"name": "two"})
	<-first.died
	stopFirst()
	second.gate.Store(nil)
	close(gate)
	w.untilDone()
	es, err := w.feed.Read(t.Context(), start, 100, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if e.Kind == feed.Copied && e.ID == "x" {
			return
		}
	}
	t.Errorf("nobody told of the copy: %+v", es)
}
