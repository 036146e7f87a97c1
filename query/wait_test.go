package query_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
)

func (b *bench) advance(partition int, seq uint64) {
	b.Helper()
	b.mark(partition, seq, time.Time{})
}

// mark moves a checkpoint and tells of it, as the consolidator does.
func (b *bench) mark(partition int, seq uint64, watermark time.Time) {
	b.Helper()
	at := position.Place{Epoch: 1, Seq: seq}
	if err := b.store.Advance(b.Context(), partition, documents.Checkpoint{Place: at, Hash: "h", Watermark: watermark}); err != nil {
		b.Fatal(err)
	}
	if err := b.feed.Announce(b.Context(), feed.Progress{Partition: partition, Place: at, Watermark: watermark}); err != nil {
		b.Fatal(err)
	}
}

func at(partition int, seq uint64) position.Position {
	return position.At(partition, position.Place{Epoch: 1, Seq: seq})
}

// TestAPositionIsWaitedForAsAWhole: one that joins two partitions is reached when both are.
func TestAPositionIsWaitedForAsAWhole(t *testing.T) {
	b := follow(t, 0)
	both := at(0, 5).Join(at(1, 3))
	wait := func(p position.Position, want error) {
		t.Helper()
		began := time.Now()
		if err := b.e.Wait(t.Context(), p); !errors.Is(err, want) {
			t.Fatalf("%v, not %v", err, want)
		}
		if want != nil && time.Since(began) < 50*time.Millisecond {
			t.Errorf("it waited for %s only", time.Since(began))
		}
	}
	wait(position.Position{}, nil)
	wait(both, query.ErrBehind)
	b.advance(0, 5)
	wait(both, query.ErrBehind)
	wait(at(0, 5), nil)
	b.advance(1, 2)
	wait(both, query.ErrBehind)
	b.advance(1, 3)
	wait(both, nil)
	wait(at(0, 4).Join(at(1, 3)), nil)
	wait(both.Join(at(0, 6)), query.ErrBehind)
	if n := b.e.Waiting(); n != 0 {
		t.Errorf("%d are left waiting", n)
	}
}

// checkpoints tells of one partition at a time.
type checkpoints struct {
	documents.Store
	tell chan map[int]documents.Checkpoint
}

func (c *checkpoints) Checkpoints(ctx context.Context) (map[int]documents.Checkpoint, error) {
	select {
	case m := <-c.tell:
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestWhatWasReachedStays: a read of the checkpoints that knows less, of a replica, takes nothing back.
func TestWhatWasReachedStays(t *testing.T) {
	b := newBench(t)
	c := &checkpoints{b.store, make(chan map[int]documents.Checkpoint, 10)}
	e := query.New(query.Config{Model: b.model, Store: c, WaitBound: 10 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	tell := func(partition int, seq uint64) {
		c.tell <- map[int]documents.Checkpoint{partition: {Place: position.Place{Epoch: 1, Seq: seq}}}
	}
	tell(0, 5)
	tell(0, 2)
	tell(1, 3)
	if err := e.Wait(t.Context(), at(0, 5).Join(at(1, 3))); err != nil {
		t.Error(err)
	}
	all, places := position.Position{}, map[int]documents.Checkpoint{}
	for p := range 8 { // one read tells of all of them
		all = all.Join(at(p, 9))
		places[p] = documents.Checkpoint{Place: position.Place{Epoch: 1, Seq: 9}}
	}
	c.tell <- places
	if err := e.Wait(t.Context(), all); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := e.Wait(t.Context(), at(0, 5)); err != nil {
		t.Error("what is known needs no reading", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := e.Wait(gone, at(0, 10)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
