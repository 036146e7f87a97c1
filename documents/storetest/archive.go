package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

func (s *suite) archive() {
	version := func(n int64, at time.Duration) documents.Version {
		return documents.Version{
			ID: "a:1", Version: n, Event: "SampleChanged", From: "RED", To: "BLUE", At: day0.Add(at), CommandID: "cmd", Actor: "ana",
			CorrelationID: "corr", CausationID: "cause", Partition: 7, Place: position.Place{Epoch: 2, Seq: uint64(n) + 40},
			State:   schema.Record{"text": `$x"`, "count": int(n), "lines": []any{schema.Record{"title": "t", "price": decimal("1.5")}}},
			Changes: []byte(`[{"op":"set","path":"count","value":1.50}]`),
		}
	}
	one, two, three := version(1, 0), version(2, time.Minute), version(3, time.Hour)
	three.Deleted, three.State = true, nil
	s.ok(s.store.Archive(s.ctx, "Sample", []documents.Version{one, two}))
	changed := two
	changed.Event = "Another"
	s.ok(s.store.Archive(s.ctx, "Sample", []documents.Version{one, changed, three})) // what is there stays
	s.ok(s.store.Archive(s.ctx, "Sample", []documents.Version{one, two, three}))
	key := func(n int64) documents.VersionKey { return documents.VersionKey{ID: "a:1", Version: n} }
	got, err := s.store.Versions(s.ctx, "Sample", []documents.VersionKey{key(1), key(2), key(3), key(4), {ID: "a", Version: 1}})
	s.ok(err)
	one.ValidTo, two.ValidTo = two.At, three.At
	s.same(map[documents.VersionKey]documents.Version{key(1): one, key(2): two, key(3): three}, got)
	none, err := s.store.Versions(s.ctx, "Sample", nil)
	s.ok(err)
	s.same(0, len(none))
}

// hasCommand looks for commands that something caused.
func (s *suite) hasCommand() {
	version := func(id, command, cause string) documents.Version {
		return documents.Version{ID: id, Version: 1, Event: "SampleChanged", At: day0, CommandID: command, CausationID: cause, Partition: 1,
			Place: position.Place{Epoch: 1, Seq: uint64(len(id))}, State: schema.Record{}, Changes: []byte(`[]`)}
	}
	s.ok(s.store.Archive(s.ctx, "Sample", []documents.Version{version("a", "c1", "Sample:x@1"), version("ab", "c2", ""), version("abc", "c1", "Sample:x@1")}))
	for command, want := range map[string]bool{"c1": true, "c2": false, "c": false, "": false} {
		got, err := s.store.HasCommand(s.ctx, "Sample", command)
		s.ok(err)
		if got != want {
			s.Errorf("command %q: %v", command, got)
		}
	}
	if got, err := s.store.HasCommand(s.ctx, "Customer", "c1"); err != nil || got {
		s.Errorf("it is of another entity: %v, %v", got, err)
	}
	if _, err := s.store.HasCommand(s.ctx, "Nothing", "c1"); err == nil {
		s.Error("there is no such entity")
	}
}

// otherHistory archives what a log tells that lost its tail and went on differently.
func (s *suite) otherHistory() {
	version := func(n int64) documents.Version {
		return documents.Version{ID: "a", Version: n, Event: "SampleChanged", At: day0.Add(time.Duration(n)), CommandID: fmt.Sprint("cmd", n), Partition: 3,
			Place: position.Place{Epoch: 1, Seq: uint64(n) + 7}, State: schema.Record{"count": int(n)}, Changes: []byte(`[{"op":"set","path":"count","value":1}]`)}
	}
	one, two, three := version(1), version(2), version(3)
	s.ok(s.store.Archive(s.ctx, "Sample", []documents.Version{one, two}))
	for name, change := range map[string]func(*documents.Version){
		"sequence": func(v *documents.Version) { v.Place.Seq++ },
		"epoch":    func(v *documents.Version) { v.Place.Epoch++ },
		"command":  func(v *documents.Version) { v.CommandID = "another" },
		"changes":  func(v *documents.Version) { v.Changes = []byte(`[]`) },
	} {
		other := two
		change(&other)
		err := s.store.Archive(s.ctx, "Sample", []documents.Version{one, other, three})
		var history *documents.OtherHistoryError
		if !errors.As(err, &history) || !documents.Lasting(err) {
			s.Fatalf("another %s was accepted: %v", name, err)
		}
		s.same(documents.OtherHistoryError{Entity: "Sample", ID: "a", Version: 2, Stored: two.Place, Log: other.Place}, *history)
		got, err := s.store.Versions(s.ctx, "Sample", []documents.VersionKey{{ID: "a", Version: 1}, {ID: "a", Version: 2}})
		s.ok(err)
		one.ValidTo = two.At
		s.same(map[documents.VersionKey]documents.Version{{ID: "a", Version: 1}: one, {ID: "a", Version: 2}: two}, got) // it stays as it was
	}
	s.ok(s.store.Archive(s.ctx, "Sample", []documents.Version{one, two, three}))
}

func (s *suite) checkpoints() {
	at := func(epoch, seq uint64) documents.Checkpoint {
		return documents.Checkpoint{Place: position.Place{Epoch: epoch, Seq: seq}, Hash: time.Duration(seq).String()}
	}
	read := func() map[int]documents.Checkpoint {
		s.Helper()
		got, err := s.store.Checkpoints(s.ctx)
		s.ok(err)
		return got
	}
	s.same(0, len(read()))
	s.ok(s.store.Advance(s.ctx, 3, at(1, 10)))
	s.ok(s.store.Advance(s.ctx, 3, at(1, 9)))
	s.ok(s.store.Advance(s.ctx, 0, at(1, 1)))
	s.same(map[int]documents.Checkpoint{3: at(1, 10), 0: at(1, 1)}, read())
	s.ok(s.store.Advance(s.ctx, 3, at(2, 5))) // a later epoch, whatever the sequence
	s.ok(s.store.Advance(s.ctx, 3, at(1, 100)))
	s.same(at(2, 5), read()[3])

	early, late := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 987654321, time.UTC)
	marked := func(epoch, seq uint64, watermark time.Time) documents.Checkpoint {
		c := at(epoch, seq)
		c.Watermark = watermark
		return c
	}
	for _, c := range []struct{ give, want documents.Checkpoint }{
		{marked(1, 4, early), marked(1, 4, early)},
		{marked(1, 4, late), marked(1, 4, late)}, // the same place
		{marked(1, 4, early), marked(1, 4, late)},
		{at(1, 4), marked(1, 4, late)},
		{marked(1, 3, late.Add(time.Hour)), marked(1, 4, late)}, // an earlier place says nothing
		{at(1, 5), marked(1, 5, late)},
		{marked(1, 6, early), marked(1, 6, late)},
		{marked(1, 7, late.Add(1)), marked(1, 7, late.Add(1))},
	} {
		s.ok(s.store.Advance(s.ctx, 7, c.give))
		s.same(c.want, read()[7])
	}

	const steps = 30
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			for _, n := range rand.New(rand.NewPCG(9, uint64(i))).Perm(steps) {
				if err := s.store.Advance(s.ctx, 5, marked(1, uint64(n+1), early.Add(time.Duration(n)))); err != nil {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		s.ok(err)
	}
	s.same(marked(1, steps, early.Add(steps-1)), read()[5])
}
