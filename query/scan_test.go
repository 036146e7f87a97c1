package query_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// scanned is a store of twelve orders: nine are OPEN and three PAID, six of each of two customers. It can be asked only by rules.
type scanned struct {
	*testing.T
	model *schema.Model
	store *counting
}

func newScanned(t *testing.T) *scanned {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`
		type Order @entity @crud { id: ID! status: String @indexed customer: Customer @ref name: String @copy(of: "customer.name") total: Int note: String lines: [Line!] }
		type Line { product: String }
		type Customer @entity @crud { id: ID! name: String }`)}})
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"), m, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	err = errors.Join(store.Setup(t.Context()), store.Index(t.Context()))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var orders []documents.Write
	for i := range 12 {
		set := schema.Record{"status": "OPEN", "customer": fmt.Sprint("c", i%2), "total": 100 - i}
		if i%4 == 0 {
			set["status"] = "PAID"
		}
		orders = append(orders, documents.Write{ID: fmt.Sprintf("o%02d", i), Version: 1, CreatedAt: now, UpdatedAt: now, Set: set})
	}
	customers := []documents.Write{{ID: "c0", Version: 1, CreatedAt: now, UpdatedAt: now}, {ID: "c1", Version: 1, CreatedAt: now, UpdatedAt: now}}
	if err := errors.Join(err, store.Write(t.Context(), "Order", orders), store.Write(t.Context(), "Customer", customers)); err != nil {
		t.Fatal(err)
	}
	return &scanned{t, m, &counting{Store: store}}
}

func (s *scanned) engine(limit int64) *query.Engine {
	return query.New(query.Config{Model: s.model, Store: s.store, ScanLimit: limit, Feed: feed.NewMemory(1, 10)})
}

func (s *scanned) args(e *query.Engine, where map[string]any, orderBy ...map[string]any) query.ListArgs {
	s.Helper()
	f, err := e.Filter(s.model.Entity("Order"), where)
	if err != nil {
		s.Fatal(err)
	}
	orders, err := e.Orders(s.model.Entity("Order"), orderBy)
	if err != nil {
		s.Fatal(err)
	}
	return query.ListArgs{Filter: f, Orders: orders}
}

func eq(field string, v any) map[string]any { return map[string]any{field: map[string]any{"eq": v}} }

func by(field string) map[string]any { return map[string]any{"field": field, "direction": "DESC"} }

