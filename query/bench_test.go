package query_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

const sdl = `
type Owner @entity @crud { id: ID! name: String! }
type Thing @entity @crud { id: ID! owner: Owner! @ref ownerName: String @copy(of: "owner.name") size: %s }
type Total @view(of: "Thing") { owner: Owner! @ref(inverse: "totals") @group things: Int! @count }
`

// bench is an engine at work, and what a consolidator would use beside it.
type bench struct {
	*testing.T
	model *schema.Model
	store documents.Store
	feed  *feed.Memory
	path  string
	e     *query.Engine

	probes int64
}

// follow starts an engine that follows an empty feed of two partitions; buffer as in query.Config.
func follow(t *testing.T, buffer int) *bench {
	t.Helper()
	b := newBench(t)
	b.e = b.start(b.store, b.feed, buffer)
	return b
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, model: model(t, "Int"), feed: feed.NewMemory(2, 1000)}
	b.path = filepath.Join(t.TempDir(), "docs.db")
	b.store = b.open(b.model)
	return b
}

// start starts an engine that runs until the test ends.
func (b *bench) start(s documents.Store, f feed.Feed, buffer int) *query.Engine {
	b.Helper()
	return b.run(query.Config{Model: b.model, Store: s, Feed: f, Buffer: buffer, Partitions: 2, WaitBound: 50 * time.Millisecond})
}

// run runs an engine until the test ends.
func (b *bench) run(cfg query.Config) *query.Engine {
	b.Helper()
	e := query.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := e.Run(ctx); err != nil {
			b.Error(err)
		}
	}()
	b.Cleanup(func() { cancel(); <-done })
	return e
}

func model(t *testing.T, size string) *schema.Model {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: fmt.Appendf(nil, sdl, size)}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (b *bench) open(m *schema.Model) documents.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), b.path, m, sqlite.Options{})
	if err == nil {
		b.Cleanup(func() { s.Close() })
		err = errors.Join(s.Setup(b.Context()), s.Index(b.Context()))
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// write brings thing x to a version.
func (b *bench) write(version int64, fields schema.Record) {
	b.Helper()
	b.put("x", version, fields)
}

// put brings a thing to a version.
func (b *bench) put(id string, version int64, fields schema.Record) {
	b.Helper()
	w := documents.Write{ID: id, Since: version - 1, Version: version, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(version, 0), Set: fields}
	if err := b.store.Write(b.Context(), "Thing", []documents.Write{w}); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) watch(w query.Watch) <-chan query.Change {
	b.Helper()
	return b.watchOn(b.e, w)
}

// watchOn begins a live query on an engine, of things with two fields unless w says more.
func (b *bench) watchOn(e *query.Engine, w query.Watch) <-chan query.Change {
	b.Helper()
	if w.Entity == nil {
		w.Entity, w.Node = b.model.Entity("Thing"), &query.Selection{Fields: []string{"ownerName", "size"}}
	}
	c, err := e.Watch(b.Context(), w)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// next returns the next message, which must be of the type and the version; 0 is for none.
func (b *bench) next(c <-chan query.Change, kind string, version int64) query.Change {
	b.Helper()
	m := b.any(c)
	got := int64(0)
	if m.Node != nil {
		got = m.Node.Version
	}
	if m.Err != nil || m.Type != kind || got != version {
		b.Fatalf("%s of version %d came (%v), not %s of version %d", m.Type, got, m.Err, kind, version)
	}
	return m
}

// until waits for a condition that nothing signals.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func (b *bench) any(c <-chan query.Change) query.Change {
	b.Helper()
	select {
	case m := <-c:
		return m
	case <-time.After(10 * time.Second):
		b.Fatal("nothing came")
		return query.Change{}
	}
}

func (b *bench) nothing(c <-chan query.Change) {
	b.Helper()
	select {
	case m := <-c:
		b.Fatalf("%+v came", m)
	case <-time.After(50 * time.Millisecond):
	}
}
