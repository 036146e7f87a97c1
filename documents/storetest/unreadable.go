package storetest

import (
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Unreadable is what a store does about values that no longer fit the model, because the types of fields were changed. open opens the same data every time.
func Unreadable(t *testing.T, open func(*schema.Model) documents.Store) {
	load := func(sdl string) *schema.Model {
		t.Helper()
		m, err := schema.Load(fstest.MapFS{"thing.graphql": {Data: []byte(sdl)}})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := open(load(`type Thing @entity @crud { id: ID! size: String flag: String box: String }`))
	ok(s.Setup(t.Context()))
	for id, set := range map[string]schema.Record{"a": {"size": "big"}, "b": {"flag": "yes"}, "c": {"box": "a box"}, "good": {}} {
		at := time.Unix(1, 0)
		ok(s.Write(t.Context(), "Thing", []documents.Write{{ID: id, Version: 1, CreatedAt: at, UpdatedAt: at, Set: set}}))
		ok(s.Archive(t.Context(), "Thing", []documents.Version{{ID: id, Version: 1, Event: "ThingCreated", At: at, State: set}}))
	}
	s = open(load("type Thing @entity @crud { id: ID! size: Int flag: Boolean box: Box }\ntype Box { size: Int }"))
	expect := func(err error, id string, version int64, field string) {
		t.Helper()
		var u *documents.UnreadableError
		if !errors.As(err, &u) || u.Entity != "Thing" || u.ID != id || u.Version != version || u.Field != field || !documents.Lasting(err) {
			t.Errorf("%v (%+v): it should name %s of version %d of Thing %s", err, u, field, version, id)
		}
	}
	for id, field := range map[string]string{"a": "size", "b": "flag", "c": "box"} {
		_, err := s.Load(t.Context(), "Thing", []string{id}, nil)
		expect(err, id, 0, field)
		_, err = s.Load(t.Context(), "Thing", []string{id, "good"}, []string{field})
		expect(err, id, 0, field)
		_, err = s.List(t.Context(), documents.Query{Entity: "Thing", Filter: documents.Compare{Field: "_id", Value: id}, Limit: 10})
		expect(err, id, 0, field)
		_, err = s.Versions(t.Context(), "Thing", []documents.VersionKey{{ID: id, Version: 1}})
		expect(err, id, 1, field)
		_, err = s.Load(t.Context(), "Thing", []string{id}, []string{})
		ok(err) // what isn't asked for may be anything
	}
}
