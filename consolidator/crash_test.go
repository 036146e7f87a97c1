package consolidator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// history writes owners and things that refer to them, renames owners, changes things and their parts, and deletes some.
func (w *world) history() {
	w.t.Helper()
	do := w.exec
	for i := range 4 {
		do("createOwner", fmt.Sprint("w", i), schema.Record{"name": fmt.Sprint("owner ", i)})
	}
	for i := range 12 {
		do("createThing", fmt.Sprint("t", i), schema.Record{"owner": fmt.Sprint("w", i%4), "size": i})
	}
	for i := range 4 {
		do("updateOwner", fmt.Sprint("w", i), schema.Record{"name": fmt.Sprint("renamed ", i)})
	}
	for i := range 12 {
		do("updateThing", fmt.Sprint("t", i), schema.Record{"size": 100 + i, "owner": fmt.Sprint("w", (i+1)%4)})
	}
	for _, id := range []string{"t1", "t2"} {
		for part := range 3 {
			do("addPart", id, schema.Record{"part": schema.Record{"part": fmt.Sprint("p", part), "weight": part}})
		}
		do("removePart", id, schema.Record{"part": "p0"})
		do("changePart", id, schema.Record{"part": schema.Record{"part": "p2", "weight": nil}})
	}
	do("updateThing", "t3", schema.Record{"size": nil})
	do("deleteThing", "t5", nil)
}

