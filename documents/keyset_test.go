package documents_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
)

func TestPrefixEndIsAboveExactlyWhatStartsSo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune{0, 'a', 'b', 0xD7FF, 0xE000, 0xFFFD, 0x10FFFF}))
		prefix, s := text.Draw(t, "prefix"), text.Draw(t, "s")
		if rapid.Bool().Draw(t, "starts so") {
			s = prefix + s
		}
		end, ok := documents.PrefixEnd(prefix)
		if within := s >= prefix && (!ok || s < end); within != strings.HasPrefix(s, prefix) {
			t.Fatalf("%q in [%q, %q, %v) is %v", s, prefix, end, ok, within)
		}
	})
}

func TestPageOrdersEndWithTheID(t *testing.T) {
	up, down := documents.Order{Field: "a"}, documents.Order{Field: "b", Desc: true}
	for _, c := range []struct {
		orders []documents.Order
		last   bool
		want   string
	}{
		{nil, false, "_id+"},
		{[]documents.Order{up}, false, "a+ _id+"},
		{[]documents.Order{up, down}, false, "a+ b- _id-"},
		{[]documents.Order{up, down}, true, "a- b+ _id+"},
		{[]documents.Order{{Field: "_id", Desc: true}, up}, false, "_id-"},
	} {
		var got []string
		for _, o := range documents.PageOrders(documents.Query{Orders: c.orders, Last: c.last}) {
			got = append(got, o.Field+map[bool]string{false: "+", true: "-"}[o.Desc])
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%v, last %v: %s, want %s", c.orders, c.last, g, c.want)
		}
	}
}
