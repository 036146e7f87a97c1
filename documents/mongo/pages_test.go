package mongo_test

import (
	"context"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/mongo"
	"github.com/daybook-cqrs/daybook/documents/storetest"
)

// MongoDB gives a document twice that moves on in an index while that is read. No page has it twice, and none ends for that before the list does.
func TestADocumentThatMovesOnIsInAPageOnce(t *testing.T) {
	var limits []int64
	rows := func(ids ...string) bson.D {
		batch := bson.A{}
		for _, id := range ids {
			batch = append(batch, bson.D{{Key: "_id", Value: id}, {Key: "customer", Value: "k"}})
		}
		return bson.D{{Key: "ok", Value: 1.0}, {Key: "cursor", Value: bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: batch}}}}
	}
	read := func(limit int64) bson.D {
		limits = append(limits, limit)
		if limit > 2 {
			return rows("a", "a", "b")
		}
		return rows("a", "a")
	}
	uri := pretend(t, func(command string, all bson.Raw) bson.D {
		switch command {
		case "buildInfo":
			return bson.D{{Key: "ok", Value: 1.0}, {Key: "version", Value: "8.0.1"}, {Key: "versionArray", Value: bson.A{8, 0, 1}}}
		case "find":
			limit, _ := all.Lookup("limit").AsInt64OK()
			return read(limit)
		case "aggregate":
			for i := range 3 {
				if n, ok := all.Lookup("pipeline", string(rune('0'+i)), "$group", "top", "$topN", "n").AsInt64OK(); ok && n > 1 {
					return read(n)
				}
			}
			return rows()
		}
		return hello(25)
	})
	s, err := mongo.Open(t.Context(), uri, storetest.Model(t), mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	check := func(ds []documents.Document, err error) {
		t.Helper()
		if err != nil || len(ds) != 2 || ds[0].ID != "a" || ds[1].ID != "b" || !slices.Equal(limits, []int64{2, 4}) {
			t.Errorf("%v, read with limits %d: %v", ds, limits, err)
		}
		limits = nil
	}
	check(s.List(t.Context(), documents.Query{Entity: "Sample", Limit: 2}))
	by, err := s.ListBy(t.Context(), documents.Query{Entity: "Sample", Limit: 2}, "customer", []string{"k"})
	check(by["k"], err)
}

// A server keeps a cursor that nobody closes for 10 minutes, and who asked may have gone.
func TestCursorsAreClosedWhenNobodyWaitsForThem(t *testing.T) {
	ctx, gone := context.WithCancel(t.Context())
	closed := make(chan bool, 1)
	uri := pretend(t, func(command string, _ bson.Raw) bson.D {
		switch command {
		case "find":
			return bson.D{{Key: "ok", Value: 1.0}, {Key: "cursor", Value: bson.D{{Key: "id", Value: int64(7)}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: bson.A{}}}}}
		case "getMore":
			gone()
		case "killCursors":
			closed <- true
		case "buildInfo":
			return bson.D{{Key: "ok", Value: 1.0}, {Key: "version", Value: "5.0.30"}, {Key: "versionArray", Value: bson.A{5, 0, 30}}}
		}
		return hello(13)
	})
	s, err := mongo.Open(t.Context(), uri, storetest.Model(t), mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Load(ctx, "Sample", []string{"a", "b"}, nil); err == nil {
		t.Error("a read that nobody waited for succeeded")
	}
	select {
	case <-closed:
	default:
		t.Error("the cursor is open")
	}
}
