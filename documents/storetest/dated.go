package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// Dated checks that Setup makes an archive of before Version.CreatedAt was kept what it is now. age takes createdAt away from what is archived.
func Dated(t *testing.T, open func(*schema.Model) documents.Store, age func()) {
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	s := &suite{T: t, ctx: ctx, model: Model(t)}
	s.store = open(s.model)
	s.ok(s.store.Setup(ctx))
	n := s.store.BatchLimit() // entities of two versions: more than one batch
	var vs []documents.Version
	for i := range n {
		created := instant(i)
		for v := range 2 {
			vs = append(vs, documents.Version{
				ID: fmt.Sprint("d", i), Version: int64(v + 1), Event: "SampleChanged", CreatedAt: created, At: created.Add(time.Duration(v) * time.Hour),
				Place: position.Place{Epoch: 1, Seq: uint64(2*i + v)}, State: schema.Record{"count": v}, Changes: []byte(`[]`),
			})
		}
	}
	s.ok(s.store.Archive(ctx, "Sample", vs))
	age()
	before, err := s.store.History(ctx, documents.HistoryQuery{Entity: "Sample", Of: []documents.VersionKey{{ID: "d1"}}, Limit: 9})
	s.ok(err) // what has none can be read
	s.same(instant(1).Add(time.Hour), before["d1"][0].CreatedAt)
	was, err := s.store.LoadAsOf(ctx, "Sample", []string{"d1", "d2"}, nil, instant(1).Add(2*time.Hour))
	s.ok(err)
	s.same(was["d1"].UpdatedAt, was["d1"].CreatedAt)

	again := open(s.model)
	s.ok(again.Setup(ctx))
	s.ok(again.Setup(ctx))
	created := documents.Compare{Field: documents.FieldCreatedAt, Op: documents.Le, Value: moment(5)}
	ds, err := again.List(ctx, documents.Query{Entity: "Sample", Filter: created, AsOf: day0.Add(2 * time.Hour), Limit: 100})
	s.ok(err)
	s.same([]string{"d0", "d1", "d2", "d3", "d4", "d5"}, idsOf(ds))
	for i, d := range ds {
		s.same(instant(i), d.CreatedAt)
		s.same(int64(2), d.Version)
	}
	left, err := again.Count(ctx, documents.CountQuery{Entity: "Sample", Filter: documents.IsNull{Field: documents.FieldCreatedAt}, AsOf: day0.Add(24 * time.Hour)})
	s.ok(err)
	s.same(int64(0), left)
}
