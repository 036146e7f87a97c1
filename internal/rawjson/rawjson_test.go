package rawjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type member struct{ Name, Value string }

func members(t *testing.T, text string) ([]member, error) {
	t.Helper()
	var out []member
	err := Members(text, func(name, value string) error {
		out = append(out, member{name, value})
		return nil
	})
	return out, err
}

func elements(text string) ([]string, error) {
	var out []string
	err := Elements([]byte(text), func(v []byte) error {
		out = append(out, string(v))
		return nil
	})
	return out, err
}

func TestMembers(t *testing.T) {
	got, err := members(t, ` {"a":1,"b" : [1,{"x":"]}"}] , "c":"\"},","d\n":{"e":{}},"f":null, "g":"" } `)
	want := []member{{"a", "1"}, {"b", `[1,{"x":"]}"}]`}, {"c", `"\"},"`}, {`d\n`, `{"e":{}}`}, {"f", "null"}, {"g", `""`}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
	if got, err := members(t, "{}"); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
	for _, damaged := range []string{"", "{", "}", "[]", "1", `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1`, `{"a" 1}`, `{,}`} {
		if got, err := members(t, damaged); !errors.Is(err, ErrObject) {
			t.Errorf("%q gave %v, %v", damaged, got, err)
		}
	}
	stop := errors.New("stop")
	if err := Members(`{"a":1,"b":2}`, func(name, _ string) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestElements(t *testing.T) {
	got, err := elements(` [1, "a,]" ,[2,[3]],{"b":[4]} , true,null]`)
	if d := cmp.Diff([]string{"1", `"a,]"`, "[2,[3]]", `{"b":[4]}`, "true", "null"}, got); d != "" || err != nil {
		t.Error(err, d)
	}
	if got, err := elements(" [ ] "); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
	for _, damaged := range []string{"", "[", "]", "{}", "[1", "[,]", "[1,,2]"} {
		if got, err := elements(damaged); !errors.Is(err, ErrArray) {
			t.Errorf("%q gave %v, %v", damaged, got, err)
		}
	}
}

// FuzzSplit compares with encoding/json on valid JSON, and looks for panics on the rest.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"\\"}]}`, `[[],{},"",0]`, `{"a"`, `[1,`, ` { "x" : 1.5e3 } `} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := members(t, text)
		list, listErr := elements(text)
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &object) == nil && object != nil {
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			for _, m := range got {
				var name string
				if err := json.Unmarshal([]byte(`"`+m.Name+`"`), &name); err != nil {
					t.Fatal(err)
				}
				if _, ok := object[name]; !ok || !json.Valid([]byte(m.Value)) {
					t.Fatalf("%q has no %q", text, m.Name)
				}
			}
		}
		var array []json.RawMessage
		if json.Unmarshal([]byte(text), &array) == nil && array != nil {
			if listErr != nil || len(list) != len(array) {
				t.Fatalf("%q: %v %v", text, list, listErr)
			}
			for i := range array {
				if strings.TrimSpace(string(array[i])) != list[i] {
					t.Fatalf("%q: %q is not %q", text, list[i], array[i])
				}
			}
		}
	})
}
