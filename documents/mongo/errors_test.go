package mongo

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/daybook-cqrs/daybook/schema"
)

// failure is a write error as the driver makes it of what MongoDB answers.
func failure(t *testing.T, index, code int, raw string) mongo.BulkWriteError {
	t.Helper()
	var doc bson.Raw
	if err := bson.UnmarshalExtJSON([]byte(raw), false, &doc); err != nil {
		t.Fatal(err)
	}
	return mongo.BulkWriteError{WriteError: mongo.WriteError{Index: index, Code: code, Message: "E11000 duplicate key error", Raw: doc}}
}

// An administrator may have made a unique index. What it refuses is not there already, and may not be taken for that: it would be lost.
func TestWhatAnotherUniqueIndexRefusesIsNotThere(t *testing.T) {
	e := &entity{Entity: &schema.Entity{Name: "Order"}}
	id := func(i int) string { return []string{"a", "b"}[i] }
	there := failure(t, 0, 11000, `{"index": 0, "code": 11000, "keyPattern": {"_id": 1}, "keyValue": {"_id": "a"}}`)
	unsaid := failure(t, 0, 11000, `{"index": 0, "code": 11000}`) // FerretDB's
	for name, c := range map[string]struct {
		errors []mongo.BulkWriteError
		only   bool
		says   string
	}{
		"the id":               {[]mongo.BulkWriteError{there}, true, "E11000"},
		"it doesn't say":       {[]mongo.BulkWriteError{unsaid, there}, true, "E11000"},
		"another index":        {[]mongo.BulkWriteError{there, failure(t, 1, 11000, `{"keyPattern": {"mail": 1}}`)}, false, "document b: a unique index that Daybook did not make"},
		"one of several":       {[]mongo.BulkWriteError{failure(t, 1, 11000, `{"keyPattern": {"_id": 1, "mail": 1}}`)}, false, "document b: a unique index"},
		"something else":       {[]mongo.BulkWriteError{there, failure(t, 1, 121, `{}`)}, false, "document b:"},
		"what it is too large": {[]mongo.BulkWriteError{failure(t, 1, 17419, `{}`)}, false, "Order b would be over 16 MiB"},
	} {
		err := mongo.BulkWriteException{WriteErrors: c.errors}
		if got := onlyDuplicates(err); got != c.only {
			t.Errorf("%s: %v", name, got)
		}
		if got := explain(err, e, id, 2).Error(); !strings.Contains(got, c.says) {
			t.Errorf("%s: %s", name, got)
		}
	}
	unsure := mongo.BulkWriteException{WriteErrors: []mongo.BulkWriteError{there}, WriteConcernError: &mongo.WriteConcernError{Message: "no majority"}}
	if onlyDuplicates(unsure) {
		t.Error("what a majority does not have yet was taken for done")
	}
}

// Indexes that somebody else made serve only if they hold all documents in the order of their bytes.
func TestWhichIndexOfOthersServes(t *testing.T) {
	w := index{name: "by_mail", keys: bson.D{{Key: "mail", Value: 1}, {Key: "_id", Value: 1}}}
	for text, want := range map[string]bool{
		`{"name": "theirs", "key": {"mail": 1, "_id": 1}}`:                                                         true,
		`{"name": "theirs", "key": {"mail": 1.0, "_id": {"$numberLong": "1"}}, "unique": true}`:                    true,
		`{"name": "theirs", "key": {"mail": 1, "_id": 1}, "sparse": true}`:                                         false,
		`{"name": "theirs", "key": {"mail": 1, "_id": 1}, "partialFilterExpression": {"mail": {"$exists": true}}}`: false,
		`{"name": "theirs", "key": {"mail": 1, "_id": 1}, "collation": {"locale": "de"}}`:                          false,
		`{"name": "by_mail", "key": {"mail": 1, "_id": 1}, "collation": {"locale": "de"}}`:                         true,
		`{"name": "theirs", "key": {"mail": -1, "_id": 1}}`:                                                        false,
		`{"name": "theirs", "key": {"mail": "hashed"}}`:                                                            false,
	} {
		var there specification
		if err := bson.UnmarshalExtJSON([]byte(text), false, &there); err != nil {
			t.Fatal(err)
		}
		if got, err := has([]specification{there}, w); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := has([]specification{{Name: "by_mail"}}, w); err == nil || !strings.Contains(err.Error(), "drop it") {
		t.Error(err)
	}
}
