package documents_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestServe(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`
		type Order @entity @crud @indexed(fields: ["status", "placedAt DESC"]) @indexed(fields: ["createdAt"]) @indexed(fields: ["customer", "status", "total"]) {
			id: ID! status: String customer: Customer @ref placedAt: DateTime total: Int @indexed note: String tags: [String!] }
		type Customer @entity @crud { id: ID! name: String @indexed }`)}})
	if err != nil {
		t.Fatal(err)
	}
	type and = documents.And
	eq := func(field string) documents.Filter { return documents.Compare{Field: field, Value: "x"} }
	gt := func(field string) documents.Filter {
		return documents.Compare{Field: field, Op: documents.Gt, Value: "x"}
	}
	text := func(field string, op documents.TextOp, fold bool) documents.Filter {
		return documents.Text{Field: field, Op: op, Value: "x", IgnoreCase: fold}
	}
	const no = "" // none serves it
	for name, c := range map[string]struct {
		f      documents.Filter
		orders string
		past   bool
		finds  string // indexes, - for none because there is no filter, no for none that serves it
		sorts  string
	}{
		"all":                                   {nil, "", false, "-", "id"},
		"an empty and":                          {and{and{}}, "", false, "-", "id"},
		"all by id":                             {nil, "_id-", false, "-", "id"},
		"what follows the id":                   {nil, "_id note", false, "-", "id"},
		"by a field":                            {nil, "total", false, "-", "total"},
		"backward":                              {nil, "total-", false, "-", "total"},
		"the id the other way":                  {nil, "total _id-", false, "-", no},
		"by a time":                             {nil, "_createdAt-", false, "-", "_createdAt"},
		"not indexed":                           {nil, "note", false, "-", no},
		"by two":                                {nil, "status placedAt-", false, "-", "status+placedAt-"},
		"by two backward":                       {nil, "status- placedAt", false, "-", "status+placedAt-"},
		"by two in other directions":            {nil, "status placedAt", false, "-", no},
		"only the first of two":                 {nil, "status", false, "-", no},
		"a value":                               {eq("total"), "", false, "total", "total"},
		"a value of a ref":                      {eq("customer"), "", false, "customer", "customer"},
		"a value not indexed":                   {eq("note"), "total", false, no, "total"},
		"a value of what is second":             {eq("placedAt"), "", false, no, "id"},
		"a range":                               {gt("total"), "total-", false, "total", "total"},
		"a range and another order":             {gt("total"), "_createdAt", false, "total", "_createdAt"},
		"a range before an order":               {gt("status"), "placedAt", false, "status+placedAt-", no},
		"among values":                          {documents.In{Field: "total"}, "", false, "total", "id"},
		"null":                                  {documents.IsNull{Field: "total"}, "", false, "total", "total"},
		"not null":                              {documents.Not{F: documents.IsNull{Field: "total"}}, "", false, no, "id"},
		"not a value":                           {documents.Not{F: eq("total")}, "", false, no, "id"},
		"begins with":                           {text("status", documents.StartsWith, false), "", false, "status+placedAt-", "id"},
		"begins with in any case":               {text("status", documents.StartsWith, true), "", false, no, "id"},
		"contains":                              {text("status", documents.Contains, false), "", false, no, "id"},
		"an element":                            {documents.Some{Field: "tags", F: eq(""), Scalars: true}, "", false, no, "id"},
		"the id":                                {eq("_id"), "note", false, "id", "id"},
		"a value, and the order of one index":   {eq("status"), "placedAt-", false, "status+placedAt-", "status+placedAt-"},
		"a value, and that order reversed":      {eq("status"), "placedAt", false, "status+placedAt-", "status+placedAt-"},
		"a value, and the order of another":     {eq("status"), "total", false, "status+placedAt-", no},
		"a value, and its own order":            {eq("total"), "total-", false, "total", "total"},
		"a value, its order and another":        {eq("status"), "status placedAt", false, "status+placedAt-", "status+placedAt-"},
		"a value, its order and no other":       {eq("status"), "status", false, "status+placedAt-", no},
		"a value, and no order":                 {eq("status"), "", false, "status+placedAt-", no},
		"two values":                            {and{eq("status"), and{eq("customer")}}, "total", false, "customer+status+total", "customer+status+total"},
		"values of the first and last":          {and{eq("total"), eq("customer")}, "status", false, "total customer", no},
		"a value, and a range of the order":     {and{eq("status"), gt("total")}, "total", false, "total", "total"},
		"a value beside what is not indexed":    {and{eq("note"), eq("total")}, "", false, "total", "total"},
		"one or another":                        {documents.Or{eq("total"), and{eq("note"), eq("customer")}}, "", false, "total customer", "id"},
		"one or another that is not indexed":    {documents.Or{eq("total"), eq("note")}, "", false, no, "id"},
		"none of none":                          {documents.Or{}, "note", false, "none", no},
		"the past by a ref":                     {eq("customer"), "", true, "customer", "customer"},
		"the past by what has only the present": {eq("total"), "total", true, no, "id"},
	} {
		var orders []documents.Order
		for o := range strings.FieldsSeq(c.orders) {
			field, desc := strings.CutSuffix(o, "-")
			orders = append(orders, documents.Order{Field: field, Desc: desc})
		}
		got := documents.Serve(m.Entity("Order"), c.f, orders, c.past)
		finds := strings.Join(got.Finds, " ")
		switch {
		case got.Filtered && len(got.Narrow) == 0:
			finds = "-"
		case got.Filtered && finds == "":
			finds = "none"
		}
		if finds != c.finds || got.Sorts != c.sorts || got.Sorted != (c.sorts != no) {
			t.Errorf("%s: found by %q, sorted by %q, want %q and %q (%+v)", name, finds, got.Sorts, c.finds, c.sorts, got)
		}
	}
}

