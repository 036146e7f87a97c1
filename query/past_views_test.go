package query_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

const viewsModel = `
type Customer @entity @crud { id: ID! name: String! region: String }
type Order @entity {
  id: ID!
  status: OrderStatus! @state
  customer: Customer! @ref
  placed: DateTime
  due: Date
  at: Place
  total: Decimal
  lines: [Line!]
}
type Place { town: String }
type Line { product: String quantity: Int! }
enum OrderStatus { OPEN PAID }
extend type Mutation {
  openOrder(customer: ID!): Order! @transition(to: OPEN, emits: "OrderOpened")
  payOrder(id: ID!): Order! @transition(from: [OPEN], to: PAID, emits: "OrderPaid")
}
type ByCustomer @view(of: "Order", in: [PAID]) {
  customer: Customer! @ref(inverse: "revenue") @group
  orders: Int! @count
  revenue: Decimal! @sum(of: "total")
  largest: Decimal @max(of: "total")
  towns: Long! @countDistinct(of: "at.town")
}
type ByMonth @view(of: "Order") { month: Date @group(by: "placed", bucket: MONTH) town: String @group(by: "at.town") orders: Int! @count }
type ByHour @view(of: "Order") { hour: DateTime! @group(by: "placed", bucket: HOUR) week: Date @group(by: "due", bucket: WEEK) orders: Int! @count }
type Sold @view(of: "Order", each: "lines", plural: "soldOnes") {
  product: String @group(by: "lines[].product") customer: Customer! @ref @group(by: "customer") quantity: Long! @sum(of: "lines[].quantity")
}
type OfCustomer @view(of: "Order") @view(of: "Customer") {
  of: Customer! @ref @group(by: ["Order.customer", "Customer.id"]) orders: Int! @count(of: "Order") revenue: Decimal! @sum(of: "Order.total")
}
type ByOrder @view(of: "Order") { of: Order! @ref @group(by: "id") status: OrderStatus! @group orders: Int! @count }
type Everything @view(of: "Order") { orders: Int! @count }
`

// drawOrder draws the state of an order, with nulls and what ids have to be careful with.
func drawOrder(t *rapid.T) schema.Record {
	r := schema.Record{
		"status":   rapid.SampledFrom([]string{"OPEN", "PAID"}).Draw(t, "status"),
		"customer": rapid.SampledFrom([]string{"c0", "c1", "c2", "a,b", strings.Repeat("c", 201)}).Draw(t, "customer"),
	}
	maybe := func(name string, v func() any) {
		if rapid.IntRange(0, 4).Draw(t, name+" null") > 0 {
			r[name] = v()
		}
	}
	maybe("placed", func() any { return drawTime(t) })
	maybe("due", func() any { return scalar.Date(drawTime(t).Time().Format(time.DateOnly)) })
	maybe("total", func() any { return scalar.NewDecimal(int64(rapid.IntRange(-3, 9).Draw(t, "total"))) })
	maybe("at", func() any {
		if rapid.Bool().Draw(t, "no town") {
			return schema.Record{}
		}
		return schema.Record{"town": drawTown(t)}
	})
	maybe("lines", func() any {
		var lines []any
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			line := schema.Record{"quantity": rapid.IntRange(1, 5).Draw(t, "quantity")}
			if rapid.Bool().Draw(t, "of a product") {
				line["product"] = rapid.SampledFrom([]string{"p", "q", "%"}).Draw(t, "product")
			}
			lines = append(lines, line)
		}
		return lines
	})
	return r
}

func drawTown(t *rapid.T) string {
	return rapid.SampledFrom([]string{"Rio", "São Paulo", "a,b", "~", "~#", "%41", strings.Repeat("ã", 90)}).Draw(t, "town")
}

// drawTime is near the beginnings of spans, and at the end of time.
func drawTime(t *rapid.T) scalar.DateTime {
	base := rapid.SampledFrom([]string{"2026-01-01T00:00:00Z", "2026-01-31T23:00:00Z", "2026-03-01T00:00:00Z", "2025-12-29T00:00:00Z", "9999-12-31T23:59:59Z"}).Draw(t, "time")
	at, err := scalar.ParseDateTime(base)
	if err != nil {
		t.Fatal(err)
	}
	return scalar.NewDateTime(at.Time().Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "beside")) * time.Nanosecond))
}

