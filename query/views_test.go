package query_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// total brings the total of an owner to a version; none is the number of things of one that is no more.
func (b *bench) total(owner string, version int64, things int) {
	b.Helper()
	place := func(version int64) position.Position {
		if version == 0 {
			return position.Position{}
		}
		return at(0, uint64(version))
	}
	w := documents.ViewWrite{Was: place(version - 1), ViewDocument: documents.ViewDocument{Seen: place(version), Document: documents.Document{
		ID: owner, Version: version, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(version, 0), Deleted: things == none,
	}}}
	if things != none {
		w.Fields = schema.Record{"owner": owner, "things": things}
	}
	done, err := b.store.WriteView(b.Context(), "Total", []documents.ViewWrite{w})
	if err != nil || !slices.Equal(done, []bool{true}) {
		b.Fatal(done, err)
	}
}

func (b *bench) advanceView(partition int, seq uint64) {
	b.Helper()
	err := b.store.AdvanceViews(b.Context(), partition, []string{"Total"}, documents.Checkpoint{Place: position.Place{Epoch: 1, Seq: seq}})
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) ready() {
	b.Helper()
	if err := b.store.SetViewReady(b.Context(), "Total", true); err != nil {
		b.Fatal(err)
	}
}

// refused checks that an error says that the view is not there yet, in these words.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var e *query.Error
	if !errors.As(err, &e) || e.Code != "NOT_CONSOLIDATED" || !strings.Contains(e.Message, want) {
		t.Errorf("%v, not %q", err, want)
	}
}

