package query_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// none is the size of a thing that isn't there.
const none = -1

// changed is the entry about thing x from one version to the next. Its size is its version.
func (b *bench) changed(version int64) feed.Entry {
	b.Helper()
	before := int(version) - 1
	if version == 1 {
		before = none
	}
	return b.resized("x", version, before, int(version))
}

// resized is the entry about a thing that gets to a version from a size to another. It is as far in the log as its version says.
func (b *bench) resized(id string, version int64, before, after int) feed.Entry {
	b.Helper()
	at := func(version int64, size int) json.RawMessage {
		if size == none {
			return nil
		}
		return b.snapshot("Thing", version, schema.Record{"owner": "w1", "ownerName": "one", "size": size})
	}
	return feed.Entry{Kind: feed.Changed, Cause: position.Place{Epoch: 1, Seq: uint64(version)}, Entity: "Thing", ID: id, Version: version,
		Event: &feed.Event{Name: "ThingChanged", Version: version}, Before: at(version-1, before), After: at(version, after)}
}

func (b *bench) snapshot(entity string, version int64, r schema.Record) json.RawMessage {
	b.Helper()
	fields, err := b.model.EncodeRecord(b.model.Entity(entity).Fields, r)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := json.Marshal(feed.Snapshot{Version: version, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(version, 0), Fields: fields})
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

func (b *bench) publish(partition int, es ...feed.Entry) {
	b.Helper()
	if err := b.feed.Publish(b.Context(), partition, es); err != nil {
		b.Fatal(err)
	}
}

// archive puts the version of thing x that an entry is about into the archive.
func (b *bench) archive(partition int, e feed.Entry) {
	b.Helper()
	v := documents.Version{ID: "x", Version: e.Version, Event: e.Event.Name, Partition: partition, Place: e.Cause, State: schema.Record{"owner": "w1", "size": 1}, Changes: []byte("[]")}
	if err := b.store.Archive(b.Context(), "Thing", []documents.Version{v}); err != nil {
		b.Fatal(err)
	}
}

// passed waits until the follower of an engine has handed out what was published so far: it publishes one more change, of an entity of its own, in partition 1.
func (b *bench) passed(e *query.Engine, entity string) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	c, err := e.Watch(ctx, query.Watch{Entity: b.model.Entity(entity), ID: "probe", Node: &query.Selection{}})
	if err != nil {
		b.Fatal(err)
	}
	b.probes++
	after := b.snapshot(entity, b.probes, schema.Record{"name": "n", "owner": "w1", "size": 0})
	b.publish(1, feed.Entry{Kind: feed.Changed, Cause: position.Place{Epoch: 1, Seq: uint64(b.probes)}, Entity: entity, ID: "probe", Version: b.probes, After: after})
	b.next(c, query.Entered, b.probes)
}
