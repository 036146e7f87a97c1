package consolidator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/feed"
	redisfeed "github.com/daybook-cqrs/daybook/feed/redis"
	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

func (w *world) checkpoints() map[int]documents.Checkpoint {
	w.t.Helper()
	all, err := w.store.Checkpoints(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestWatermarksAreTrue: what WaitPast promises holds of every event, while the log is written to.
func TestWatermarksAreTrue(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		_, stop := w.start(w.store, w.feed, options())
		defer stop()
		e, end := w.asking()
		defer end()
		if err := e.WaitPast(t.Context(), time.Now()); err != nil {
			t.Fatal("partitions without any event:", err)
		}
		if n := len(w.checkpoints()); n != w.log.Partitions() {
			t.Errorf("%d partitions have a checkpoint", n)
		}
		for i := range 20 {
			w.exec("createOwner", string(rune('a'+i)), schema.Record{"name": "one"})
			if i%4 > 0 {
				continue
			}
			if err := e.WaitPast(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			for n, c := range w.checkpoints() {
				w.append(n, c)
			}
		}
	})
}

// append appends an event that was decided long ago behind a checkpoint: it happens no earlier than the watermark says.
func (w *world) append(n int, c documents.Checkpoint) {
	w.t.Helper()
	ref := eventlog.Ref{Entity: "Owner"}
	for ref.ID = "x"; w.log.PartitionOf(ref) != n; ref.ID += "x" {
	}
	loaded, err := w.log.Load(w.t.Context(), eventlog.Load{Primary: ref})
	if err != nil {
		w.t.Fatal(err)
	}
	version := loaded.Heads[ref].Version
	r, err := w.log.Append(w.t.Context(), eventlog.Append{
		Primary: ref, CommandID: ref.String() + time.Now().String(), InputHash: "h", Decided: c.Watermark.Add(-time.Hour),
		Conditions: []eventlog.Condition{{Ref: ref, Version: version}},
		Events:     []eventlog.NewEvent{{Ref: ref, Name: "OwnerUpdated", Changes: []byte(`[{"op":"set","path":"name","value":"x"}]`), Set: map[string]json.RawMessage{"name": json.RawMessage(`"x"`)}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if at := r.Events[0].At; at.Before(c.Watermark) {
		w.t.Errorf("partition %d had the watermark %s at %d, and then an event of %s", n, c.Watermark, c.Place.Seq, at)
	}
}

// TestNobodyAsks: nothing is written while nothing happens. With events the watermark is the time of the last, but for imported ones.
func TestNobodyAsks(t *testing.T) {
	w := newWorld(t)
	_, stop := w.start(w.store, w.feed, options())
	defer stop()
	time.Sleep(10 * options().Wait)
	if all := w.checkpoints(); len(all) != 0 {
		t.Errorf("checkpoints of an empty log: %+v", all)
	}
	w.exec("createOwner", "a", schema.Record{"name": "one"})
	w.untilDone()
	for n, c := range w.checkpoints() {
		events, err := w.log.Read(t.Context(), n, 0, "", 10, 0)
		if err != nil || len(events) != 1 || !c.Watermark.Equal(events[0].At) {
			t.Errorf("partition %d: checkpoint %+v, events %+v, %v", n, c, events, err)
		}
	}
	before := w.checkpoints()
	w.importOwner("b", time.Now().Add(-time.Hour))
	w.untilDone()
	time.Sleep(10 * options().Wait)
	for n, c := range w.checkpoints() {
		if was, there := before[n]; there && !was.Watermark.Equal(c.Watermark) || !there && !c.Watermark.IsZero() {
			t.Errorf("partition %d: an import moved the watermark from %s to %s", n, was.Watermark, c.Watermark)
		}
	}
}

// importOwner imports a new owner.
func (w *world) importOwner(id string, at time.Time) {
	w.t.Helper()
	ref := eventlog.Ref{Entity: "Owner", ID: id}
	_, err := w.log.Append(w.t.Context(), eventlog.Append{
		Primary: ref, CommandID: "import " + id, InputHash: "h", Decided: at, Imported: true, Conditions: []eventlog.Condition{{Ref: ref}},
		Events: []eventlog.NewEvent{{Ref: ref, Name: "OwnerCreated", Changes: []byte(`[{"op":"set","path":"name","value":"x"}]`)}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestAWatermarkComesWithTheEventsBeforeIt: a partition that is behind when it is asked has the watermark as soon as it is no longer.
func TestAWatermarkComesWithTheEventsBeforeIt(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.exec("createOwner", string(rune('a'+i)), schema.Record{"name": "one"})
	}
	h := &holdup{Store: w.store, release: make(chan struct{})}
	_, stop := w.start(h, w.feed, options())
	defer stop()
	e, end := w.asking()
	defer end()
	asked := time.Now()
	done := make(chan error, 1)
	go func() { done <- e.WaitPast(t.Context(), asked) }()
	select {
	case err := <-done:
		t.Fatal("it did not wait for what is not consolidated:", err)
	case <-time.After(300 * time.Millisecond):
	}
	close(h.release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !w.done(w.store) {
		t.Error("not all is consolidated")
	}
}

// TestWatermarksAreAskedForOverRedis: who asks and who is asked are processes of their own, with a feed each.
func TestWatermarksAreAskedForOverRedis(t *testing.T) {
	w := newWorld(t)
	url, prefix := testredis.URL(t), testredis.Prefix(t)
	open := func() feed.Feed {
		f, err := redisfeed.Open(t.Context(), url, redisfeed.Options{Partitions: w.log.Partitions(), Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	_, stop := w.start(w.store, open(), options())
	defer stop()
	e, end := w.askingOver(open())
	defer end()
	for i := range 5 {
		w.exec("createOwner", fmt.Sprint("o", i), schema.Record{"name": "one"})
		now := time.Now()
		if err := e.WaitPast(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if d := w.doc("Owner", fmt.Sprint("o", i)); d.Version != 1 {
			t.Errorf("what was written before %s is not there: %+v", now, d)
		}
	}
}

// holdup keeps documents from being written.
type holdup struct {
	documents.Store
	release chan struct{}
}

func (h *holdup) Write(ctx context.Context, entity string, ws []documents.Write) error {
	select {
	case <-h.release:
		return h.Store.Write(ctx, entity, ws)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// asking returns an engine that runs until end is called.
func (w *world) asking() (e *query.Engine, end func()) { return w.askingOver(w.feed) }

func (w *world) askingOver(f feed.Feed) (e *query.Engine, end func()) {
	e = query.New(query.Config{Model: w.model, Store: w.store, Feed: f, Partitions: w.log.Partitions(), WaitBound: 20 * time.Second})
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return e, func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
}
