package documents_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/storetest"
)

func TestCheckFilterThrough(t *testing.T) {
	m := storetest.Model(t)
	e := m.Entity("Sample")
	name := documents.Compare{Field: "name", Value: "x"}
	for says, f := range map[string]documents.Filter{
		"": documents.Not{F: documents.Through{Field: "customer", Entity: "Customer", F: documents.Or{name, documents.Compare{Field: documents.FieldVersion, Op: documents.Gt, Value: 1}}}},
		"Sample.seller is no reference to one Line": documents.Through{Field: "seller", Entity: "Line", F: name},
		"Sample.text is no reference":               documents.Through{Field: "text", Entity: "Customer", F: name},
		`Sample has no field "nope"`:                documents.Through{Field: "nope", Entity: "Customer", F: name},
		`Customer has no field "text"`:              documents.Through{Field: "customer", Entity: "Customer", F: documents.IsNull{Field: "text"}},
		"of one element, stores know conditions":    documents.Some{Field: "tags", Scalars: true, F: documents.Through{Field: "customer", Entity: "Customer", F: name}},
	} {
		if err := documents.CheckFilterThrough(m, e, f); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if err := documents.CheckFilter(m, e, f); err == nil {
			t.Errorf("a store was let to look through refs: %#v", f)
		}
	}
}

func TestRewrite(t *testing.T) {
	is := func(field string) documents.Filter { return documents.IsNull{Field: field} }
	inner := documents.Inside{Field: "a", F: is("a")}
	f := documents.And{is("a"), documents.Or{documents.Not{F: is("b")}, inner}, documents.And{}}
	renamed := func(f documents.Filter) (documents.Filter, error) {
		return documents.Renamed(f, documents.FieldOf(f)+"2"), nil
	}
	got, err := documents.Rewrite(f, renamed)
	want := documents.And{is("a2"), documents.Or{documents.Not{F: is("b2")}, documents.Inside{Field: "a2", F: is("a")}}, documents.And{}}
	if err != nil || !reflect.DeepEqual(got, documents.Filter(want)) {
		t.Errorf("%#v, %v", got, err)
	}
	if !reflect.DeepEqual(f[0], is("a")) {
		t.Error("what was given has changed")
	}
	wrong := errors.New("wrong")
	if _, err := documents.Rewrite(f, func(f documents.Filter) (documents.Filter, error) {
		if documents.FieldOf(f) == "b" {
			return nil, wrong
		}
		return f, nil
	}); !errors.Is(err, wrong) {
		t.Error(err)
	}
	if got, err := documents.Rewrite(nil, renamed); got != nil || err != nil {
		t.Error(got, err)
	}
	for _, f := range []documents.Filter{
		documents.Compare{Field: "a"}, documents.In{Field: "a"}, documents.Text{Field: "a"}, is("a"), inner, documents.Some{Field: "a"}, documents.Size{Field: "a"}, documents.Through{Field: "a"},
	} {
		if g := documents.Renamed(f, "b"); documents.FieldOf(f) != "a" || documents.FieldOf(g) != "b" || reflect.TypeOf(f) != reflect.TypeOf(g) {
			t.Errorf("%#v became %#v", f, g)
		}
	}
	if g := documents.Renamed(f, "b"); !reflect.DeepEqual(g, documents.Filter(f)) {
		t.Errorf("%#v", g)
	}
}
