package consolidator_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	mongodocs "github.com/daybook-cqrs/daybook/documents/mongo"
	sqlitedocs "github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/eventlog"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/schema"
)

const model = `
type Owner @entity @crud { id: ID! name: String! }
type Thing @entity @crud { id: ID! owner: Owner! @ref ownerName: String @copy(of: "owner.name") size: Int parts: [Part!] }
type Part { part: ID! @key weight: Int }

extend type Mutation {
  addPart(id: ID!, part: PartInput! @append(to: "parts")): Thing! @transition(emits: "PartAdded")
  changePart(id: ID!, part: PartPatch! @update(in: "parts")): Thing! @transition(emits: "PartChanged")
  removePart(id: ID!, part: ID! @remove(from: "parts")): Thing! @transition(emits: "PartRemoved")
}
`

// world is a log with history in it, and a store to consolidate it into.
type world struct {
	t     *testing.T
	model *schema.Model
	log   eventlog.Log
	store documents.Store
	feed  *feed.Memory
	mongo bool // documents are in MongoDB
}

// engines runs a test with documents on each engine.
func engines(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newWorld(t)) })
	t.Run("mongo", func(t *testing.T) {
		uri := testmongo.URI(t)
		w := emptyWorld(t, model, 3)
		w.mongo = true
		w.store = w.openMongo(uri, testmongo.Database(t, uri))
		test(t, w)
	})
}

// newWorld has documents in SQLite.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := emptyWorld(t, model, 3)
	w.store = w.newStore()
	return w
}

// emptyWorld has no store yet.
func emptyWorld(t *testing.T, sdl string, partitions int) *world {
	t.Helper()
	l, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "log.db"), sqlitelog.Options{Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &world{t: t, model: load(t, sdl), log: l, feed: feed.NewMemory(partitions, 100_000)}
}

func load(t *testing.T, sdl string) *schema.Model {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"model.graphql": {Data: []byte(sdl)}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// newStore opens an empty store on the world's engine.
func (w *world) newStore() documents.Store {
	w.t.Helper()
	if w.mongo {
		uri := testmongo.URI(w.t)
		return w.openMongo(uri, testmongo.Database(w.t, uri))
	}
	return w.openSQLite(filepath.Join(w.t.TempDir(), "docs.db"))
}

func (w *world) openSQLite(path string) documents.Store {
	w.t.Helper()
	s, err := sqlitedocs.Open(w.t.Context(), path, w.model, sqlitedocs.Options{})
	return w.opened(s, err)
}

func (w *world) openMongo(uri, database string) documents.Store {
	w.t.Helper()
	s, err := mongodocs.Open(w.t.Context(), uri, w.model, mongodocs.Options{Database: database})
	return w.opened(s, err)
}

func (w *world) opened(s documents.Store, err error) documents.Store {
	w.t.Helper()
	if err == nil {
		w.t.Cleanup(func() { s.Close() })
		err = errors.Join(s.Setup(w.t.Context()), s.Index(w.t.Context()))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// exec executes a command that must not be rejected.
func (w *world) exec(name, id string, in schema.Record) {
	w.t.Helper()
	e, err := command.New(command.Config{Model: w.model, Log: w.log})
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := e.Execute(w.t.Context(), command.Command{Name: name, ID: id, Input: in})
	if err != nil || len(r.Rejections) > 0 {
		w.t.Fatal(name, id, err, r)
	}
}

// apart returns the id of a thing that is in another partition than the owner.
func (w *world) apart(owner string) string {
	of := w.log.PartitionOf(eventlog.Ref{Entity: "Owner", ID: owner})
	for i := 0; ; i++ {
		id := fmt.Sprint("x", i)
		if w.log.PartitionOf(eventlog.Ref{Entity: "Thing", ID: id}) != of {
			return id
		}
	}
}

func (w *world) doc(entity, id string) documents.Document {
	w.t.Helper()
	docs, err := w.store.Load(w.t.Context(), entity, []string{id}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return docs[id]
}

func options() consolidator.Options {
	return consolidator.Options{
		BatchSize: 5, Wait: 20 * time.Millisecond, SourceWait: 50 * time.Millisecond,
		MinBackoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond, BrokenRetry: 5 * time.Millisecond,
	}
}

// start consolidates until stop is called.
func (w *world) start(s documents.Store, f feed.Feed, o consolidator.Options) (c *consolidator.Consolidator, stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	c = consolidator.New(w.model, w.log, s, f, o)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return c, func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	}
}

// until waits for a condition.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("in vain waited for", what)
		}
	}
}

func (w *world) untilDone() {
	w.t.Helper()
	w.until("the end of the log", func() bool { return w.done(w.store) })
}
