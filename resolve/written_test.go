package resolve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/graph"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// through executes an operation behind middlewares, the outermost first, and returns its data, its errors with their paths, and how many fields gqlgen resolved.
func (w *world) through(text string, vars map[string]any, middlewares ...graphql.FieldMiddleware) (data, said string, resolved int) {
	w.Helper()
	exec := executor.New(graph.New(w.rt, nil))
	exec.SetRecoverFunc(func(context.Context, any) error { return errors.New("a panic") })
	exec.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
		w.write.mu.Lock()
		resolved++
		w.write.mu.Unlock()
		return next(ctx)
	})
	for _, m := range middlewares {
		exec.AroundFields(m)
	}
	ctx := graphql.StartOperationTrace(w.Context())
	op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: text, Variables: vars, ReadTime: graphql.TraceTiming{Start: time.Now(), End: time.Now()}})
	if errs != nil {
		w.Fatal(errs)
	}
	if err := resolve.Begin(ctx, op); err != nil {
		w.Fatal(err)
	}
	answers, ctx := exec.DispatchOperation(ctx, op)
	a := answers(ctx)
	for _, e := range a.Errors {
		said += e.Path.String() + ": " + e.Message + "\n"
	}
	return string(a.Data), said, resolved
}

// same executes an operation as gqlgen does and with lists written at once: both give the same, byte by byte. It returns how many fields gqlgen resolved then.
func (w *world) same(text string, vars map[string]any) int {
	w.Helper()
	data, said, _ := w.through(text, vars)
	is, says, resolved := w.through(text, vars, resolve.Written)
	if is != data || says != said {
		w.Errorf("%s\n%s %s\nis\n%s %s", text, data, said, is, says)
	}
	return resolved
}

// shop writes customers, products and orders, with some of everything that a document may have.
func (w *world) shop() {
	w.Helper()
	cents := func(s string) scalar.Decimal {
		d, err := scalar.ParseDecimal(s)
		if err != nil {
			w.Fatal(err)
		}
		return d
	}
	for _, v := range w.rt.Model.Views { // of several that are not, the error may be about any
		if err := w.store.SetViewReady(w.Context(), v.Name, true); err != nil {
			w.Fatal(err)
		}
	}
	w.document("Customer", "c1", schema.Record{"status": "ACTIVE", "name": "Ana \"A\"\t\u0001 \\ <b>", "email": "ana@example.org", "city": "São Paulo", "region": "SP"})
	w.document("Customer", "c2", schema.Record{"status": "BLOCKED", "name": "", "email": "b@example.org", "city": "Recife", "region": "PE"})
	w.document("Product", "p1", schema.Record{"category": "toys", "stock": 7})
	line := func(key, product string) schema.Record {
		return schema.Record{"line": key, "product": product, "seller": "s1", "price": cents("21.33"), "freight": cents("0"), "quantity": 3}
	}
	for i, fields := range []schema.Record{
		{"customer": "c1", "customerName": "Ana", "note": strings.Repeat("a gift ", 20), "lines": []any{line("1", "p1"), line("2", "gone")}, "placedAt": scalar.NewDateTime(noon), "deliverySeconds": scalar.Long(1 << 60)},
		{"customer": "c1", "lines": []any{}, "payments": []any{schema.Record{"type": "card", "installments": 2, "value": cents("-1.5")}}},
		{"customer": "gone", "lines": []any{line("x", "p1")}, "payments": []any{}},
		{"customer": "c2", "lines": []any{}},
	} {
		fields["status"], fields["total"] = "CREATED", cents(fmt.Sprint(i))
		id := fmt.Sprint("o", i)
		w.document("Order", id, fields)
		v := documents.Version{ID: id, Version: 1, Event: "OrderCreated", At: noon, CreatedAt: noon, State: fields}
		if err := w.store.Archive(w.Context(), "Order", []documents.Version{v}); err != nil {
			w.Fatal(err)
		}
	}
}

func TestAnswersAreWrittenAsGqlgenWouldWriteThem(t *testing.T) {
	w := newWorld(t)
	w.shop()
	const all = `id nodeId version createdAt updatedAt status total note customerId customerName region placedAt deliverySeconds cancelReason
		lines { line seller price freight quantity productId product { id stock category weightGrams } } payments { type installments value }`
	for _, text := range []string{
		`{ orders { edges { cursor node { ` + all + ` } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount totalCountIsExact } }`,
		`{ orders(first: 2) { pageInfo { endCursor } edges { node { id customer { name orders(first: 1, orderBy: [{field: TOTAL, direction: DESC}]) { totalCount edges { node { id customer { status } } } } } } } } }`,
		`{ orders(first: 0) { edges { node { id } } pageInfo { startCursor } } }`,
		`{ orders(where: {status: {eq: SHIPPED}}) { edges { node { id } } } }`,
		`{ orders { __typename e: edges { __typename n: node { __typename key: id id ... on Node { nodeId } ...F } m: node { note } } edges { cursor } pageInfo { __typename } } } fragment F on Order { status ... on Order { total status } lines { __typename line } lines { seller } }`,
		`query($yes: Boolean!) { orders { edges @include(if: $yes) { node { id @skip(if: $yes) status @include(if: $yes) note @include(if: false) } } } }`,
		`{ customers { edges { node { name city orders { edges { node { total lines { quantity } } } } } } } }`,
		`{ orders { edges { node { history { event { eventId name version from to at actor } changes { field key before after } } changedBy(field: "total") { event { name } changes { field } } } } } }`,
		`{ a: orders(first: 1) { edges { node { id } } } b: orders(last: 1) { edges { node { id } } } }`,
		`{ order(id: "o0") { ` + all + ` customer { name orders(first: 1) { edges { node { id } } } } history { event { name } } } }`,
		`{ node(id: "Order:o1") { __typename nodeId ... on Order { total payments { value } } ... on Customer { name } } }`,
		`{ order(id: "none") { id } node(id: "Order:none") { nodeId } }`,
	} {
		roots := 1
		if strings.Contains(text, ` b: `) || strings.Contains(text, `"none"`) {
			roots = 2
		}
		if got := w.same(text, map[string]any{"yes": true}); got != roots {
			t.Errorf("%s: gqlgen resolved %d fields", text, got)
		}
	}
}

