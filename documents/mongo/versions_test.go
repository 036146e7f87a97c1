package mongo_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents/mongo"
	"github.com/daybook-cqrs/daybook/documents/storetest"
)

// What README says of versions: the driver speaks to MongoDB 4.4 or later, and says so of what is older.
func TestTooOldAServerIsRefusedClearly(t *testing.T) {
	const wire42 = 8 // MongoDB 4.2's
	uri := pretend(t, func(string, bson.Raw) bson.D { return hello(wire42) })
	_, err := mongo.Open(t.Context(), uri, storetest.Model(t), mongo.Options{})
	if err == nil || !strings.Contains(err.Error(), "4.4") || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
}

// A server of MongoDB 6 that was updated from 5 knows $topN only when it was told so (featureCompatibilityVersion). What it doesn't know is read otherwise.
func TestWhatANewServerDoesNotDoYetIsFoundOut(t *testing.T) {
	refused := func(code int) bson.D {
		return bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: "no"}, {Key: "code", Value: code}}
	}
	empty := bson.D{{Key: "ok", Value: 1.0}, {Key: "cursor", Value: bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: bson.A{}}}}}
	for _, c := range []struct {
		version bson.A
		answer  bson.D
		want    bool
	}{
		{bson.A{6, 0, 14}, empty, true}, {bson.A{6, 0, 14}, refused(224), false}, {bson.A{5, 0, 30}, empty, false}, {bson.A{8, 0, 1}, refused(15952), false},
	} {
		uri := pretend(t, func(command string, _ bson.Raw) bson.D {
			switch command {
			case "aggregate":
				return c.answer
			case "buildInfo":
				return bson.D{{Key: "ok", Value: 1.0}, {Key: "version", Value: "of this test"}, {Key: "versionArray", Value: c.version}}
			}
			return hello(17)
		})
		s, err := mongo.Open(t.Context(), uri, storetest.Model(t), mongo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if f := s.Features(); f.TopN != c.want || !f.Decimal128 || s.BatchLimit() != 1000 {
			t.Errorf("%v, which answers %v: %+v", c.version, c.answer, f)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
