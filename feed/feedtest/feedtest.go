// Package feedtest is the contract that every feed passes.
package feedtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
)

// Run runs the contract. open returns an empty feed of so many partitions that keeps the newest capacity entries of each.
func Run(t *testing.T, open func(t *testing.T, partitions, capacity int) feed.Feed) {
	for name, test := range map[string]func(*testing.T, func(*testing.T, int, int) feed.Feed){
		"entries come in order":         inOrder,
		"a reader is woken":             woken,
		"what is lost is a gap":         lost,
		"another epoch is a gap":        otherEpoch,
		"another history is a gap":      otherHistory,
		"reading ends with its context": ends,
		"limits":                        limits,
		"concurrent publishers":         concurrent,
		"announcements":                 announcements,
		"questions":                     questions,
		"listening ends":                listeningEnds,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func entry(i int) feed.Entry {
	return feed.Entry{
		Kind: feed.Changed, Cause: position.Place{Epoch: 1, Seq: uint64(i)}, Entity: "Order", ID: fmt.Sprint("o", i), Version: int64(i),
		Event: &feed.Event{Name: "OrderCreated", To: "CREATED", Version: int64(i), At: time.Unix(int64(i), 1).UTC()}, After: []byte(`{"a":1}`),
	}
}

func publish(t *testing.T, f feed.Feed, partition int, ids ...int) {
	t.Helper()
	var es []feed.Entry
	for _, i := range ids {
		es = append(es, entry(i))
	}
	if err := f.Publish(t.Context(), partition, es); err != nil {
		t.Fatal(err)
	}
}

func tail(t *testing.T, f feed.Feed) feed.Cursor {
	t.Helper()
	c, err := f.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read reads until n entries came.
func read(t *testing.T, f feed.Feed, c *feed.Cursor, n int) []feed.Entry {
	t.Helper()
	var out []feed.Entry
	for deadline := time.Now().Add(10 * time.Second); len(out) < n && time.Now().Before(deadline); {
		es, err := f.Read(t.Context(), *c, 100, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			c.Seen(e)
		}
		out = append(out, es...)
	}
	if len(out) != n {
		t.Fatalf("%d entries came, not %d: %+v", len(out), n, out)
	}
	return out
}

func inOrder(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 2, 100)
	c := tail(t, f)
	publish(t, f, 0, 1, 2)
	publish(t, f, 1, 3)
	publish(t, f, 0, 4)
	got := map[int][]feed.Entry{}
	for _, e := range read(t, f, &c, 4) {
		got[e.Partition] = append(got[e.Partition], e)
	}
	if len(got[0]) != 3 || len(got[1]) != 1 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []int{1, 2, 4} {
		e := got[0][i]
		if e.ID != entry(want).ID || e.Offset != uint64(i+1) || e.Event.At != entry(want).Event.At || string(e.After) != `{"a":1}` || e.Cause != entry(want).Cause {
			t.Errorf("entry %d is %+v", i, e)
		}
	}
	text, err := feed.ParseCursor(c.String())
	if err != nil {
		t.Fatal(err)
	}
	publish(t, f, 1, 5)
	if e := read(t, f, &text, 1)[0]; e.ID != "o5" {
		t.Errorf("after the cursor came %+v", e)
	}
}

func woken(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 4, 100)
	c := tail(t, f)
	done := make(chan []feed.Entry, 1)
	go func() {
		es, _ := f.Read(context.Background(), c, 10, 30*time.Second)
		done <- es
	}()
	publish(t, f, 3, 7)
	select {
	case es := <-done:
		if len(es) != 1 || es[0].ID != "o7" || es[0].Partition != 3 {
			t.Errorf("%+v", es)
		}
	case <-time.After(10 * time.Second):
		t.Error("the reader was not woken")
	}
}

func lost(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 1, 10)
	c := tail(t, f)
	for i := range 300 {
		publish(t, f, 0, i+1)
	}
	gap := read(t, f, &c, 1)[0]
	if gap.Kind != feed.Gap || gap.Offset != 300 {
		t.Fatalf("%+v", gap)
	}
	publish(t, f, 0, 1000)
	if e := read(t, f, &c, 1)[0]; e.ID != "o1000" {
		t.Errorf("after the gap came %+v", e)
	}
	c.At[0] = feed.Mark{Offset: 5000} // the feed lost its tail
	if e := read(t, f, &c, 1)[0]; e.Kind != feed.Gap || e.Offset != 301 {
		t.Errorf("beyond the tail came %+v", e)
	}
}

