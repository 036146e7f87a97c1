package storetest

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// seen is the position of one place.
func seen(partition int, seq uint64) position.Position {
	return position.At(partition, position.Place{Epoch: 1, Seq: seq})
}

// total is a write of a Total that was computed from what had seen was.
func total(id string, version int64, was, now position.Position, fields schema.Record) documents.ViewWrite {
	return documents.ViewWrite{Was: was, ViewDocument: documents.ViewDocument{
		Document: documents.Document{ID: id, Version: version, CreatedAt: day0, UpdatedAt: day0.Add(time.Duration(version)), Fields: fields},
		State:    json.RawMessage(fmt.Sprintf(`{"n":%d}`, version)), Seen: now,
	}}
}

func (s *suite) writeView(view string, want []bool, ws ...documents.ViewWrite) {
	s.Helper()
	got, err := s.store.WriteView(s.ctx, view, ws)
	s.ok(err)
	s.same(want, got)
}

// viewIs checks a document of a view; nil means that there is none.
func (s *suite) viewIs(view, id string, want *documents.ViewDocument) {
	s.Helper()
	got, err := s.store.LoadView(s.ctx, view, []string{id, "none", "none"})
	s.ok(err)
	if want == nil {
		s.same(0, len(got))
		return
	}
	s.same(1, len(got))
	have := got[id]
	s.same(want.Seen.String(), have.Seen.String())
	s.same(string(want.State), string(have.State))
	s.same(want.Document, have.Document)
}

// views: a document is written only by whoever computed it from what is there.
func (s *suite) views() {
	first := total("a", 1, position.Position{}, seen(3, 7), schema.Record{"customer": "c1", "samples": scalar.Long(2), "largest": decimal("1.50")})
	s.writeView("Total", []bool{false, true}, total("b", 2, seen(1, 1), seen(1, 2), nil), first) // b is not there
	s.viewIs("Total", "a", &first.ViewDocument)
	s.viewIs("Total", "b", nil)

	s.writeView("Total", []bool{false}, total("a", 9, position.Position{}, seen(3, 9), nil)) // another that found none
	s.writeView("Total", []bool{false}, total("a", 9, seen(3, 6), seen(3, 9), nil))          // one that read before
	s.writeView("Total", []bool{false}, total("a", 9, seen(3, 8), seen(3, 9), nil))          // a later place is not the same either
	s.viewIs("Total", "a", &first.ViewDocument)

	both := seen(3, 9).Join(seen(0, 1))
	second := total("a", 2, seen(3, 7), both, schema.Record{"colour": "RED", "samples": scalar.Long(3)}) // what is not in it is no more
	s.writeView("Total", []bool{true, false, true}, second, total("c", 2, seen(1, 1), seen(1, 2), nil), total("d", 1, position.Position{}, seen(0, 1), nil))
	s.viewIs("Total", "a", &second.ViewDocument)

	gone := total("a", 3, both, seen(3, 10).Join(both), nil)
	gone.Deleted = true
	s.writeView("Total", []bool{true}, gone)
	s.viewIs("Total", "a", &gone.ViewDocument) // a tombstone keeps what it has seen, and its state
	back := total("a", 4, gone.Seen, seen(3, 11).Join(gone.Seen), schema.Record{"samples": scalar.Long(1)})
	back.State = nil
	s.writeView("Total", []bool{false}, total("a", 9, position.Position{}, seen(3, 11), nil)) // it is there
	s.writeView("Total", []bool{true}, back)
	s.viewIs("Total", "a", &back.ViewDocument)

	s.writeView("Total", nil)
	s.refusesViews()
}

func (s *suite) refusesViews() {
	for name, ws := range map[string][]documents.ViewWrite{
		"twice": {total("x", 1, position.Position{}, seen(0, 1), nil), total("x", 1, position.Position{}, seen(0, 1), nil)},
		"blind": {total("x", 1, position.Position{}, position.Position{}, nil)},
		"no id": {total("", 1, position.Position{}, seen(0, 1), nil)},
	} {
		if _, err := s.store.WriteView(s.ctx, "Total", ws); err == nil {
			s.Errorf("%s: was written", name)
		}
	}
	for _, name := range []string{"Sample", "Nothing"} {
		if _, err := s.store.WriteView(s.ctx, name, []documents.ViewWrite{total("x", 1, position.Position{}, seen(0, 1), nil)}); err == nil {
			s.Errorf("%s was written as a view", name)
		}
		if _, err := s.store.LoadView(s.ctx, name, []string{"x"}); err == nil {
			s.Errorf("%s was loaded as a view", name)
		}
	}
	s.viewIs("Total", "x", nil)
}