func TestWhatNoIndexServesIsRefusedIfThereIsMuch(t *testing.T) {
	s := newScanned(t)
	rows, count := query.Connection{Node: &query.Selection{}}, query.Connection{TotalCount: true}
	paid := eq("status", "PAID")
	for name, c := range map[string]struct {
		where map[string]any
		by    []map[string]any
		ask   query.Connection
		reads int64
		want  string // "" if it is allowed
	}{
		"all":                         {nil, nil, rows, 1, ""},
		"counted":                     {nil, nil, count, 1, ""},
		"by an index":                 {paid, nil, rows, 1, ""},
		"sorted by an index":          {nil, []map[string]any{by("STATUS")}, rows, 1, ""},
		"few to sort":                 {paid, []map[string]any{by("TOTAL")}, rows, 2, ""},
		"sorted, but counted":         {nil, []map[string]any{by("TOTAL")}, count, 1, ""},
		"filter":                      {eq("note", "x"), nil, rows, 0, "orders filtered by note: 12 orders are too many to look through without an index: add @indexed to Order.note"},
		"filter, counted":             {eq("note", "x"), nil, count, 0, "orders filtered by note: 12 orders are too many to look through without an index: add @indexed to Order.note"},
		"filter by a time":            {map[string]any{"createdAt": map[string]any{"isNull": true}}, nil, rows, 0, `orders filtered by createdAt: 12 orders are too many to look through without an index: add @indexed(fields: ["createdAt"]) to the type Order`},
		"filter, not by value":        {map[string]any{"note": map[string]any{"contains": "x"}}, nil, rows, 0, "orders filtered by note: 12 orders are too many to look through without an index: filter by what an index finds as well: id, status, customer"},
		"inside lists":                {map[string]any{"lines": map[string]any{"some": eq("product", "x")}}, nil, rows, 0, "orders filtered by lines: 12 orders are too many to look through without an index: filter by what an index finds as well: id, status, customer"},
		"either":                      {map[string]any{"or": []any{paid, eq("note", "x")}}, nil, rows, 0, "orders filtered by status, note: 12 orders are too many to look through without an index: filter by what an index finds as well: id, status, customer"},
		"sort":                        {nil, []map[string]any{by("TOTAL")}, rows, 0, "orders sorted by total: 12 orders are too many to sort without an index: add @indexed to Order.total"},
		"sort by a time":              {nil, []map[string]any{by("CREATED_AT")}, rows, 0, `orders sorted by createdAt: 12 orders are too many to sort without an index: add @indexed(fields: ["createdAt"]) to the type Order`},
		"many to sort":                {eq("status", "OPEN"), []map[string]any{by("TOTAL")}, rows, 1, `orders sorted by total: over 5 orders are too many to sort without an index: add @indexed(fields: ["status", "total"]) to the type Order`},
		"sorted by what is one value": {eq("status", "OPEN"), []map[string]any{by("STATUS")}, rows, 1, ""},
		"then by what is one value": {eq("status", "OPEN"), []map[string]any{by("TOTAL"), by("STATUS")}, rows, 1,
			"orders sorted by total, status: over 5 orders are too many to sort without an index: leave status out of orderBy, of which the filter has one value"},
		"nothing asked": {map[string]any{"not": map[string]any{}}, nil, rows, 0,
			"orders filtered by nothing that they have: 12 orders are too many to look through without an index: leave out of the filter what holds for all of them, or for none, such as not: {}"},
		"two directions": {nil, []map[string]any{by("NOTE"), {"field": "TOTAL"}}, rows, 0,
			`orders sorted by note, total: 12 orders are too many to sort without an index: add @indexed(fields: ["note DESC", "total"]) to the type Order`},
		"the id the other way": {nil, []map[string]any{by("STATUS"), {"field": "ID"}}, rows, 0,
			"orders sorted by status, id: 12 orders are too many to sort without an index: sort by id in the direction of the key before it"},
	} {
		t.Run(name, func(t *testing.T) {
			e := s.engine(5)
			before := s.store.reads.Load()
			_, err := e.List(t.Context(), s.model.Entity("Order"), s.args(e, c.where, c.by...), c.ask)
			reads := s.store.reads.Load() - before
			var told *query.Error
			if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &told) || told.Code != "NO_INDEX" || told.Message != c.want) || reads != c.reads {
				t.Errorf("%d reads, want %d: %v", reads, c.reads, err)
			}
			for _, limit := range []int64{0, 12} {
				e := s.engine(limit)
				if _, err := e.List(t.Context(), s.model.Entity("Order"), s.args(e, c.where, c.by...), c.ask); err != nil {
					t.Errorf("with the limit %d: %v", limit, err)
				}
			}
		})
	}
}

