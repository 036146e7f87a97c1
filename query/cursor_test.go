package query_test

import (
	"context"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
)

// TestCursorsThatWereChanged flips every bit of cursors, in what they hold and in their text.
func TestCursorsThatWereChanged(t *testing.T) {
	m := newMarket(t, 3)
	e := m.engine(0)
	deal, sel := m.model.Entity("Deal"), query.Connection{Node: &query.Selection{}}
	for _, args := range []query.ListArgs{m.args(e, nil), m.args(e, nil, object{"field": "SIZE"}, beyond("firm", "NAME", "DESC")), m.args(e, nil, beyond("firm", "CITY", "ASC"))} {
		page, err := e.List(t.Context(), deal, args, sel)
		if err != nil || len(page.Cursors) != 3 {
			t.Fatal(page, err)
		}
		refused := func(cursor, what string) {
			t.Helper()
			args := args
			args.After = cursor
			_, after := e.List(t.Context(), deal, args, sel)
			args.After, args.Before = "", cursor
			_, before := e.List(t.Context(), deal, args, sel)
			for _, err := range []error{after, before} {
				if err == nil || !strings.Contains(err.Error(), "is no cursor of this list in this order") {
					t.Fatalf("%s: %v", what, err)
				}
			}
		}
		for _, c := range page.Cursors {
			raw, err := base64.RawURLEncoding.DecodeString(c)
			if err != nil {
				t.Fatal(err)
			}
			for i := range raw {
				for bit := range 8 {
					raw[i] ^= 1 << bit
					refused(base64.RawURLEncoding.EncodeToString(raw), "a bit was flipped")
					raw[i] ^= 1 << bit
				}
			}
			for i := range c {
				for _, with := range []byte{c[i] ^ 1, 'A', '_', '=', '\n', 0} {
					if with != c[i] {
						refused(c[:i]+string(with)+c[i+1:], "a letter was changed")
					}
				}
				refused(c[:i]+"\n"+c[i:], "a line break was put in, which the decoder takes")
				refused(c[:i]+c[i+1:], "a letter was taken out")
			}
			args.After = c
			if _, err := e.List(t.Context(), deal, args, sel); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestCursorsBelongToAList: they are refused in another order, of another entity, and with another store; not with another filter, nor by another process.
func TestCursorsBelongToAList(t *testing.T) {
	m := newMarket(t, 3)
	e := m.engine(0)
	sel := query.Connection{Node: &query.Selection{}}
	by := func(orders ...documents.Order) []documents.Order { return orders }
	asc, desc, firm := documents.Order{Field: "size"}, documents.Order{Field: "size", Desc: true}, documents.Order{Field: "firm.rank"}
	page, err := e.List(t.Context(), m.model.Entity("Deal"), query.ListArgs{Orders: by(asc)}, sel)
	if err != nil {
		t.Fatal(err)
	}
	cursor := page.Cursors[1]
	for name, c := range map[string]struct {
		e      *query.Engine
		entity string
		args   query.ListArgs
		taken  bool
	}{
		"the same":        {e, "Deal", query.ListArgs{Orders: by(asc)}, true},
		"another filter":  {e, "Deal", query.ListArgs{Orders: by(asc), Filter: documents.IsNull{Field: "firm"}}, true},
		"another process": {m.engine(0), "Deal", query.ListArgs{Orders: by(asc)}, true},
		"another store":   {newMarket(t, 3).engine(0), "Deal", query.ListArgs{Orders: by(asc)}, false},
		"no order":        {e, "Deal", query.ListArgs{}, false},
		"falling":         {e, "Deal", query.ListArgs{Orders: by(desc)}, false},
		"another order":   {e, "Deal", query.ListArgs{Orders: by(documents.Order{Field: "firmRank"})}, false},
		"one more":        {e, "Deal", query.ListArgs{Orders: by(asc, firm)}, false},
		"another entity":  {e, "Region", query.ListArgs{Orders: by(asc)}, false},
	} {
		c.args.After = cursor
		if _, err := c.e.List(t.Context(), m.model.Entity(c.entity), c.args, sel); (err == nil) != c.taken {
			t.Errorf("%s: %v", name, err)
		}
	}
	// what is asked through a ref and answered by its copy is another order than the copy's: so it stays good if there is no such copy any more
	page, err = e.List(t.Context(), m.model.Entity("Deal"), query.ListArgs{Orders: by(firm)}, sel)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.List(t.Context(), m.model.Entity("Deal"), query.ListArgs{Orders: by(firm), After: page.Cursors[0]}, sel); err != nil {
		t.Error(err)
	}
	if _, err := e.List(t.Context(), m.model.Entity("Deal"), query.ListArgs{Orders: by(documents.Order{Field: "firmRank"}), After: page.Cursors[0]}, sel); err == nil {
		t.Error("no error")
	}
}

// TestCursorsOfTheEndsOnly: of a list, and of the lists of its rows.
func TestCursorsOfTheEndsOnly(t *testing.T) {
	m := newMarket(t, 20)
	e := m.engine(0)
	deal := m.model.Entity("Deal")
	firm := m.model.Entity(deal.Field("firm").Ref.Entity)
	lists := func(ends bool) (out [][]string) {
		inner := &query.ListSelection{Inverse: firm.Inverses[0], Connection: query.Connection{Node: &query.Selection{}, Ends: ends}}
		page, err := e.List(t.Context(), firm, query.ListArgs{}, query.Connection{Node: &query.Selection{Lists: []*query.ListSelection{inner}}, Ends: ends})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page.Cursors)
		for _, n := range page.Nodes {
			out = append(out, n.List(inner).Cursors)
		}
		return out
	}
	all, longest := lists(false), 0
	for _, cursors := range all {
		longest = max(longest, len(cursors))
		for i := range cursors {
			if i > 0 && i < len(cursors)-1 {
				cursors[i] = ""
			}
		}
	}
	if got := lists(true); !reflect.DeepEqual(got, all) || longest < 3 {
		t.Errorf("%q, want %q", got, all)
	}
}

// mute has no secret for a while.
type mute struct {
	*counting
	asked int
}

var errMute = errors.New("the store is away")

func (s *mute) Secret(ctx context.Context) ([]byte, error) {
	if s.asked++; s.asked == 1 {
		return nil, errMute
	}
	return s.counting.Secret(ctx)
}

func TestTheSecretIsReadOnce(t *testing.T) {
	m := newMarket(t, 3)
	s := &mute{counting: m.store}
	e := query.New(query.Config{Model: m.model, Store: s})
	for i := range 4 {
		if _, err := e.List(t.Context(), m.model.Entity("Deal"), query.ListArgs{}, query.Connection{Node: &query.Selection{}}); (err != nil) != (i == 0) || err != nil && !errors.Is(err, errMute) {
			t.Fatal(i, err)
		}
	}
	if s.asked != 2 {
		t.Errorf("it was asked for %d times: once in vain and once more", s.asked)
	}
}
