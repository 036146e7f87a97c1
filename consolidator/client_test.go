package consolidator_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
)

// reading runs an engine that follows the world's feed until the test ends.
func (w *world) reading() *query.Engine {
	e := query.New(query.Config{Model: w.model, Store: w.store, Feed: w.feed})
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := e.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
	return e
}

// client keeps what a live query tells it.
type client struct {
	w     *world
	e     *query.Engine
	name  string
	watch query.Watch
	exact bool // ENTERED, UPDATED and LEFT have to go with what it has

	mu   sync.Mutex
	have map[string]string
	told []query.Change
}

var everything = &query.Selection{Fields: []string{"owner", "ownerName", "size"}}

func (w *world) client(e *query.Engine, name string, watch query.Watch) *client {
	w.t.Helper()
	watch.Entity, watch.Node = w.model.Entity("Thing"), everything
	c := &client{w: w, e: e, name: name, watch: watch, have: map[string]string{}}
	ctx, cancel := context.WithCancel(w.t.Context())
	changes, err := e.Watch(ctx, watch)
	if err != nil {
		w.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m := range changes {
			c.take(ctx, m)
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
	return c
}

func (c *client) take(ctx context.Context, m query.Change) {
	if m.Type == query.Resync {
		all, err := c.truth(ctx)
		if err != nil && ctx.Err() == nil {
			c.w.t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.have = all
		c.exact = false // it may have read what it is still to be told of
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, m)
	_, has := c.have[m.ID]
	wrong := m.Type == query.Entered && has || (m.Type == query.Updated || m.Type == query.Left || m.Type == query.Deleted) && !has
	if c.exact && wrong {
		c.w.t.Errorf("%s: %s of %s, which it has: %v", c.name, m.Type, m.ID, has)
	}
	switch m.Type {
	case query.Snapshot, query.Entered, query.Updated:
		c.have[m.ID] = show(m.Node)
	case query.Left, query.Deleted:
		delete(c.have, m.ID)
	}
	if m.Err != nil {
		c.w.t.Errorf("%s: %v", c.name, m.Err)
	}
}

func show(n *query.Node) string {
	return fmt.Sprint(n.Version, n.Fields["owner"], n.Fields["ownerName"], n.Fields["size"])
}

// truth is what the client should have.
func (c *client) truth(ctx context.Context) (map[string]string, error) {
	filter := c.watch.Filter
	if c.watch.ID != "" {
		filter = documents.Compare{Field: "_id", Value: c.watch.ID}
	}
	size := query.MaxPage
	page, err := c.e.List(ctx, c.watch.Entity, query.ListArgs{Filter: filter, First: &size}, query.Connection{Node: everything})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, n := range page.Nodes {
		out[n.ID] = show(n)
	}
	return out, nil
}

// settles waits until the client has what is there. What is still wrong after a while stays wrong: nothing more happens.
func (c *client) settles() {
	c.w.t.Helper()
	want, err := c.truth(c.w.t.Context())
	if err != nil {
		c.w.t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		c.mu.Lock()
		same := maps.Equal(c.have, want)
		c.mu.Unlock()
		if same {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, has := range c.have {
		if has != want[id] {
			c.w.t.Errorf("%s ends with %s as %q, which is %q", c.name, id, has, want[id])
		}
	}
	for id := range want {
		if _, ok := c.have[id]; !ok {
			c.w.t.Errorf("%s ends without %s", c.name, id)
		}
	}
}

func sizeIs(n int) documents.Filter       { return documents.Compare{Field: "size", Value: n} }
func nameIs(name string) documents.Filter { return documents.Compare{Field: "ownerName", Value: name} }

// clients follow things in every way that makes a difference.
func (w *world) clients(e *query.Engine, id string, names ...string) []*client {
	w.t.Helper()
	out := []*client{w.client(e, "all", query.Watch{Snapshot: true}), w.client(e, "one", query.Watch{ID: id, Snapshot: true})}
	add := func(f documents.Filter) {
		c := w.client(e, fmt.Sprint(f), query.Watch{Filter: f, Snapshot: true})
		out = append(out, c)
	}
	for size := range 3 {
		add(sizeIs(size))
	}
	for _, name := range names {
		add(nameIs(name))
		for size := range 3 {
			add(documents.And{nameIs(name), sizeIs(size)})
			add(documents.Or{documents.Not{F: nameIs(name)}, sizeIs(size)})
		}
	}
	for _, c := range out {
		w.until("the snapshot", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			if n := len(c.told); n > 0 && c.told[n-1].Type == query.Live {
				c.exact = true
				return true
			}
			return false
		})
	}
	return out
}
