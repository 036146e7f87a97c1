package sqlite_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// What documents.Serve says an index does, SQLite does by it: it sorts nothing, and looks at nothing but what the index finds.
func TestSQLiteUsesTheIndexesThatServe(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`
		type Order @entity @crud @indexed(fields: ["status", "placedAt DESC"]) @indexed(fields: ["createdAt"]) @indexed(fields: ["customer", "status", "total"]) {
			id: ID! status: String @indexed customer: Customer @ref placedAt: DateTime total: Int @indexed note: String }
		type Customer @entity @crud { id: ID! }`)}})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(t.TempDir(), "documents.db"), m)
	if err := s.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	type and = documents.And
	eq := func(field string) documents.Filter { return documents.Compare{Field: field, Value: "x"} }
	total := documents.Compare{Field: "total", Value: 3}
	more := documents.Compare{Field: "total", Op: documents.Gt, Value: 3}
	for name, c := range map[string]struct {
		f      documents.Filter
		orders string
		index  string // its name behind that of the table; "" for a scan by id
	}{
		"all":                               {nil, "", ""},
		"all, backward":                     {nil, "_id-", ""},
		"the order of a field":              {nil, "total", "total"},
		"the order of a field, backward":    {nil, "total-", "total"},
		"when it was made":                  {nil, "_createdAt-", "_createdAt"},
		"the order of two":                  {nil, "status placedAt-", "status+placedAt-"},
		"the order of two, backward":        {nil, "status- placedAt", "status+placedAt-"},
		"a value":                           {eq("status"), "", "status"},
		"a value, backward":                 {eq("status"), "_id-", "status"},
		"a value and an order":              {eq("status"), "placedAt-", "status+placedAt-"},
		"a value and an order, backward":    {eq("status"), "placedAt", "status+placedAt-"},
		"a value and its own order":         {eq("status"), "status", "status"},
		"a value, its order and another":    {eq("status"), "status- placedAt", "status+placedAt-"},
		"null and its own order":            {documents.IsNull{Field: "status"}, "status- placedAt-", "status+placedAt-"},
		"null and an order":                 {documents.IsNull{Field: "status"}, "placedAt", "status+placedAt-"},
		"two values and an order":           {and{eq("customer"), eq("status")}, "total-", "customer+status+total"},
		"a range in its order":              {more, "total-", "total"},
		"a value beside another condition":  {and{total, eq("note")}, "", "total"},
		"a value, and a range in the order": {and{eq("customer"), eq("status"), more}, "total", "customer+status+total"},
	} {
		t.Run(name, func(t *testing.T) {
			q := documents.Query{Entity: "Order", Filter: c.f, Limit: 20}
			for o := range strings.FieldsSeq(c.orders) {
				field, desc := strings.CutSuffix(o, "-")
				q.Orders = append(q.Orders, documents.Order{Field: field, Desc: desc})
			}
			serving := documents.Serve(m.Entity("Order"), c.f, q.Orders, false)
			plan, err := s.Explain(t.Context(), q, "", nil)
			if err != nil || !serving.Sorted || !serving.Filtered {
				t.Fatalf("%+v, %v", serving, err)
			}
			index := "orders_g1_" + c.index + " ("
			if c.index == "" {
				index = "SCAN orders_g1 USING INDEX sqlite_autoindex"
			} else if c.f == nil {
				index = "SCAN orders_g1 USING INDEX orders_g1_" + c.index
			}
			if strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, index) || strings.Contains(plan, "\n") {
				t.Errorf("not by %s:\n%s", index, plan)
			}
			for _, last := range []bool{false, true} { // the pages behind it go by ranges of the same index
				q.Last = last
				plan, err := s.Explain(t.Context(), q, "", nil)
				if err != nil || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("last: %v: %v\n%s", last, err, plan)
				}
			}
		})
	}
}

// A filter may have as many conditions as clients may send.
func TestSQLiteTakesLongFilters(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`type Order @entity @crud { id: ID! note: String }`)}})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(t.TempDir(), "documents.db"), m)
	if err := s.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := make([]documents.Filter, 1000)
	for i := range all {
		all[i] = documents.Compare{Field: "note", Value: "x"}
	}
	inside := append([]documents.Filter{documents.Or(all[:500])}, all[:500]...)
	for _, f := range []documents.Filter{documents.Or(all), documents.And(all), documents.Not{F: documents.And(all)}, documents.Or(inside), documents.And{documents.Or(all[:1]), documents.And(inside)}} {
		if _, err := s.Count(t.Context(), documents.CountQuery{Entity: "Order", Filter: f}); err != nil {
			t.Error(err)
		}
	}
}

// An or whose parts are all found is looked up part by part.
func TestSQLiteFindsWhatIsOneOrAnother(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`
		type Order @entity @crud @indexed(fields: ["status", "placedAt"], asOf: true) { id: ID! status: String customer: Customer @ref placedAt: DateTime total: Int @indexed(asOf: true) note: String }
		type Customer @entity @crud { id: ID! }`)}})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(t.TempDir(), "documents.db"), m)
	if err := errors.Join(s.Setup(t.Context()), s.Index(t.Context())); err != nil {
		t.Fatal(err)
	}
	type (
		and = documents.And
		or  = documents.Or
	)
	eq := func(field string) documents.Filter { return documents.Compare{Field: field, Value: "x"} }
	more := documents.Compare{Field: "total", Op: documents.Gt, Value: 3}
	some := documents.In{Field: "customer", Values: []any{"a", "b"}}
	begins := documents.Text{Field: "status", Op: documents.StartsWith, Value: "x"}
	for name, f := range map[string]documents.Filter{
		"two":                      or{eq("status"), more},
		"by id":                    or{eq("customer"), eq("_id")},
		"among":                    or{some, more},
		"begins with":              or{begins, documents.IsNull{Field: "total"}},
		"with what is not indexed": or{and{eq("note"), eq("status")}, and{more, eq("note")}},
		"beside what is not":       and{eq("note"), or{eq("status"), more}},
		"in another":               or{and{eq("note"), or{eq("status"), eq("_id")}}, more},
		"neither of which is not":  documents.Not{F: and{documents.Not{F: some}, documents.Not{F: more}}},
	} {
		for _, at := range []time.Time{{}, time.Now()} {
			if name != "neither of which is not" && !documents.Serve(m.Entity("Order"), f, nil, !at.IsZero()).Filtered {
				t.Errorf("%s: it is not found", name)
			}
			plan, err := s.Explain(t.Context(), documents.Query{Entity: "Order", Filter: f, Limit: 20, AsOf: at}, "", nil)
			if err != nil || strings.Contains(plan, "SCAN orders") {
				t.Errorf("%s, %v: %v\n%s", name, at, err, plan)
			}
		}
	}
}