// tails are where the partitions end.
func (w *world) done(s documents.Store) bool {
	checkpoints, err := s.Checkpoints(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for p := range w.log.Partitions() {
		tail, err := w.log.Tail(w.t.Context(), p)
		if err != nil {
			w.t.Fatal(err)
		}
		if checkpoints[p].Place.Before(tail.Place) {
			return false
		}
	}
	return true
}

// fold is what documents have to be: a plain fold of the log, by entity and id.
func (w *world) fold() map[eventlog.Ref]schema.Record {
	out := map[eventlog.Ref]schema.Record{}
	for p := range w.log.Partitions() {
		events, err := w.log.Read(w.t.Context(), p, 0, "", 1000, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, ev := range events {
			r := out[ev.Ref()]
			if r == nil {
				r = schema.Record{}
				out[ev.Ref()] = r
			}
			var changes []eventlog.Change
			if err := json.Unmarshal(ev.Changes, &changes); err != nil {
				w.t.Fatal(err)
			}
			for _, c := range changes {
				if c.Op != "set" {
					r[c.Path] = w.foldElement(r[c.Path], c)
					continue
				}
				v, err := w.model.DecodeValue(w.model.Entity(ev.Entity).Field(c.Path).Type, c.Value)
				if err != nil {
					w.t.Fatal(err)
				}
				if r[c.Path] = v; v == nil {
					delete(r, c.Path)
				}
			}
			r["_version"] = ev.Version
			if ev.Deleted {
				out[ev.Ref()] = schema.Record{"_version": ev.Version, "_deleted": true}
			}
		}
	}
	for ref, r := range out {
		if owner, ok := r["owner"].(string); ok && ref.Entity == "Thing" {
			r["ownerName"] = out[eventlog.Ref{Entity: "Owner", ID: owner}]["name"]
		}
	}
	return out
}

// foldElement is what a list of parts is after a change of one.
func (w *world) foldElement(list any, c eventlog.Change) any {
	out := []any{}
	was, _ := list.([]any)
	for _, e := range was {
		if e.(schema.Record)["part"] != c.Key {
			out = append(out, e)
		} else if c.Op == "update" {
			out = append(out, w.part(c.Value))
		}
	}
	if c.Op == "insert" {
		out = append(out, w.part(c.Value))
	}
	return out
}

func (w *world) part(raw json.RawMessage) schema.Record {
	r, err := w.model.DecodeRecord(w.model.Object("Part").Fields, raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// check compares documents and archived versions with the fold.
func (w *world) check(s documents.Store) {
	w.t.Helper()
	for ref, want := range w.fold() {
		docs, err := s.Load(w.t.Context(), ref.Entity, []string{ref.ID}, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		d, ok := docs[ref.ID]
		got := schema.Record{"_version": d.Version}
		if d.Deleted {
			got["_deleted"] = true
		}
		for k, v := range d.Fields {
			got[k] = v
		}
		if !ok || !reflect.DeepEqual(got, want) {
			w.t.Errorf("%s is %v, not %v", ref, got, want)
		}
		var keys []documents.VersionKey
		for v := int64(1); v <= d.Version+1; v++ {
			keys = append(keys, documents.VersionKey{ID: ref.ID, Version: v})
		}
		versions, err := s.Versions(w.t.Context(), ref.Entity, keys)
		if err != nil || int64(len(versions)) != d.Version {
			w.t.Errorf("%s has %d archived versions at version %d, %v", ref, len(versions), d.Version, err)
		}
		w.checkPast(s, ref.Entity, d)
	}
}

// checkPast compares a document with what the archive says that was there when it was updated.
func (w *world) checkPast(s documents.Store, entity string, d documents.Document) {
	w.t.Helper()
	was, err := s.LoadAsOf(w.t.Context(), entity, []string{d.ID}, nil, d.UpdatedAt)
	if err != nil {
		w.t.Fatal(err)
	}
	own := schema.Record{}
	for _, f := range w.model.Entity(entity).Fields {
		if v, ok := d.Fields[f.Name]; ok && f.Copy == nil {
			own[f.Name] = v
		}
	}
	d.Fields, d.Sources = own, nil
	if !reflect.DeepEqual(was[d.ID], d) {
		w.t.Errorf("as of its last event %s %s was %+v, not %+v", entity, d.ID, was[d.ID], d)
	}
}

// run consolidates until everything is done or ctx ends.
func (w *world) run(ctx context.Context, s documents.Store, f feed.Feed, until func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- consolidator.New(w.model, w.log, s, f, options()).Run(ctx) }()
	for !until() && ctx.Err() == nil {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.t.Error("it was not done in time")
	}
	cancel()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
}

func TestDocumentsAreTheFoldOfTheLog(t *testing.T) {
	w := newWorld(t)
	w.history()
	w.run(t.Context(), w.store, w.feed, func() bool { return w.done(w.store) })
	w.check(w.store)
}

// crashing fails the n-th call that writes, and every one after it: as if the process had died there. With late set the call itself still happens.
type crashing struct {
	documents.Store
	feed.Feed
	left atomic.Int64
	late bool
	dead context.CancelFunc
}

var errCrash = errors.New("crashed")

func (c *crashing) step(do func() error) error {
	n := c.left.Add(-1)
	if n > 0 {
		return do()
	}
	if n == 0 && c.late {
		_ = do()
	}
	c.dead()
	return errCrash
}

func (c *crashing) Archive(ctx context.Context, e string, vs []documents.Version) error {
	return c.step(func() error { return c.Store.Archive(ctx, e, vs) })
}
func (c *crashing) Write(ctx context.Context, e string, ws []documents.Write) error {
	return c.step(func() error { return c.Store.Write(ctx, e, ws) })
}
func (c *crashing) Advance(ctx context.Context, p int, cp documents.Checkpoint) error {
	return c.step(func() error { return c.Store.Advance(ctx, p, cp) })
}
func (c *crashing) Recopy(ctx context.Context, e string, rs []documents.Recopy) (ids []string, err error) {
	err = c.step(func() error { ids, err = c.Store.Recopy(ctx, e, rs); return err })
	return ids, err
}
func (c *crashing) WriteView(ctx context.Context, view string, ws []documents.ViewWrite) (done []bool, err error) {
	err = c.step(func() error { done, err = c.Store.WriteView(ctx, view, ws); return err })
	return done, err
}
func (c *crashing) AdvanceViews(ctx context.Context, p int, views []string, cp documents.Checkpoint) error {
	return c.step(func() error { return c.Store.AdvanceViews(ctx, p, views, cp) })
}
func (c *crashing) SetViewReady(ctx context.Context, view string, ready bool) error {
	return c.step(func() error { return c.Store.SetViewReady(ctx, view, ready) })
}
func (c *crashing) Publish(ctx context.Context, p int, es []feed.Entry) error {
	return c.step(func() error { return c.Feed.Publish(ctx, p, es) })
}
func (c *crashing) Ping(ctx context.Context) error { return c.Store.Ping(ctx) }
func (c *crashing) Close() error                   { return nil }

// TestACrashAnywhereLeavesNothingOut crashes before and after every write of a consolidation, starts again, and compares. On FerretDB every third
// write, before and after in turns, has to do: it is slow, and what it does not share with SQLite is tested by the contract.
func TestACrashAnywhereLeavesNothingOut(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		w.history()
		writes, step := int64(0), int64(1)
		if w.mongo {
			step = 3
		}
		for n, reached := int64(1), true; reached; n += step {
			writes = n
			for _, late := range []bool{false, true} {
				if w.mongo && late != (n/step%2 == 0) {
					continue
				}
				reached = w.crash(n, late)
				if t.Failed() {
					t.Fatalf("after a crash at write %d (late: %v)", n, late)
				}
			}
		}
		if writes < 20 {
			t.Errorf("a consolidation has only %d writes: not much was tested", writes)
		}
		t.Logf("crashed at every %d. of %d writes", step, writes)
	})
}

// crash consolidates into a store of its own and crashes at the n-th write, which it reports, then starts again and compares.
func (w *world) crash(n int64, late bool) (reached bool) {
	w.t.Helper()
	s := w.newStore()
	f := feed.NewMemory(3, 10_000)
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	c := &crashing{Store: s, Feed: f, late: late, dead: cancel}
	c.left.Store(n)
	w.run(ctx, c, c, func() bool { return ctx.Err() != nil || w.done(s) })
	reached = c.left.Load() <= 0
	cancel()
	w.run(w.t.Context(), s, f, func() bool { return w.done(s) })
	w.check(s)
	w.published(f, n)
	return reached
}

// published checks that the feed has every event, at least once.
func (w *world) published(f feed.Feed, n int64) {
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
	seen := map[string]bool{}
	for _, e := range entries {
		if e.Kind == feed.Changed {
			seen[fmt.Sprint(e.Entity, e.ID, e.Version)] = true
		}
	}
	for ref, r := range w.fold() {
		for v := int64(1); v <= r["_version"].(int64); v++ {
			if !seen[fmt.Sprint(ref.Entity, ref.ID, v)] {
				w.t.Errorf("crash at %d: version %d of %s was not published", n, v, ref)
			}
		}
	}
}

func TestTwoConsolidatorsAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		w.history()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { w.run(t.Context(), w.store, w.feed, func() bool { return w.done(w.store) }) })
		}
		wg.Wait()
		w.check(w.store)
	})
}