// viewsRead: views are read as entities are, and tombstones are not listed.
func (s *suite) viewsRead() {
	var ws []documents.ViewWrite
	for i := range 6 {
		w := total(fmt.Sprint("t", i), 1, position.Position{}, seen(0, 1), schema.Record{"customer": fmt.Sprint("c", i%2), "largest": decimal(fmt.Sprint(10 - i)), "samples": scalar.Long(i)})
		w.Deleted = i == 4
		ws = append(ws, w)
	}
	s.writeView("Total", []bool{true, true, true, true, true, true}, ws...)
	page, err := s.store.List(s.ctx, documents.Query{Entity: "Total", Orders: []documents.Order{{Field: "largest"}}, Limit: 10})
	s.ok(err)
	s.same([]string{"t5", "t3", "t2", "t1", "t0"}, idsOf(page))
	s.same(ws[5].Document, page[0])
	n, err := s.store.Count(s.ctx, documents.CountQuery{Entity: "Total", Filter: documents.Compare{Field: "samples", Op: documents.Ge, Value: scalar.Long(2)}})
	s.ok(err)
	s.same(int64(3), n)
	by, err := s.store.ListBy(s.ctx, documents.Query{Entity: "Total", Limit: 10, Fields: []string{"samples"}}, "customer", []string{"c0", "c1", "c2"})
	s.ok(err)
	s.same([]string{"t0", "t2"}, idsOf(by["c0"]))
	s.same([]string{"t1", "t3", "t5"}, idsOf(by["c1"]))
	counts, err := s.store.CountBy(s.ctx, documents.CountQuery{Entity: "Total"}, "customer", []string{"c0", "c1"})
	s.ok(err)
	s.same(map[string]int64{"c0": 2, "c1": 3}, counts)
	if _, err := s.store.List(s.ctx, documents.Query{Entity: "Total", Limit: 1, AsOf: day0}); err == nil {
		s.Fatal("a view has a past")
	}
	loaded, err := s.store.Load(s.ctx, "Total", []string{"t1", "t4", "t9"}, []string{"samples"})
	s.ok(err)
	s.same(2, len(loaded))
	s.same(schema.Record{"samples": scalar.Long(1)}, loaded["t1"].Fields)
	s.same(true, loaded["t4"].Deleted)
}