func otherEpoch(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 3, 10)
	publish(t, f, 1, 1)
	c := feed.Cursor{Epoch: "another", At: map[int]feed.Mark{1: {Offset: 1}}}
	for _, e := range read(t, f, &c, 3) {
		if e.Kind != feed.Gap {
			t.Errorf("%+v", e)
		}
	}
	publish(t, f, 1, 2)
	if e := read(t, f, &c, 1)[0]; e.ID != "o2" {
		t.Errorf("after the gaps came %+v", e)
	}
}

// otherHistory follows with a cursor of a feed that lost its tail and went on: its offset is there, its entry is not.
func otherHistory(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 2, 10)
	publish(t, f, 0, 1, 2)
	publish(t, f, 0, 3)
	publish(t, f, 1, 4)
	for offset := uint64(1); offset <= 3; offset++ {
		c := tail(t, f)
		if c.At[0].Link == c.At[1].Link {
			t.Fatal("entries of two calls have one link")
		}
		c.At[0] = feed.Mark{Offset: offset, Link: c.At[1].Link}
		if e := read(t, f, &c, 1)[0]; e.Kind != feed.Gap || e.Partition != 0 || e.Offset != 3 {
			t.Errorf("behind another entry %d came %+v", offset, e)
		}
		if es, err := f.Read(t.Context(), c, 10, time.Millisecond); err != nil || len(es) != 0 {
			t.Errorf("after the gap came %+v, %v", es, err)
		}
	}
	c := tail(t, f)
	publish(t, f, 0, 5, 6)
	es := read(t, f, &c, 2)
	c.Seen(es[0]) // between two of one call
	if e := read(t, f, &c, 1)[0]; e.ID != "o6" {
		t.Errorf("in the middle of a call came %+v", e)
	}
}

func ends(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 1, 10)
	ctx, cancel := context.WithCancel(t.Context())
	c := tail(t, f)
	done := make(chan error, 1)
	go func() {
		_, err := f.Read(ctx, c, 10, time.Minute)
		done <- err
	}()
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(10 * time.Second):
		t.Error("reading went on")
	}
	if es, err := f.Read(t.Context(), c, 10, time.Millisecond); err != nil || len(es) != 0 {
		t.Errorf("nothing to read: %v, %v", es, err)
	}
	if err := f.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error("closed twice:", err)
	}
}

func limits(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 2, 1000)
	c := tail(t, f)
	for i := range 50 {
		publish(t, f, i%2, i)
	}
	es, err := f.Read(t.Context(), c, 8, time.Second)
	if err != nil || len(es) == 0 || len(es) > 8 {
		t.Fatalf("%d entries, %v", len(es), err)
	}
	if err := f.Publish(t.Context(), 2, []feed.Entry{entry(1)}); err == nil {
		t.Error("a partition that does not exist was published to")
	}
	if err := f.Publish(t.Context(), 0, nil); err != nil {
		t.Error("nothing to publish:", err)
	}
}

func concurrent(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 2, 1000)
	c := tail(t, f)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				if err := f.Publish(context.Background(), g%2, []feed.Entry{entry(g*20 + i + 1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, e := range read(t, f, &c, 160) {
		seen[e.ID] = true
	}
	if len(seen) != 160 {
		t.Errorf("%d different entries", len(seen))
	}
}