// TestAnySelectionIsWrittenAsGqlgenWouldWriteIt asks for whatever the API has of lists, at random.
func TestAnySelectionIsWrittenAsGqlgenWouldWriteIt(t *testing.T) {
	w := newWorld(t)
	w.shop()
	api := gqlparser.MustLoadSchema(&ast.Source{Input: graph.API})
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SampledFrom([]string{"orders", "customers", "products"}).Draw(r, "list")
		w.same("{ "+list+selection(r, api, api.Query.Fields.ForName(list).Type.Name(), 6)+" }", nil)
	})
}

// selection draws a selection on a type, at most so many levels deep; "" for what has no fields.
func selection(r *rapid.T, api *ast.Schema, name string, depth int) string {
	def := api.Types[name]
	if def.Kind != ast.Object {
		return ""
	}
	var b strings.Builder
	for i := range rapid.IntRange(1, 4).Draw(r, "fields") {
		f := rapid.SampledFrom(def.Fields).Draw(r, "field")
		below := api.Types[f.Type.Name()].Kind == ast.Object
		if slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull && a.DefaultValue == nil }) || below && depth == 0 {
			f = &ast.FieldDefinition{Name: "__typename", Type: ast.NamedType("String", nil)}
		}
		fmt.Fprintf(&b, " f%d: %s%s", i, f.Name, selection(r, api, f.Type.Name(), depth-1))
	}
	return " {" + b.String() + " }"
}

// TestWhatReadsOrFailsIsGqlgens: its errors have paths, and what else there is, is there.
func TestWhatReadsOrFailsIsGqlgens(t *testing.T) {
	w := newWorld(t)
	w.shop()
	w.document("Order", "o9", schema.Record{"status": "CREATED", "customer": "c1", "lines": []any{}}) // has no total
	w.document("Customer", "c9", schema.Record{"status": "ACTIVE", "email": "c@example.org", "city": "x", "region": "y"})
	w.write.possible = []command.Possibility{{Command: w.rt.Model.Command("noteOrder")}}
	for text, want := range map[string]string{
		`{ orders { totalCount edges { node { id total } } } }`:                                           "orders.edges[4].node.total: cannot return null for non-null field Order.total",
		`{ orders(first: 1) { edges { node { id customer { orders { edges { node { total } } } } } } } }`: "orders.edges[0].node.customer.orders.edges[2].node.total: cannot return null for non-null field Order.total",
		`{ orders(first: 3) { edges { node { id possibleCommands { name allowed } } } } }`:                "",
		`{ customers { edges { node { id name } } } }`:                                                    "", // gqlgen makes a text without a value ""
		`{ order(id: "o9") { id total customer { name } } }`:                                              "order.total: cannot return null for non-null field Order.total",
		`{ order(id: "o1") { id possibleCommands { name } customer { orders { totalCount } } } }`:         "",
		`{ orders(first: 2) { edges { node { id } ... @defer { node { note } } } } }`:                     "",
	} {
		w.same(text, nil)
		if _, said, _ := w.through(text, nil, resolve.Written); want != "" && !strings.HasPrefix(said, want) || want == "" && said != "" {
			t.Errorf("%s: %q, want %q", text, said, want)
		}
	}
}

// TestAListThatPanics: the panic is told of as that of any field.
func TestAListThatPanics(t *testing.T) {
	w := newWorld(t)
	broken := func(ctx context.Context, next graphql.Resolver) (any, error) {
		if graphql.GetFieldContext(ctx).Field.Name == "orders" {
			return resolve.BrokenList(), nil
		}
		return next(ctx)
	}
	const text = `{ orders { edges { node { id } } } }`
	_, want, _ := w.through(text, nil, broken)
	if _, said, _ := w.through(text, nil, resolve.Written, broken); said != want || said != "orders.edges: a panic\n" {
		t.Errorf("%q and %q", said, want)
	}
}

