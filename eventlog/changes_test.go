package eventlog

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeChanges(t *testing.T) {
	want := []Change{
		{Op: "set", Path: "note", Value: json.RawMessage(`"a\"b"`)}, {Op: "set", Path: "total", Value: json.RawMessage("null")},
		{Op: "insert", Path: "lines", Key: "k\"1", Value: json.RawMessage(`{"a":[1,2]}`)}, {Op: "remove", Path: "lines", Key: "k2"},
	}
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeChanges(raw)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
	for _, none := range []string{"", "[]"} {
		if got, err := DecodeChanges(json.RawMessage(none)); len(got) != 0 || err != nil {
			t.Errorf("%q: %v, %v", none, got, err)
		}
	}
	for _, damaged := range []string{"{}", "1", `[1]`, `[{"op":1}]`, `[{"op":"set"`} {
		if got, err := DecodeChanges(json.RawMessage(damaged)); err == nil {
			t.Errorf("%q: %v", damaged, got)
		}
	}
}

func TestChangesOfElements(t *testing.T) {
	list := json.RawMessage(`[ {"k":"a","n":1}, {"n":2},{"n":3,"k":"b\"c"} ]`)
	for _, c := range []struct {
		list   json.RawMessage
		change Change
		want   string
		index  int
	}{
		{list, Change{Op: "insert", By: "k", Key: "z", Value: json.RawMessage(`{"k":"z"}`)}, `[{"k":"a","n":1},{"n":2},{"n":3,"k":"b\"c"},{"k":"z"}]`, 3},
		{list, Change{Op: "update", By: "k", Key: `b"c`, Value: json.RawMessage(`{"k":"b"}`)}, `[{"k":"a","n":1},{"n":2},{"k":"b"}]`, 2},
		{list, Change{Op: "remove", By: "k", Key: "a"}, `[{"n":2},{"n":3,"k":"b\"c"}]`, 0},
		{nil, Change{Op: "insert", By: "k", Key: "z", Value: json.RawMessage(`{"k":"z"}`)}, `[{"k":"z"}]`, 0},
		{json.RawMessage("null"), Change{Op: "insert", By: "k", Key: "z", Value: json.RawMessage(`{"k":"z"}`)}, `[{"k":"z"}]`, 0},
		{json.RawMessage(`[{"k":"a"}]`), Change{Op: "remove", By: "k", Key: "a"}, `[]`, 0},
	} {
		got, index, err := c.change.ApplyElement(c.list)
		if err != nil || string(got) != c.want || index != c.index {
			t.Errorf("%+v: %s at %d, %v", c.change, got, index, err)
		}
	}
	for _, c := range []Change{{Op: "remove", By: "k", Key: "x"}, {Op: "update", By: "k", Key: ""}, {Op: "remove", By: "n", Key: "a"}} {
		if got, _, err := c.ApplyElement(list); !errors.Is(err, ErrNoElement) {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
	}
	if _, _, err := (Change{Op: "insert", By: "k"}).ApplyElement(json.RawMessage(`{"no":"list"}`)); err == nil {
		t.Error("an object is no list")
	}
}