func TestIndexesByTheirNames(t *testing.T) {
	i := documents.Index{Fields: []documents.Order{{Field: "status"}, {Field: "placedAt", Desc: true}}}
	if got := documents.IndexNamed(i.Name(), false); got.Name() != "status+placedAt-" || got.Fields[0] != i.Fields[0] || got.Fields[1] != i.Fields[1] {
		t.Errorf("%q: %+v", i.Name(), got)
	}
}

func TestServeBy(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`
		type Order @entity @crud @indexed(fields: ["customer", "placedAt DESC"]) { id: ID! customer: Customer @ref placedAt: DateTime total: Int @indexed }
		type Customer @entity @crud { id: ID! }`)}})
	if err != nil {
		t.Fatal(err)
	}
	total := documents.Compare{Field: "total", Op: documents.Gt, Value: 1}
	for _, c := range []struct {
		f      documents.Filter
		orders []documents.Order
		sorts  string
	}{
		{nil, nil, "customer"},
		{total, nil, "customer"},
		{nil, []documents.Order{{Field: "placedAt"}}, "customer+placedAt-"},
		{total, []documents.Order{{Field: "total"}}, ""}, // another index has it, of all customers
		{nil, []documents.Order{{Field: "_id", Desc: true}}, "customer"},
	} {
		got := documents.ServeBy(m.Entity("Order"), "customer", c.f, c.orders, false)
		if !got.Filtered || len(got.Narrow) != 1 || !strings.HasPrefix(got.Finds[0], "customer") || got.Sorts != c.sorts || got.Sorted != (c.sorts != "") {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestDescribe(t *testing.T) {
	type and = documents.And
	eq := documents.Compare{Field: "status", Value: "PAID"}
	for want, f := range map[string]documents.Filter{
		"everything":      nil,
		"nothing":         documents.Or{},
		`status = "PAID"`: eq,
		`status = "PAID" and (total > 5 or not (note is null))`: and{eq, documents.Or{documents.Compare{Field: "total", Op: documents.Gt, Value: 5}, documents.Not{F: documents.IsNull{Field: "note"}}}},
		`n in [1, 2, 3, 4, 5, and 2 more]`:                      documents.In{Field: "n", Values: []any{1, 2, 3, 4, 5, 6, 7}},
		`name matches "a*" in any case and (box with createdAt <= 3) and size of tags >= 2 and some of tags with (the element = "x")`: and{
			documents.Text{Field: "name", Op: documents.Matches, Value: "a*", IgnoreCase: true}, documents.Inside{Field: "box", F: documents.Compare{Field: "_createdAt", Op: documents.Le, Value: 3}},
			documents.Size{Field: "tags", Op: documents.Ge, N: 2}, documents.Some{Field: "tags", Scalars: true, F: documents.Compare{Field: documents.Element, Value: "x"}},
		},
	} {
		if got := documents.Describe(f); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := documents.DescribeOrders([]documents.Order{{Field: "total", Desc: true}, {Field: "_id"}}); got != "total descending, id" {
		t.Error(got)
	}
}