// TestARequestThatEndsMeanwhile: as soon as nobody waits, nothing more is written.
func TestARequestThatEndsMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.shop()
	ended := func(ctx context.Context, next graphql.Resolver) (any, error) {
		v, err := next(ctx)
		if graphql.GetFieldContext(ctx).Field.Name != "orders" {
			return v, err
		}
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return resolve.Written(ctx, func(context.Context) (any, error) { return v, err })
	}
	const text = `{ orders { edges { node { id } } } }`
	data, said, resolved := w.through(text, nil, ended)
	if want, _, _ := w.through(text, nil); data != want || said != "" || resolved == 1 {
		t.Errorf("%s %s, gqlgen resolved %d fields", data, said, resolved)
	}
}

func TestBudgetsAreSettled(t *testing.T) {
	for _, c := range []struct {
		bytes, used, meanwhile int64
		settled                bool
		left                   int64
	}{
		{100, 60, 0, true, 40}, {100, 60, 40, true, 0}, {100, 60, 41, false, 59}, {100, 0, 0, true, 100}, {-1, 0, 0, false, -1},
	} {
		if settled, left := resolve.Lend(c.bytes, c.used, c.meanwhile); settled != c.settled || left != c.left {
			t.Errorf("%+v: %v, %d", c, settled, left)
		}
	}
}

func TestValuesAreWrittenAsGqlgenWouldWriteThem(t *testing.T) {
	long, date, uuid := scalar.Long(math.MinInt64), scalar.Date("2026-01-31"), scalar.UUID("0190c5a0-0000-7000-8000-000000000000")
	d, err := scalar.ParseDecimal("-0.050")
	if err != nil {
		t.Fatal(err)
	}
	at := scalar.NewDateTime(noon.Add(1))
	float := func(f float64) graphql.Marshaler { return graphql.MarshalFloat(f) }
	for _, c := range []struct {
		name string
		v    any
		want graphql.Marshaler // nil for what is left to gqlgen
	}{
		{"String", "a\x00\x1f\t\r\n\"\\/<>&\u2028é\x7f", graphql.MarshalString("a\x00\x1f\t\r\n\"\\/<>&\u2028é\x7f")},
		{"String", "\xff\xc3(", graphql.MarshalString("\xff\xc3(")},
		{"ID", "", graphql.MarshalID("")},
		{"OrderStatus", "CREATED", graphql.MarshalString("CREATED")},
		{"Int", -7, graphql.MarshalInt(-7)},
		{"Boolean", true, graphql.MarshalBoolean(true)},
		{"Float", 1e21, float(1e21)},
		{"Float", -0.000001, float(-0.000001)},
		{"Float", 1000000.0, float(1000000)},
		{"Float", 0.1, float(0.1)},
		{"Float", math.Inf(1), nil},
		{"Float", math.NaN(), nil},
		{"Float", 1, nil},
		{"Int", 1.0, nil},
		{"Decimal", d, resolve.MarshalDecimal(d)},
		{"DateTime", at, resolve.MarshalDateTime(at)},
		{"Date", date, resolve.MarshalDate(date)},
		{"Long", long, resolve.MarshalLong(long)},
		{"UUID", uuid, resolve.MarshalUUID(uuid)},
		{"JSON", scalar.JSON(`{"a":[1]}`), resolve.MarshalJSON(`{"a":[1]}`)},
		{"Decimal", "1.5", nil},
		{"Int", "1", nil},
		{"JSON", []byte("1"), nil},
	} {
		text, ok := resolve.WriteValue(ast.NamedType(c.name, nil), c.v)
		if ok != (c.want != nil) {
			t.Errorf("%s %v: written: %v", c.name, c.v, ok)
			continue
		}
		if c.want == nil {
			continue
		}
		var want bytes.Buffer
		if c.want.MarshalGQL(&want); want.String() != text {
			t.Errorf("%s %v: %q, want %q", c.name, c.v, text, want.String())
		}
	}
}

func TestListsOfScalars(t *testing.T) {
	text := ast.NonNullNamedType("String", nil)
	for _, c := range []struct {
		of   *ast.Type
		v    any
		want string // "" for what is left to gqlgen
	}{
		{ast.ListType(text, nil), nil, `null`},
		{ast.NonNullListType(text, nil), nil, ``},
		{ast.ListType(text, nil), []any(nil), `[]`},
		{ast.ListType(text, nil), []any{"a", "b"}, `["a","b"]`},
		{ast.ListType(text, nil), []any{"a", nil}, ``},
		{ast.ListType(ast.NamedType("Int", nil), nil), []any{1, nil}, `[1,null]`},
		{ast.ListType(ast.ListType(text, nil), nil), []any{[]any{"a"}, nil}, `[["a"],null]`},
		{ast.ListType(text, nil), []string{"a"}, ``},
		{ast.ListType(text, nil), "a", ``},
		{text, []any{"a"}, ``},
		{ast.ListType(ast.NamedType("Order", nil), nil), []*resolve.Object(nil), ``},
		{ast.NamedType("Order", nil), (*resolve.Object)(nil), ``},
	} {
		if got, ok := resolve.WriteValue(c.of, c.v); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%v of %v: %s, %v, want %s", c.v, c.of, got, ok, c.want)
		}
	}
}