// happening is a version of an entity.
type happening struct {
	entity, id string
	version    int64
	state      schema.Record // nil deletes it
}

// drawHappenings draws how orders and customers were made, changed and deleted, one on each day.
func drawHappenings(t *rapid.T) (out []happening) {
	versions := map[string]int64{}
	for range rapid.IntRange(20, 60).Draw(t, "events") {
		h := happening{entity: "Order", id: fmt.Sprint("o", rapid.IntRange(0, 12).Draw(t, "id")), state: drawOrder(t)}
		if rapid.IntRange(0, 5).Draw(t, "of a customer") == 0 {
			h.entity, h.id, h.state = "Customer", fmt.Sprint("c", rapid.IntRange(0, 3).Draw(t, "id")), schema.Record{"name": "n"}
		}
		if versions[h.id] > 0 && rapid.IntRange(0, 6).Draw(t, "deleted") == 0 {
			h.state = nil
		}
		versions[h.id]++
		h.version = versions[h.id]
		out = append(out, h)
	}
	return out
}

// drawViewFilter asks for what some of the documents have, and for what none has.
func drawViewFilter(t *rapid.T, v *schema.Entity, docs []documents.Document, depth int) documents.Filter {
	part := func() documents.Filter { return drawViewFilter(t, v, docs, depth-1) }
	kind := rapid.IntRange(0, 8).Draw(t, "filter")
	if depth == 0 {
		kind = 3 + kind%6
	}
	switch kind {
	case 0:
		return documents.And{part(), part()}
	case 1:
		return documents.Or{part(), part()}
	case 2:
		return documents.Not{F: part()}
	}
	field := rapid.SampledFrom(append([]string{"_id"}, namesOf(v)...)).Draw(t, "field")
	var values []any
	for i := range docs {
		if value := docs[i].Value(field); value != nil {
			values = append(values, value)
		}
	}
	if field == "_id" {
		values = append(values, "~", "~~", "~#x", "c0,", ",", "~%FF", "%zz,x", "all", "nobody", "2026-01-15,~")
	}
	if kind == 3 && field != "_id" || len(values) == 0 {
		if field == "_id" {
			return documents.Or{}
		}
		return documents.IsNull{Field: field}
	}
	value := rapid.SampledFrom(values).Draw(t, "value")
	if text, ok := value.(string); ok && kind == 4 {
		return documents.Text{Field: field, Op: documents.StartsWith, Value: text[:1]}
	}
	if day, ok := value.(scalar.Date); ok && kind == 4 && day < "9999" {
		value = scalar.Date(string(day)[:9] + "3") // amid a span
	}
	if kind == 5 {
		return documents.In{Field: field, Values: []any{value, rapid.SampledFrom(values).Draw(t, "other")}}
	}
	return documents.Compare{Field: field, Op: documents.Op(rapid.IntRange(int(documents.Eq), int(documents.Ge)).Draw(t, "op")), Value: value}
}

// TestFiltersOfViewsAsOfAnInstant: what is read of the entities, because of a filter, is enough for the documents of which it holds.
func TestFiltersOfViewsAsOfAnInstant(t *testing.T) {
	var worlds []*past
	happenings := rapid.Custom(drawHappenings)
	for seed := range 8 {
		p := newPastOf(t, viewsModel)
		for n, h := range happenings.Example(seed) {
			p.happens(day(n+1), h.entity, h.id, h.version, h.state, nil)
		}
		p.settle()
		worlds = append(worlds, p)
	}
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		p, at := rapid.SampledFrom(worlds).Draw(t, "world"), day(rapid.IntRange(0, 70).Draw(t, "instant"))
		for _, v := range p.model.Views {
			all, err := p.viewAt(v, at, query.ListArgs{})
			if err != nil {
				t.Fatal(v.Name, err)
			}
			for range 4 {
				filter := drawViewFilter(t, v, all, 2)
				var want []documents.Document
				for _, d := range all {
					if documents.Match(filter, &d) {
						want = append(want, d)
					}
				}
				size := rapid.IntRange(1, 5).Draw(t, "size")
				got, err := p.viewAt(v, at, query.ListArgs{Filter: filter, First: &size})
				if was, is := told(want, namesOf(v)...), told(got, namesOf(v)...); is != was || err != nil {
					t.Fatalf("%s as of %v where %s:\n%s\n%v, of all there match\n%s", v.Name, at, documents.Describe(filter), is, err, was)
				}
				held += len(want)
			}
		}
	})
	if held == 0 {
		t.Error("no filter held of anything")
	}
}

