package consolidator_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

const orderModel = `
type Order @entity { id: ID! status: OrderStatus! @state region: String placed: DateTime total: Decimal weight: Int lines: [Line!] }
type Line { product: String quantity: Int }
enum OrderStatus { OPEN PAID }
type Buyer @entity @crud { id: ID! region: String! score: Int }
type Other @entity @crud { id: ID! }

extend type Mutation {
  openOrder(region: String, placed: DateTime, total: Decimal, weight: Int, lines: [LineInput!]): Order! @transition(to: OPEN, emits: "OrderOpened")
  changeOrder(id: ID!, region: String, placed: DateTime, total: Decimal, weight: Int, lines: [LineInput!]): Order! @transition(from: [OPEN, PAID], emits: "OrderChanged")
  payOrder(id: ID!): Order! @transition(from: [OPEN], to: PAID, emits: "OrderPaid")
  reopenOrder(id: ID!): Order! @transition(from: [PAID], to: OPEN, emits: "OrderReopened")
  deleteOrder(id: ID!): Order! @transition(from: [OPEN, PAID], emits: "OrderDeleted", deletes: true)
}
`

const viewModel = orderModel + `
type Region @view(of: "Order", in: [PAID]) @view(of: "Buyer") {
  region: String @group(by: ["Order.region", "Buyer.region"])
  orders: Int! @count(of: "Order")
  buyers: Long! @count(of: "Buyer")
  weighed: Int! @count(of: "Order.weight")
  revenue: Decimal! @sum(of: "Order.total")
  weight: Long! @sum(of: "Order.weight")
  mean: Decimal @avg(of: "Order.total")
  largest: Decimal @max(of: "Order.total")
  first: DateTime @min(of: "Order.placed")
  best: Int @max(of: "Buyer.score")
  totals: Int! @countDistinct(of: "Order.total")
}
type Sold @view(of: "Order", each: "lines", plural: "soldOnes") {
  product: String! @group(by: "lines[].product")
  day: Date @group(by: "placed", bucket: DAY)
  lines: Long! @count
  quantity: Long! @sum(of: "lines[].quantity")
  least: Int @min(of: "lines[].quantity")
  orders: Int! @countDistinct(of: "id")
}
type Everything @view(of: "Order", plural: "allThings") { orders: Long! @count total: Decimal! @sum(of: "total") }
type Activity @view(of: "Order") @view(of: "Buyer") { events: Int! versions: Long! name: String! last: String tags: [String!]! }
`

// projections count the events of each region, and keep a document for each entity while it is there.
func projections() projection.Table {
	project := func(e projection.Event, before, after schema.Record) ([]projection.Step, error) {
		region, _ := after["region"].(string)
		own := projection.Step{ID: e.Entity + " " + e.ID}
		if after != nil {
			own.Update = func(doc schema.Record) (schema.Record, error) {
				n, _ := doc["events"].(int)
				return schema.Record{"id": doc["id"], "events": n + 1, "versions": scalar.Long(e.Version), "last": e.Name}, nil // name is left empty
			}
		}
		return []projection.Step{own, {ID: "region " + region, Update: func(doc schema.Record) (schema.Record, error) {
			n, _ := doc["events"].(int)
			versions, _ := doc["versions"].(scalar.Long)
			doc["events"], doc["versions"], doc["name"] = n+1, versions+scalar.Long(e.Version), region
			return doc, nil
		}}}, nil
	}
	return projection.Table{"Activity": {"Order": project, "Buyer": project}}
}

// viewWorld is a world with views, and commands that nobody knows beforehand.
type viewWorld struct {
	*world
	old    *schema.Model // the same without views
	random *rand.Rand
	engine *command.Engine
}

func newViewWorld(t *testing.T, mongo bool, seed uint64) *viewWorld {
	t.Helper()
	w := &viewWorld{world: emptyWorld(t, viewModel, 3), old: load(t, orderModel), random: rand.New(rand.NewPCG(seed, 0))}
	w.mongo = mongo
	if mongo {
		testmongo.URI(t)
	}
	var err error
	if w.engine, err = command.New(command.Config{Model: w.model, Log: w.log}); err != nil {
		t.Fatal(err)
	}
	return w
}

// do executes n commands, of which some are rejected.
func (w *viewWorld) do(n int) {
	w.t.Helper()
	for range n {
		name, id, in := w.command()
		if _, err := w.engine.Execute(w.t.Context(), command.Command{Name: name, ID: id, Input: in}); err != nil {
			w.t.Fatal(name, id, err)
		}
	}
}