// TestAViewIsReadOnceItIsComplete in every way in which it is read.
func TestAViewIsReadOnceItIsComplete(t *testing.T) {
	b := follow(t, 0)
	view, owner := b.model.View("Total"), b.model.Entity("Owner")
	all := &query.Selection{Fields: []string{"things"}, Refs: []*query.RefSelection{{Field: view.Field("owner"), Node: &query.Selection{Fields: []string{"name"}}}}}
	totals := &query.ListSelection{Inverse: owner.Inverses[1], Connection: query.Connection{Node: all, TotalCount: true}}
	fromOwner := &query.Selection{Lists: []*query.ListSelection{totals}}
	w := documents.Write{ID: "w1", Version: 1, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0), Set: schema.Record{"name": "one"}}
	if err := b.store.Write(b.Context(), "Owner", []documents.Write{w}); err != nil {
		t.Fatal(err)
	}
	b.total("w1", 1, 3)
	b.advance(0, 8)
	b.advance(1, 2)
	b.advanceView(0, 4)
	reads := map[string]func() (*query.Node, error){
		"get": func() (*query.Node, error) { return b.e.Get(t.Context(), view, "w1", all) },
		"list": func() (*query.Node, error) {
			p, err := b.e.List(t.Context(), view, query.ListArgs{}, query.Connection{Node: all, TotalCount: true})
			if err != nil {
				return nil, err
			}
			return p.Nodes[0], nil
		},
		"relation": func() (*query.Node, error) {
			n, err := b.e.Get(t.Context(), owner, "w1", fromOwner)
			if err != nil {
				return nil, err
			}
			return n.List(totals).Nodes[0], nil
		},
	}
	for name, read := range reads {
		_, err := read()
		t.Log(name)
		refused(t, err, "Total is being built: 40 %")
	}
	_, err := b.e.Watch(t.Context(), query.Watch{Entity: view, Node: all})
	refused(t, err, "Total is being built")
	if n, err := b.e.Get(t.Context(), owner, "w1", &query.Selection{Fields: []string{"name"}}); err != nil || n == nil {
		t.Error("the entity itself can be read", err)
	}

	b.ready()
	for name, read := range reads {
		n, err := read()
		if err != nil || n.Fields["things"] != 3 || n.Ref(all.Refs[0], "w1") == nil {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
}

// TestAViewIsReadAsFarAsItIsAskedFor: one that fell behind what else is consolidated is waited for, and not read if that takes too long.
func TestAViewIsReadAsFarAsItIsAskedFor(t *testing.T) {
	b := follow(t, 0)
	view := b.model.View("Total")
	b.total("w1", 1, 3)
	b.advance(0, 8)
	b.advanceView(0, 4)
	b.ready()
	get := func(p position.Position) error {
		_, err := b.e.Get(query.After(t.Context(), p), view, "w1", &query.Selection{})
		return err
	}
	for _, p := range []position.Position{{}, at(0, 4), at(0, 3)} {
		if err := get(p); err != nil {
			t.Error(p, err)
		}
	}
	refused(t, get(at(0, 5)), "not consolidated")
	refused(t, get(at(0, 4).Join(at(1, 1))), "not consolidated")
	b.advanceView(0, 8)
	if err := get(at(0, 8)); err != nil {
		t.Error(err)
	}
	if _, err := b.e.Get(query.After(query.After(t.Context(), at(1, 1)), at(0, 1)), view, "w1", &query.Selection{}); !errors.Is(err, query.ErrBehind) {
		t.Error("the second position took the place of the first", err)
	}
}

// TestAViewThatIsBuiltAnewIsNotRead: what was complete may begin again.
func TestAViewThatIsBuiltAnewIsNotRead(t *testing.T) {
	b := follow(t, 0)
	b.ready()
	get := func() error {
		_, err := b.e.Get(t.Context(), b.model.View("Total"), "w1", &query.Selection{})
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	if err := b.store.SetViewReady(t.Context(), "Total", false); err != nil {
		t.Fatal(err)
	}
	until(t, "it is not read", func() bool { return get() != nil })
	refused(t, get(), "Total is being built: 0 %")
}

// TestAViewThatWasLeftBehindIsNotRead, whoever once found it complete: a process with an older model went on without it, or it is stuck.
func TestAViewThatWasLeftBehindIsNotRead(t *testing.T) {
	b := follow(t, 0)
	b.total("w1", 1, 3)
	b.advanceView(0, 4)
	b.ready()
	get := func() error {
		_, err := b.e.Get(t.Context(), b.model.View("Total"), "w1", &query.Selection{})
		return err
	}
	b.advance(0, 1004)
	if err := get(); err != nil {
		t.Fatal(err)
	}
	b.advance(0, 1005)
	until(t, "it is not read", func() bool { return get() != nil })
	refused(t, get(), "Total is being built: 0 %")
	b.advanceView(0, 1005)
	if err := get(); err != nil {
		t.Error(err)
	}
}

// TestLiveViews: entries name documents only, and what a change is to a client goes by what it has.
func TestLiveViews(t *testing.T) {
	b := follow(t, 0)
	b.ready()
	view, node := b.model.View("Total"), &query.Selection{Fields: []string{"things"}}
	b.total("w1", 1, 1)
	b.total("w2", 1, 5)
	many := documents.Compare{Field: "things", Op: documents.Ge, Value: 3}
	all := b.watch(query.Watch{Entity: view, Node: node, Snapshot: true})
	filtered := b.watch(query.Watch{Entity: view, Node: node, Filter: many})
	one := b.watch(query.Watch{Entity: view, Node: node, ID: "w1"})
	b.next(all, query.Snapshot, 1)
	b.next(all, query.Snapshot, 1)
	b.next(all, query.Live, 0)
	b.published("w2", 1) // what the snapshot has
	b.next(filtered, query.Updated, 1)

	b.total("w1", 2, 3)
	b.published("w1", 2)
	b.next(all, query.Updated, 2)
	token := b.next(filtered, query.Entered, 2).Token
	if m := b.next(one, query.Updated, 2); m.ID != "w1" || m.Event != nil || m.Node.Fields["things"] != 3 {
		t.Errorf("%+v", m)
	}
	b.total("w1", 3, 2)
	b.published("w1", 3)
	b.next(all, query.Updated, 3)
	b.next(filtered, query.Left, 3)
	b.next(one, query.Updated, 3)
	b.total("w1", 4, none)
	b.published("w1", 4)
	b.next(all, query.Deleted, 0)
	b.next(one, query.Deleted, 0)
	b.nothing(filtered)
	b.total("w1", 5, 9)
	b.published("w1", 5)
	for _, c := range []<-chan query.Change{all, filtered, one} {
		b.next(c, query.Entered, 5)
	}
	b.next(b.watch(query.Watch{Entity: view, Node: node, Filter: many, Token: token}), query.Resync, 0)
}

// published publishes that a total changed.
func (b *bench) published(owner string, version int64) {
	b.Helper()
	b.publish(0, feed.Entry{Kind: feed.Copied, Cause: position.Place{Epoch: 1, Seq: uint64(version)}, Entity: "Total", ID: owner, Version: version})
}

// TestWhoWaitsForAViewHoldsUpNobody: one that asks for more than is there waits alone.
func TestWhoWaitsForAViewHoldsUpNobody(t *testing.T) {
	b := follow(t, 0)
	b.total("w1", 1, 3)
	b.advanceView(0, 1)
	b.ready()
	e := b.run(query.Config{Model: b.model, Store: b.store, WaitBound: time.Hour})
	waited := make(chan error, 1)
	go func() {
		_, err := e.Get(query.After(t.Context(), at(0, 2)), b.model.View("Total"), "w1", &query.Selection{})
		waited <- err
	}()
	until(t, "it waits", func() bool { return e.WaitingFor("Total") == 1 })
	for range 20 {
		if n, err := e.Get(t.Context(), b.model.View("Total"), "w1", &query.Selection{}); n == nil || err != nil {
			t.Fatal(n, err)
		}
	}
	select {
	case err := <-waited:
		t.Fatal("it did not wait", err)
	default:
	}
	b.advanceView(0, 2)
	select {
	case err := <-waited:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits although what it asked for is there")
	}
}