// Of lists below others, the limit is on all of them together.
func TestTheListsOfManyParentsAreLimitedTogether(t *testing.T) {
	s := newScanned(t)
	for limit, want := range map[int64]string{
		11: `orders sorted by total: over 11 orders are too many to sort without an index: add @indexed(fields: ["customer", "total"]) to the type Order`,
		12: "",
	} {
		e := s.engine(limit)
		list := &query.ListSelection{Inverse: s.model.Entity("Customer").Inverses[0], Args: s.args(e, nil, by("TOTAL")), Connection: query.Connection{Node: &query.Selection{}, TotalCount: true}}
		_, err := e.List(t.Context(), s.model.Entity("Customer"), query.ListArgs{}, query.Connection{Node: &query.Selection{Lists: []*query.ListSelection{list}}})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%d: %v", limit, err)
		}
		list.Args = s.args(e, eq("note", "x")) // the ref finds them, whatever else is asked
		_, err = e.List(t.Context(), s.model.Entity("Customer"), query.ListArgs{}, query.Connection{Node: &query.Selection{Lists: []*query.ListSelection{list}}})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestSubscriptionsThatReadListsAreLimited(t *testing.T) {
	s := newScanned(t)
	e := s.engine(5)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	watch := func(where map[string]any, snapshot bool) error {
		ctx, stop := context.WithCancel(t.Context())
		changes, err := e.Watch(ctx, query.Watch{Entity: s.model.Entity("Order"), Filter: s.args(e, where).Filter, Snapshot: snapshot, Node: &query.Selection{}})
		stop()
		if err == nil {
			for range changes { // ends: nobody listens any more
			}
		}
		return err
	}
	for name, c := range map[string]struct {
		where    map[string]any
		snapshot bool
		want     string
	}{
		"snapshot":     {eq("note", "x"), true, "Order.note"},
		"none":         {eq("note", "x"), false, ""},
		"by an index":  {eq("status", "OPEN"), true, ""},
		"of a copy":    {eq("name", "Ana"), false, "Order.name"},
		"of all there": {nil, true, ""},
	} {
		err := watch(c.where, c.snapshot)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "add @indexed to "+c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// broken is a store whose sizes can't be read.
type broken struct{ documents.Store }

var errBroken = errors.New("broken")

func (broken) Size(context.Context, string, bool) (int64, error) { return 0, errBroken }

func TestAnUnknownSizeIsAnError(t *testing.T) {
	s := newScanned(t)
	e := query.New(query.Config{Model: s.model, Store: broken{s.store}, ScanLimit: 5})
	if _, err := e.List(t.Context(), s.model.Entity("Order"), s.args(e, eq("note", "x")), query.Connection{TotalCount: true}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	if _, err := e.List(t.Context(), s.model.Entity("Order"), s.args(e, eq("status", "x")), query.Connection{TotalCount: true}); err != nil {
		t.Error(err)
	}
}

// What is looked up through a ref is a read of its own; what is sorted through one has a bound of its own.
func TestWhatIsLookedUpThroughRefsIsLimited(t *testing.T) {
	s := newScanned(t)
	for limit, want := range map[int64]string{1: "customers filtered by name: 2 customers are too many to look through without an index: add @indexed to Customer.name", 2: ""} {
		e := s.engine(limit)
		_, err := e.List(t.Context(), s.model.Entity("Order"), s.args(e, map[string]any{"customer": eq("name", "Ana")}), query.Connection{Node: &query.Selection{}})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%d: %v", limit, err)
		}
		_, err = e.List(t.Context(), s.model.Entity("Order"), s.args(e, eq("status", "PAID"), map[string]any{"customer": by("NAME")}), query.Connection{Node: &query.Selection{}})
		if err != nil {
			t.Error(err)
		}
	}
}

// The past has indexes of its own, and a size: that of the archive.
func TestThePastIsLimitedByItsOwnIndexes(t *testing.T) {
	s := newScanned(t)
	at := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	var vs []documents.Version
	for i := range 7 {
		vs = append(vs, documents.Version{ID: fmt.Sprint("o", i), Version: 1, CreatedAt: at, At: at, Changes: []byte("[]"), State: schema.Record{"customer": "c0"}})
	}
	if err := s.store.Archive(t.Context(), "Order", vs); err != nil {
		t.Fatal(err)
	}
	e := s.engine(6)
	for name, c := range map[string]struct {
		where map[string]any
		by    []map[string]any
		want  string
	}{
		"by a ref":                              {eq("customerId", "c1"), nil, ""},
		"all":                                   {nil, nil, ""},
		"what only the present has an index of": {eq("status", "PAID"), nil, "orders filtered by status: 7 orders are too many to look through without an index: add @indexed(asOf: true) to Order.status"},
		"an order":                              {nil, []map[string]any{by("TOTAL")}, "orders sorted by total: 7 orders are too many to sort without an index: add @indexed(asOf: true) to Order.total"},
		"an order of all":                       {eq("customerId", "c0"), []map[string]any{by("TOTAL")}, `orders sorted by total: over 6 orders are too many to sort without an index: add @indexed(fields: ["customer", "total"], asOf: true) to the type Order`},
	} {
		args := s.args(e, c.where, c.by...)
		v, err := e.Judge(t.Context(), documents.Query{Entity: "Order", Filter: args.Filter, Orders: args.Orders, AsOf: at.Add(time.Hour)}, false, "", nil)
		if err != nil || c.want == "" && v.Refused != nil || c.want != "" && (v.Refused == nil || v.Refused.Error() != c.want) {
			t.Errorf("%s: %v, %+v", name, err, v)
		}
	}
}