// namesOf returns the names of a view's fields.
func namesOf(v *schema.Entity) (out []string) {
	for _, f := range v.Fields[1:] {
		out = append(out, f.Name)
	}
	return out
}

// viewAt reads the documents of a view, page by page.
func (p *past) viewAt(v *schema.Entity, at time.Time, args query.ListArgs) (docs []documents.Document, err error) {
	for {
		page, err := p.engine.ListAsOf(p.Context(), new(at), v, args, query.Connection{TotalCount: true, Node: &query.Selection{Fields: namesOf(v)}})
		if err != nil {
			return nil, err
		}
		for _, n := range page.Nodes {
			docs = append(docs, n.Document)
		}
		if page.HasNext {
			args.After = page.Cursors[len(page.Cursors)-1]
			continue
		}
		if int(page.TotalCount) != len(docs) {
			return nil, fmt.Errorf("%d are counted, %d are listed", page.TotalCount, len(docs))
		}
		return docs, nil
	}
}

func told(docs []documents.Document, fields ...string) string {
	var out []string
	for _, d := range docs {
		line := d.ID
		for _, f := range fields {
			line += fmt.Sprint(" ", d.Fields[f])
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// TestWhatViewsWere by the order of events.
func TestWhatViewsWere(t *testing.T) {
	p := newPastOf(t, viewsModel)
	order := func(customer, status, town string, total int64, lines ...any) schema.Record {
		return schema.Record{"customer": customer, "status": status, "at": schema.Record{"town": town}, "total": scalar.NewDecimal(total), "placed": scalar.NewDateTime(day(40)), "lines": lines}
	}
	of := func(product string, n int) schema.Record { return schema.Record{"product": product, "quantity": n} }
	p.happens(day(1), "Customer", "c1", 1, schema.Record{"name": "Ana"}, nil)
	p.happens(day(2), "Order", "o1", 1, order("c1", "OPEN", "Rio", 5, of("p", 1), of("p", 2)), nil)
	p.happens(day(3), "Order", "o1", 2, order("c1", "PAID", "Rio", 5, of("p", 1), of("q", 2)), nil)
	p.happens(day(4), "Order", "o2", 1, order("c1", "PAID", "Recife", 9), nil)
	p.happens(day(5), "Order", "o3", 1, order("c1", "PAID", "Rio", 1), nil)
	p.happens(day(6), "Order", "o2", 2, nil, nil)
	p.happens(day(7), "Order", "o1", 3, order("c2", "PAID", "Rio", 5), nil)
	p.happens(day(8), "Customer", "c1", 2, nil, nil)
	p.settle()
	check := func(n int, view, want string, fields ...string) {
		t.Helper()
		docs, err := p.viewAt(p.model.View(view), day(n), query.ListArgs{})
		if got := told(docs, fields...); got != want || err != nil {
			t.Errorf("%s on day %d: %s, not %s: %v", view, n, got, want, err)
		}
	}
	revenue := []string{"customer", "orders", "revenue", "largest", "towns"}
	check(2, "ByCustomer", "", revenue...)
	check(3, "ByCustomer", "c1 c1 1 5 5 1", revenue...)
	check(5, "ByCustomer", "c1 c1 3 15 9 2", revenue...)
	check(6, "ByCustomer", "c1 c1 2 6 5 1", revenue...)
	check(7, "ByCustomer", "c1 c1 1 1 1 1; c2 c2 1 5 5 1", revenue...)
	check(2, "Sold", "p,c1 p c1 3", "product", "customer", "quantity")
	check(3, "Sold", "p,c1 p c1 1; q,c1 q c1 2", "product", "customer", "quantity")
	check(7, "Sold", "", "product", "customer", "quantity")
	check(1, "OfCustomer", "c1 0 0", "orders", "revenue")
	check(8, "OfCustomer", "c1 1 1; c2 1 5", "orders", "revenue")
	check(5, "ByMonth", "2026-02-01,Recife 1; 2026-02-01,Rio 2", "orders")
	check(5, "Everything", "all 3", "orders")
	check(0, "Everything", "", "orders")
}

// TestViewsAsOfAnInstantReadWhatIsAskedFor, and no more than they may.
func TestViewsAsOfAnInstantReadWhatIsAskedFor(t *testing.T) {
	p := newPastOf(t, viewsModel)
	for n := range 12 {
		town := []string{"Rio", "Recife"}[n%2]
		r := schema.Record{"customer": fmt.Sprint("c", n/2), "status": "PAID", "at": schema.Record{"town": town}, "placed": scalar.NewDateTime(day(1 + 15*n))}
		p.happens(day(1), "Order", fmt.Sprint("o", n), 1, r, nil)
	}
	p.settle()
	view := p.model.View("ByCustomer")
	all := query.Connection{TotalCount: true, Node: &query.Selection{Fields: []string{"orders"}}}
	limited, few := p.with(query.Config{ScanLimit: 11}), p.with(query.Config{ScanLimit: 12})
	p.happens(day(3), "Order", "o0", 2, nil, nil) // more versions than may be looked through
	ask := func(e *query.Engine, v *schema.Entity, f documents.Filter) (int64, error) {
		page, err := e.ListAsOf(t.Context(), new(day(2)), v, query.ListArgs{Filter: f}, all)
		if err != nil {
			return 0, err
		}
		return page.TotalCount, nil
	}
	for name, c := range map[string]struct {
		view   *schema.Entity
		filter documents.Filter
		want   int64
		code   string
		text   string
	}{
		"by a ref":                 {view, documents.Compare{Field: "customer", Value: "c3"}, 1, "", ""},
		"by a ref, and more":       {view, documents.And{documents.Compare{Field: "orders", Op: documents.Gt, Value: 7}, documents.InTexts("customer", []string{"c3", "c4"})}, 0, "", ""},
		"by id":                    {view, documents.InTexts("_id", []string{"c1", "c2", "c99"}), 2, "", ""},
		"everything":               {view, nil, 0, "TOO_MUCH", "asOf: what is asked of ByCustomer is computed from more than 11 orders: filter by what it is grouped by, customer, or raise --scan-limit"},
		"by an aggregate":          {view, documents.Compare{Field: "orders", Value: 2}, 0, "TOO_MUCH", "more than 11 orders"},
		"by what has no index":     {p.model.View("ByMonth"), documents.Compare{Field: "month", Value: scalar.Date("2026-01-01")}, 0, query.CodeNoIndex, "add @indexed(asOf: true) to Order.placed"},
		"by what has none, of few": {p.model.View("ByMonth"), documents.Compare{Field: "month", Value: scalar.Date("2026-01-01")}, 2, "few", ""},
		"without groups":           {p.model.View("Everything"), nil, 0, "TOO_MUCH", "more than 11 orders: raise --scan-limit"},
		"of what only now tells":   {view, documents.Compare{Field: "_version", Value: 1}, 0, "INVALID_INPUT", "tells no version, createdAt and updatedAt"},
	} {
		engine := limited
		if c.code == "few" {
			engine, c.code = few, ""
		}
		got, err := ask(engine, c.view, c.filter)
		var e *query.Error
		switch {
		case c.code == "" && (err != nil || got != c.want):
			t.Errorf("%s: %d, %v, not %d", name, got, err, c.want)
		case c.code != "" && (!errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Message, c.text)):
			t.Errorf("%s: %v, not %s, %s", name, err, c.code, c.text)
		}
	}
	n, err := limited.GetAsOf(t.Context(), new(day(2)), view, "c1", all.Node)
	if err != nil || n.Fields["orders"] != 2 || !n.Past() {
		t.Error(n, err)
	}
	if n, err := limited.GetAsOf(t.Context(), new(day(2)), view, "nobody", all.Node); n != nil || err != nil {
		t.Error(n, err)
	}
}
