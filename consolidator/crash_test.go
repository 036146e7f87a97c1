package consolidator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	sqlitedocs "github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/eventlog"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const model = `
type Owner @entity @crud { id: ID! name: String! }
type Thing @entity @crud { id: ID! owner: Owner! @ref ownerName: String @copy(of: "owner.name") size: Int }
`

// world is a log with history in it, and a store to consolidate it into.
type world struct {
	t     *testing.T
	model *schema.Model
	log   eventlog.Log
	store documents.Store
	feed  *feed.Memory
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "model.graphql"), []byte(model), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := schema.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	l, err := sqlitelog.Open(t.Context(), filepath.Join(dir, "log.db"), sqlitelog.Options{Partitions: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &world{t: t, model: m, log: l, feed: feed.NewMemory(3, 10_000)}
	w.store = w.newStore(filepath.Join(dir, "docs.db"))
	return w
}

func (w *world) newStore(path string) documents.Store {
	s, err := sqlitedocs.Open(w.t.Context(), path, w.model, sqlitedocs.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	if err := s.Setup(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// history writes owners and things that refer to them, renames owners, changes things, and deletes some.
func (w *world) history() {
	w.t.Helper()
	e, err := command.New(command.Config{Model: w.model, Log: w.log})
	if err != nil {
		w.t.Fatal(err)
	}
	do := func(name, id string, in schema.Record) {
		r, err := e.Execute(w.t.Context(), command.Command{Name: name, ID: id, Input: in})
		if err != nil || len(r.Rejections) > 0 {
			w.t.Fatal(name, id, err, r)
		}
	}
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
	}
}

func options() consolidator.Options {
	return consolidator.Options{BatchSize: 5, Wait: 20 * time.Millisecond, SourceWait: 50 * time.Millisecond, MinBackoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond}
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
func (c *crashing) Publish(ctx context.Context, p int, es []feed.Entry) error {
	return c.step(func() error { return c.Feed.Publish(ctx, p, es) })
}
func (c *crashing) Ping(ctx context.Context) error { return c.Store.Ping(ctx) }
func (c *crashing) Close() error                   { return nil }

// TestACrashAnywhereLeavesNothingOut crashes before and after every write of a consolidation, starts again, and compares.
func TestACrashAnywhereLeavesNothingOut(t *testing.T) {
	w := newWorld(t)
	w.history()
	dir := t.TempDir()
	writes := int64(0)
	for n, reached := int64(1), true; reached; n++ {
		writes = n
		for _, late := range []bool{false, true} {
			s := w.newStore(filepath.Join(dir, fmt.Sprintf("%d-%v.db", n, late)))
			f := feed.NewMemory(3, 10_000)
			ctx, cancel := context.WithCancel(t.Context())
			c := &crashing{Store: s, Feed: f, late: late, dead: cancel}
			c.left.Store(n)
			w.run(ctx, c, c, func() bool { return ctx.Err() != nil || w.done(s) })
			reached = c.left.Load() <= 0
			cancel()
			w.run(t.Context(), s, f, func() bool { return w.done(s) })
			w.check(s)
			w.published(f, n)
			if t.Failed() {
				t.Fatalf("after a crash at write %d (late: %v)", n, late)
			}
		}
	}
	if writes < 20 {
		t.Errorf("a consolidation has only %d writes: not much was tested", writes)
	}
	t.Logf("crashed before and after each of %d writes", writes)
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
	w := newWorld(t)
	w.history()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { w.run(t.Context(), w.store, w.feed, func() bool { return w.done(w.store) }) })
	}
	wg.Wait()
	w.check(w.store)
}