func (w *viewWorld) command() (name, id string, in schema.Record) {
	r := w.random
	if r.IntN(8) == 0 {
		return "createOther", fmt.Sprint("x", r.Int()), nil
	}
	if r.IntN(4) == 0 {
		in = schema.Record{"region": fmt.Sprint("r", r.IntN(3)), "score": r.IntN(5)}
		return w.sometimes("deleteBuyer", "createBuyer", "updateBuyer"), fmt.Sprint("b", r.IntN(8)), in
	}
	id = fmt.Sprint("o", r.IntN(16))
	name = w.sometimes("deleteOrder", "openOrder", "changeOrder", "changeOrder", "payOrder", "payOrder", "reopenOrder")
	if name != "openOrder" && name != "changeOrder" {
		return name, id, nil
	}
	in = schema.Record{}
	maybe := func(field string, v any) {
		if n := r.IntN(5); n > 1 {
			in[field] = v
		} else if n == 0 {
			in[field] = nil
		}
	}
	maybe("region", []string{"r0", "r1", "r2", "über/a,b~"}[r.IntN(4)])
	maybe("placed", scalar.NewDateTime(time.Date(2026, 1, 1+r.IntN(3), r.IntN(24), 0, 0, r.IntN(1000), time.UTC)))
	maybe("total", scalar.NewDecimal(int64(r.IntN(6)-2)).Mul(w.decimal("0.35")))
	maybe("weight", r.IntN(10)-3)
	lines := []any{}
	for range r.IntN(4) {
		line := schema.Record{"product": fmt.Sprint("p", r.IntN(3)), "quantity": r.IntN(4)}
		if r.IntN(5) == 0 {
			delete(line, []string{"product", "quantity"}[r.IntN(2)])
		}
		lines = append(lines, line)
	}
	maybe("lines", lines)
	return name, id, in
}

// sometimes returns the first name, and most times one of the others.
func (w *viewWorld) sometimes(name string, others ...string) string {
	if w.random.IntN(15) == 0 {
		return name
	}
	return others[w.random.IntN(len(others))]
}

func (w *world) decimal(s string) scalar.Decimal {
	w.t.Helper()
	d, err := scalar.ParseDecimal(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// all returns all documents of an entity or a view that are there.
func (w *world) all(s documents.Store, name string) []documents.Document {
	w.t.Helper()
	docs, err := s.List(w.t.Context(), documents.Query{Entity: name, Limit: 10_000})
	if err != nil {
		w.t.Fatal(err)
	}
	return docs
}

// viewsDone reports whether the documents, and each view of each partition, have come to the end of the log, and the views may be read.
func (w *viewWorld) viewsDone(s documents.Store) bool {
	w.t.Helper()
	if !w.done(s) {
		return false
	}
	for _, v := range w.model.Views {
		ready, err := s.ViewReady(w.t.Context(), v.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		at, err := s.ViewCheckpoints(w.t.Context(), v.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		for p := range w.log.Partitions() {
			tail, err := w.log.Tail(w.t.Context(), p)
			if err != nil {
				w.t.Fatal(err)
			}
			if !ready || at[p].Place.Before(tail.Place) {
				return false
			}
		}
	}
	return true
}

// checkViews compares the views with what they have to be.
func (w *viewWorld) checkViews(s documents.Store) {
	w.t.Helper()
	for _, view := range []string{"Region", "Sold", "Everything"} {
		want := w.rows(s, view)
		got := w.all(s, view)
		if len(got) != len(want) {
			w.t.Errorf("%s has %d documents, not %d", view, len(got), len(want))
		}
		for _, d := range got {
			fits := false
			for key, r := range want {
				if r.same(d.Fields) {
					fits = true
					delete(want, key)
				}
			}
			if !fits || d.Version < 1 || d.CreatedAt.IsZero() || d.UpdatedAt.Before(d.CreatedAt) {
				w.t.Errorf("%s has %v, which is none of %v", view, d, want)
			}
		}
	}
	w.checkActivity(s)
}

// checkActivity compares the view that a function makes with what the log says.
func (w *viewWorld) checkActivity(s documents.Store) {
	w.t.Helper()
	want := map[string]string{}
	counts, versions := map[string]int{}, map[string]int64{}
	for p := range w.log.Partitions() {
		events, err := w.log.Read(w.t.Context(), p, 0, "", 10_000, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range events {
			if e.Entity == "Other" {
				continue
			}
			region, own := "region "+w.regionAt(s, e), e.Entity+" "+e.ID
			counts[region]++
			versions[region] += e.Version
			counts[own]++
			want[region] = fmt.Sprint(counts[region], versions[region], strings.TrimPrefix(region, "region "), nil)
			want[own] = fmt.Sprint(counts[own], e.Version, "", e.Name)
			if e.Deleted {
				delete(want, own)
				delete(counts, own)
			}
		}
	}
	got := map[string]string{}
	for _, d := range w.all(s, "Activity") {
		if tags, ok := d.Fields["tags"].([]any); !ok || len(tags) > 0 {
			w.t.Error("the list that nobody fills is", d.Fields["tags"])
		}
		got[d.ID] = fmt.Sprint(d.Fields["events"], d.Fields["versions"], d.Fields["name"], d.Fields["last"])
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("Activity is\n%v, not\n%v", got, want)
	}
}

// regionAt is the region of an entity after an event, "" for none.
func (w *viewWorld) regionAt(s documents.Store, e eventlog.Event) string {
	w.t.Helper()
	key := documents.VersionKey{ID: e.ID, Version: e.Version}
	vs, err := s.Versions(w.t.Context(), e.Entity, []documents.VersionKey{key})
	if err != nil {
		w.t.Fatal(err)
	}
	region, _ := vs[key].State["region"].(string)
	return region
}
