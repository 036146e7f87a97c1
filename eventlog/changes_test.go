package eventlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

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
		from   []int
	}{
		{list, Change{Op: "insert", By: "k", Key: "z", Value: json.RawMessage(`{"k":"z"}`)}, `[{"k":"a","n":1},{"n":2},{"n":3,"k":"b\"c"},{"k":"z"}]`, []int{0, 1, 2, -1}},
		{list, Change{Op: "update", By: "k", Key: `b"c`, Value: json.RawMessage(`{"k":"b"}`)}, `[{"k":"a","n":1},{"n":2},{"k":"b"}]`, []int{0, 1, -1}},
		{list, Change{Op: "remove", By: "k", Key: "a"}, `[{"n":2},{"n":3,"k":"b\"c"}]`, []int{1, 2}},
		{nil, Change{Op: "insert", By: "k", Key: "z", Value: json.RawMessage(`{"k":"z"}`)}, `[{"k":"z"}]`, []int{-1}},
		{json.RawMessage("null"), Change{Op: "insert", By: "k", Key: "z", Value: json.RawMessage(`{"k":"z"}`)}, `[{"k":"z"}]`, []int{-1}},
		{json.RawMessage(`[{"k":"a"}]`), Change{Op: "remove", By: "k", Key: "a"}, `[]`, nil},
	} {
		got, from, err := ApplyElements(c.list, []Change{c.change})
		if err != nil || string(got) != c.want || !slices.Equal(from, c.from) {
			t.Errorf("%+v: %s from %v, %v", c.change, got, from, err)
		}
	}
	for _, c := range []Change{{Op: "remove", By: "k", Key: "x"}, {Op: "update", By: "k", Key: ""}, {Op: "remove", By: "n", Key: "a"}} {
		if got, _, err := ApplyElements(list, []Change{c}); !errors.Is(err, ErrNoElement) {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
	}
	if _, _, err := ApplyElements(json.RawMessage(`{"no":"list"}`), []Change{{Op: "insert", By: "k"}}); err == nil {
		t.Error("an object is no list")
	}
}

func TestChangesOfElementsFollowOneAnother(t *testing.T) {
	list := json.RawMessage(`[{"k":"a","z":"1"},{"k":"b","z":"2"}]`)
	changes := []Change{
		{Op: "insert", By: "k", Key: "c", Value: json.RawMessage(`{"k":"c","z":"3"}`)},
		{Op: "update", By: "k", Key: "c", Value: json.RawMessage(`{"k":"c","z":"4"}`)},
		{Op: "remove", By: "k", Key: "a"},
		{Op: "insert", By: "k", Key: "a", Value: json.RawMessage(`{"k":"a","z":"5"}`)},
		{Op: "remove", By: "z", Key: "4"}, // the key is another field since
		{Op: "insert", By: "z", Key: "6", Value: json.RawMessage(`{"z":"6"}`)},
		{Op: "update", By: "z", Key: "2", Value: json.RawMessage(`{"k":"B","z":"2"}`)},
	}
	got, from, err := ApplyElements(list, changes)
	if want := `[{"k":"B","z":"2"},{"k":"a","z":"5"},{"z":"6"}]`; err != nil || string(got) != want || !slices.Equal(from, []int{-7, -4, -6}) {
		t.Errorf("%s from %v, %v", got, from, err)
	}
	if _, _, err := ApplyElements(list, []Change{{Op: "remove", By: "k", Key: "a"}, {Op: "update", By: "k", Key: "a"}}); !errors.Is(err, ErrNoElement) {
		t.Error("what was removed is changed:", err)
	}
	if string(list) != `[{"k":"a","z":"1"},{"k":"b","z":"2"}]` {
		t.Errorf("the list before became %s", list)
	}
}

func TestManyChangesLookAtAListOnce(t *testing.T) {
	var list []byte
	var changes []Change
	for i := range 10_000 {
		list = fmt.Appendf(list, `,{"k":"%d","text":"%0300d"}`, i, 0)
		changes = append(changes, Change{Op: "remove", By: "k", Key: strconv.Itoa(9_999 - i)})
	}
	list[0] = '['
	begin := time.Now()
	got, _, err := ApplyElements(append(list, ']'), changes)
	if took := time.Since(begin); err != nil || string(got) != "[]" || took > 2*time.Second {
		t.Errorf("%d bytes after %s, %v", len(got), took, err)
	}
}
