package eventlog

import (
	"encoding/json"
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
