package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

const sdl = `
type Owner @entity @crud { id: ID! name: String! }
type Thing @entity @crud { id: ID! owner: Owner! @ref ownerName: String @copy(of: "owner.name") size: %s }
`

// bench is an engine at work, and what a consolidator would use beside it.
type bench struct {
	*testing.T
	model *schema.Model
	store documents.Store
	feed  *feed.Memory
	path  string
	e     *query.Engine
}

// follow starts an engine that follows an empty feed of two partitions; buffer as in query.Config.
func follow(t *testing.T, buffer int) *bench {
	t.Helper()
	b := &bench{T: t, model: model(t, "Int"), feed: feed.NewMemory(2, 1000)}
	b.path = filepath.Join(t.TempDir(), "docs.db")
	b.store = b.open(b.model)
	b.e = query.New(query.Config{Model: b.model, Store: b.store, Feed: b.feed, Buffer: buffer, WaitBound: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.e.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return b
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
		err = s.Setup(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// write brings thing x to a version.
func (b *bench) write(version int64, fields schema.Record) {
	b.Helper()
	w := documents.Write{ID: "x", Since: version - 1, Version: version, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(version, 0), Set: fields}
	if err := b.store.Write(b.Context(), "Thing", []documents.Write{w}); err != nil {
		b.Fatal(err)
	}
}

// changed is the entry about thing x from one version to the next.
func (b *bench) changed(version int64) feed.Entry {
	b.Helper()
	at := func(version int64) json.RawMessage {
		if version == 0 {
			return nil
		}
		fields, err := b.model.EncodeRecord(b.model.Entity("Thing").Fields, schema.Record{"owner": "w1", "ownerName": "one", "size": int(version)})
		if err != nil {
			b.Fatal(err)
		}
		raw, err := json.Marshal(feed.Snapshot{Version: version, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(version, 0), Fields: fields})
		if err != nil {
			b.Fatal(err)
		}
		return raw
	}
	return feed.Entry{Kind: feed.Changed, Cause: position.Place{Epoch: 1, Seq: uint64(version)}, Entity: "Thing", ID: "x", Version: version,
		Event: &feed.Event{Name: "ThingChanged", Version: version}, Before: at(version - 1), After: at(version)}
}

func (b *bench) publish(partition int, es ...feed.Entry) {
	b.Helper()
	if err := b.feed.Publish(b.Context(), partition, es); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) watch(w query.Watch) <-chan query.Change {
	b.Helper()
	w.Entity, w.Node = b.model.Entity("Thing"), &query.Selection{Fields: []string{"ownerName", "size"}}
	c, err := b.e.Watch(b.Context(), w)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// next returns the next message, which must be of the type and the version; 0 is for none.
func (b *bench) next(c <-chan query.Change, kind string, version int64) query.Change {
	b.Helper()
	select {
	case m := <-c:
		got := int64(0)
		if m.Node != nil {
			got = m.Node.Version
		}
		if m.Err != nil || m.Type != kind || got != version {
			b.Fatalf("%s of version %d came (%v), not %s of version %d", m.Type, got, m.Err, kind, version)
		}
		return m
	case <-time.After(10 * time.Second):
		b.Fatalf("nothing came: %s of version %d should", kind, version)
	}
	return query.Change{}
}

func (b *bench) nothing(c <-chan query.Change) {
	b.Helper()
	select {
	case m := <-c:
		b.Fatalf("%+v came", m)
	case <-time.After(50 * time.Millisecond):
	}
}

// TestRepeatsAreToldOnce has a consolidator publish its last batch again, for a follower and for a client that comes back.
func TestRepeatsAreToldOnce(t *testing.T) {
	b := follow(t, 0)
	live := b.watch(query.Watch{})
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	b.publish(0, b.changed(1))
	token := b.next(live, query.Entered, 1).Token
	b.write(2, schema.Record{"size": 2})
	b.write(3, schema.Record{"size": 3})
	b.publish(0, b.changed(2), b.changed(3))
	b.publish(0, b.changed(2), b.changed(3))
	b.next(live, query.Updated, 2)
	b.next(live, query.Updated, 3)
	b.nothing(live)
	again := b.watch(query.Watch{Token: token})
	b.next(again, query.Updated, 2)
	b.next(again, query.Updated, 3)
	b.nothing(again)
	b.write(4, schema.Record{"size": 4})
	b.publish(0, b.changed(4))
	b.next(again, query.Updated, 4)
}

// TestATokenOfAnotherHistoryResyncs comes back with a token whose entry the feed no longer has, although it has its offset.
func TestATokenOfAnotherHistoryResyncs(t *testing.T) {
	b := follow(t, 0)
	live := b.watch(query.Watch{})
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	b.publish(0, b.changed(1))
	token := b.next(live, query.Entered, 1).Token
	for name, change := range map[string]func(*feed.Mark){
		"same offset": func(m *feed.Mark) { m.Link++ }, "further": func(m *feed.Mark) { m.Offset++ },
	} {
		c, err := feed.ParseCursor(token)
		if err != nil {
			t.Fatal(err)
		}
		m := c.At[0]
		change(&m)
		c.At[0] = m
		t.Log(name)
		b.next(b.watch(query.Watch{Token: c.String()}), query.Resync, 0)
	}
	b.nothing(b.watch(query.Watch{Token: token}))
}

// TestAFilterOfCopiesResumesWithAResync: nobody knows any more what the client was told.
func TestAFilterOfCopiesResumesWithAResync(t *testing.T) {
	b := follow(t, 0)
	b.write(1, schema.Record{"owner": "w1", "size": 1, "ownerName": "one"})
	one := query.Watch{Filter: documents.Not{F: documents.Compare{Field: "ownerName", Value: "two"}}}
	live := b.watch(one)
	time.Sleep(20 * time.Millisecond) // it has looked what is there
	b.publish(0, b.changed(1))
	one.Token = b.next(live, query.Updated, 1).Token
	again := b.watch(one)
	b.next(again, query.Resync, 0)
	err := b.store.Write(t.Context(), "Thing", []documents.Write{{ID: "x", Since: 1, Version: 2, UpdatedAt: time.Unix(2, 0), Set: schema.Record{"ownerName": "two"}}})
	if err != nil {
		t.Fatal(err)
	}
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 2})
	for _, c := range []<-chan query.Change{live, again} {
		b.next(c, query.Left, 2)
	}
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 2}) // told twice, left once
	b.nothing(live)
}

// TestASlowSubscriberResyncs lets more changes come than the buffer holds, and then goes on.
func TestASlowSubscriberResyncs(t *testing.T) {
	b := follow(t, 4)
	live := b.watch(query.Watch{})
	for v := int64(1); v <= 30; v++ {
		b.write(v, schema.Record{"owner": "w1", "size": int(v)})
		b.publish(0, b.changed(v))
	}
	resyncs := 0
	for quiet := false; !quiet; {
		select {
		case m := <-live:
			if m.Type == query.Resync {
				resyncs++
			}
		case <-time.After(200 * time.Millisecond):
			quiet = true
		}
	}
	if resyncs == 0 {
		t.Error("nothing said that changes were missed")
	}
	b.write(31, schema.Record{"size": 31})
	b.publish(0, b.changed(31))
	b.next(live, query.Updated, 31)
}

// TestADocumentThatCannotBeReadResyncs: its own subscribers are told, and the follower goes on.
func TestADocumentThatCannotBeReadResyncs(t *testing.T) {
	b := follow(t, 0)
	b.write(1, schema.Record{"owner": "w1", "size": 1})
	live := b.watch(query.Watch{ID: "x"})
	good := b.store
	b.store = b.open(model(t, "String"))
	b.write(2, schema.Record{"size": "big"})
	b.publish(1, feed.Entry{Kind: feed.Copied, Entity: "Thing", ID: "x", Version: 2})
	b.next(live, query.Resync, 0)
	b.store = good
	b.write(3, schema.Record{"size": 3})
	b.publish(0, b.changed(3))
	b.next(live, query.Updated, 3)
}