// viewsConcurrently has several count one up at once, each from what it read: none of it is lost.
func (s *suite) viewsConcurrently() {
	const workers, each = 4, 6
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			for n := range each {
				if errs[w] == nil {
					errs[w] = s.countUp(w, uint64(n+1))
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		s.ok(err)
	}
	got, err := s.store.LoadView(s.ctx, "Total", []string{"a"})
	s.ok(err)
	s.same(scalar.Long(workers*each), got["a"].Fields["samples"])
	s.same(int64(workers*each), got["a"].Version)
	for w := range workers {
		place, _ := got["a"].Seen.Place(w)
		s.same(uint64(each), place.Seq)
	}
}

// countUp adds one event to Total a, beside a document of its own that nobody else writes.
func (s *suite) countUp(worker int, seq uint64) error {
	own := fmt.Sprint("own", worker)
	for range 1000 {
		got, err := s.store.LoadView(s.ctx, "Total", []string{"a", own})
		if err != nil {
			return err
		}
		var ws []documents.ViewWrite
		for _, id := range []string{"a", own} {
			was, there := got[id]
			if place, _ := was.Seen.Place(worker); there && place.Seq >= seq {
				continue // written though it was said that it was not
			}
			n, _ := was.Fields["samples"].(scalar.Long)
			ws = append(ws, total(id, was.Version+1, was.Seen, was.Seen.Join(seen(worker, seq)), schema.Record{"samples": n + 1}))
		}
		if len(ws) == 0 {
			return nil
		}
		if _, err = s.store.WriteView(s.ctx, "Total", ws); err != nil {
			return err
		}
	}
	return fmt.Errorf("worker %d never got its turn", worker)
}

// tallies are documents of their own, found by what they count.
func (s *suite) tallies() {
	view := s.model.View("Total").View.Tallies.Name
	for range 2 { // views and tallies have indexes too
		s.ok(s.store.Index(s.ctx))
	}
	var ws []documents.ViewWrite
	for i, value := range []string{"b", "a", "c", "d"} {
		w := total(fmt.Sprint("t", i), 1, position.Position{}, seen(0, 1), schema.Record{
			schema.TallyGroup: "g1", schema.TallyField: "largest", schema.TallyValue: value, schema.TallyAlive: value != "a", schema.TallyCount: i,
		})
		w.State = nil
		ws = append(ws, w)
	}
	ws[3].Fields[schema.TallyGroup] = "g2"
	s.writeView(view, []bool{true, true, true, true}, ws...)
	alive := documents.And{
		documents.Compare{Field: schema.TallyGroup, Op: documents.Eq, Value: "g1"}, documents.Compare{Field: schema.TallyField, Op: documents.Eq, Value: "largest"},
		documents.Compare{Field: schema.TallyAlive, Op: documents.Eq, Value: true},
	}
	for desc, want := range map[bool]string{false: "b", true: "c"} {
		page, err := s.store.List(s.ctx, documents.Query{Entity: view, Filter: alive, Orders: []documents.Order{{Field: schema.TallyValue, Desc: desc}}, Limit: 1})
		s.ok(err)
		s.same(1, len(page))
		s.same(any(want), page[0].Fields[schema.TallyValue])
	}
	n, err := s.store.Count(s.ctx, documents.CountQuery{Entity: view, Filter: alive})
	s.ok(err)
	s.same(int64(2), n)
	s.viewIs("Total", "t0", nil)
}

func (s *suite) viewCheckpoints() {
	at := func(epoch, seq uint64) documents.Checkpoint {
		return documents.Checkpoint{Place: position.Place{Epoch: epoch, Seq: seq}, Hash: fmt.Sprint("h", seq)}
	}
	read := func(view string) map[int]documents.Checkpoint {
		s.Helper()
		got, err := s.store.ViewCheckpoints(s.ctx, view)
		s.ok(err)
		return got
	}
	s.same(0, len(read("Total")))
	s.ok(s.store.AdvanceViews(s.ctx, 3, []string{"Total", "Latest"}, at(1, 10)))
	s.ok(s.store.AdvanceViews(s.ctx, 3, []string{"Total"}, at(1, 9)))
	s.ok(s.store.AdvanceViews(s.ctx, 0, []string{"Total"}, at(1, 1)))
	s.ok(s.store.AdvanceViews(s.ctx, 1, nil, at(1, 1)))
	s.same(map[int]documents.Checkpoint{3: at(1, 10), 0: at(1, 1)}, read("Total"))
	s.same(map[int]documents.Checkpoint{3: at(1, 10)}, read("Latest"))
	s.ok(s.store.AdvanceViews(s.ctx, 3, []string{"Latest", "Total"}, at(2, 5))) // a later epoch, whatever the sequence
	s.ok(s.store.AdvanceViews(s.ctx, 3, []string{"Total", "Latest"}, at(1, 100)))
	s.same(map[int]documents.Checkpoint{3: at(2, 5)}, read("Latest"))
	main, err := s.store.Checkpoints(s.ctx)
	s.ok(err)
	s.same(0, len(main)) // they are the views' own

	const steps = 20
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			for n := range steps {
				if err := s.store.AdvanceViews(s.ctx, 5, []string{"Total", "Latest"}, at(1, uint64((n*7+i*3)%steps+1))); err != nil {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		s.ok(err)
	}
	s.same(at(1, steps), read("Total")[5])
	if err := s.store.AdvanceViews(s.ctx, 0, []string{"Sample"}, at(1, 1)); err == nil {
		s.Fatal("an entity has no checkpoint of its own")
	}
}

func (s *suite) viewDrop() {
	ready := func(view string) bool {
		s.Helper()
		is, err := s.store.ViewReady(s.ctx, view)
		s.ok(err)
		return is
	}
	tallies := s.model.View("Total").View.Tallies.Name
	s.same(false, ready("Total"))
	for _, is := range []bool{false, true, true, false, true} {
		s.ok(s.store.SetViewReady(s.ctx, "Total", is))
		s.ok(s.store.SetViewReady(s.ctx, "Latest", true))
		s.same(is, ready("Total"))
	}
	s.same(true, ready("Total"))
	s.same(true, ready("Latest"))
	one := total("a", 1, position.Position{}, seen(0, 1), nil)
	latest := total("a", 1, position.Position{}, seen(0, 1), schema.Record{"text": "x", "box": schema.Record{"title": "t"}})
	for _, view := range []string{"Total", tallies} {
		s.writeView(view, []bool{true}, one)
	}
	s.writeView("Latest", []bool{true}, latest)
	s.ok(s.store.AdvanceViews(s.ctx, 0, []string{"Total", "Latest"}, documents.Checkpoint{Place: position.Place{Epoch: 1, Seq: 1}}))
	for range 2 {
		s.ok(s.store.DropView(s.ctx, "Total"))
	}
	for _, view := range []string{"Total", tallies} {
		s.viewIs(view, "a", nil)
	}
	left, err := s.store.ViewCheckpoints(s.ctx, "Total")
	s.ok(err)
	s.same(0, len(left))
	s.same(false, ready("Total"))

	s.same(true, ready("Latest")) // the other view stays
	s.viewIs("Latest", "a", &latest.ViewDocument)
	left, err = s.store.ViewCheckpoints(s.ctx, "Latest")
	s.ok(err)
	s.same(1, len(left))
	s.writeView("Total", []bool{true}, one) // and the dropped one can be made again
}
