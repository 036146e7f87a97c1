package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// GraphQL lets clients give an ID as an integer.
func TestNumbersAsIDs(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(`mutation { createProduct(id: 5) { product { id } } }`).want("data.createProduct.product.id", "5")
		create := `mutation { createProduct(command: {id: 43}) { product { id } receipt { commandId duplicate } } }`
		first := s.do(create).want("data.createProduct.receipt.commandId", "43", "data.createProduct.receipt.duplicate", "false").at("data.createProduct.product.id")
		again := s.do(create).want("data.createProduct.receipt.duplicate", "true", "data.createProduct.product.id", first)
		_ = again
		r := s.do(`mutation { updateProduct(id: 5, photos: 2) { product { photos } receipt { position } } }`).want("data.updateProduct.product.photos", "2")
		s.do(fmt.Sprintf(`{ product(id: 5, atLeast: %q) { id photos } }`, r.at("data.updateProduct.receipt.position"))).want("data.product.id", "5", "data.product.photos", "2")
		s.do(`{ products(where: {id: {eq: 5}}) { totalCount } }`).want("data.products.totalCount", "1")
	})
}

// What is given and is no id is never taken for absent.
func TestIDsThatAreNone(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		for _, id := range []string{`""`, `"\u0000"`, `"` + strings.Repeat("x", 201) + `"`} {
			s.do(`mutation { createProduct(id: `+id+`) { product { id } receipt { version } errors { code field } } }`).
				want("data.createProduct.errors.0.code", "INVALID_INPUT", "data.createProduct.errors.0.field", "id", "data.createProduct.receipt", "<nil>")
			s.do(`mutation { createProduct(command: {id: `+id+`}) { receipt { version } errors { code field } } }`).
				want("data.createProduct.errors.0.code", "INVALID_INPUT", "data.createProduct.errors.0.field", "command.id", "data.createProduct.receipt", "<nil>")
			s.do(`{ product(id: `+id+`) { id } }`).want("errors.0.extensions.code", "INVALID_INPUT")
			s.do(`{ node(id: `+id+`) { nodeId } }`).want("errors.0.extensions.code", "INVALID_INPUT")
		}
		s.do(`{ products { totalCount } }`).want("data.products.totalCount", "0")
		if got := next(t, s.socket("graphql-transport-ws", `subscription { orderChanged(id: "") { type } }`)); !strings.Contains(got.raw, "INVALID_INPUT") {
			t.Errorf("a subscription to no id: %s", got.raw)
		}
		live := s.socket("graphql-transport-ws", `subscription { productChanged(id: 7) { type product { id } } }`)
		s.do(`mutation { a: createProduct(id: "8") { errors { code } } b: createProduct(id: 7) { errors { code } } }`)
		for i := 0; ; i++ { // until the subscription has begun
			s.do(fmt.Sprintf(`mutation { a: updateProduct(id: "8", photos: %d) { errors { code } } b: updateProduct(id: 7, photos: %[1]d) { errors { code } } }`, i))
			select {
			case a := <-live:
				a.want("data.productChanged.product.id", "7")
				return
			case <-time.After(20 * time.Millisecond):
				if i == 500 {
					t.Fatal("nothing came")
				}
			}
		}
	})
}

func TestALongIdempotencyKeyForSeveralMutations(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		key := strings.Repeat("k", 200)
		m := `mutation { a: createProduct { product { id } receipt { duplicate } errors { code } } b: createProduct { product { id } receipt { duplicate } errors { code } } }`
		first := s.post("/graphql", m, "Idempotency-Key", key).want("data.a.receipt.duplicate", "false", "data.b.receipt.duplicate", "false")
		s.post("/graphql", m, "Idempotency-Key", key).
			want("data.a.receipt.duplicate", "true", "data.b.receipt.duplicate", "true", "data.a.product.id", first.at("data.a.product.id"), "data.b.product.id", first.at("data.b.product.id"))
		if first.at("data.a.product.id") == first.at("data.b.product.id") {
			t.Error("two mutations made one product")
		}
	})
}

func TestListsOfADryRunsEntity(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(`mutation { registerCustomer(id: "c", name: "n", email: "e", city: "c", region: "r", command: {dryRun: true}) { customer { name orders(first: 1) { totalCount edges { node { id } } } } errors { code } } }`).
			want("data.registerCustomer.customer.name", "n", "data.registerCustomer.customer.orders.totalCount", "0", "data.registerCustomer.customer.orders.edges", "[]")
	})
}

// What an answer amounts to, only the data tells: few lines of a query over long lists and texts.
func TestAnswersAreBounded(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.do(`mutation { registerCustomer(id: "c1", name: "n", email: "e", city: "c", region: "r") { errors { code } } createProduct(id: "p1") { errors { code } } }`)
		lines := make([]any, 450)
		for i := range lines {
			lines[i] = map[string]any{"product": "p1", "seller": "s", "price": "1", "freight": "1", "quantity": 1}
		}
		r := s.send("/graphql", map[string]any{
			"query":     `mutation($lines: [OrderLineInput!]!, $note: String) { createOrder(id: "o1", customer: "c1", lines: $lines, note: $note) { receipt { position } errors { code } } }`,
			"variables": map[string]any{"lines": lines, "note": strings.Repeat("x", 500_000)},
		})
		at := r.at("data.createOrder.receipt.position")
		s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { lines { seller quantity } note } }`, at)).want("data.order.lines.449.seller", "s")
		many := func(format string, n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, format, i)
			}
			return b.String()
		}
		for what, fields := range map[string]string{"texts": many("n%d: note ", 300), "lists": "lines { " + many("t%d: __typename ", 1200) + "}"} {
			if a := s.do(`{ order(id: "o1") { ` + fields + ` } }`); !strings.Contains(a.raw, "TOO_MUCH") || len(a.raw) > 80<<20 {
				t.Errorf("%s: an answer of %d bytes: %.200s", what, len(a.raw), a.raw)
			}
		}
	})
}

// A wrong value rejects its own mutation, with the path of what is wrong, and leaves the others of the request their answers.
func TestAWrongScalarRejectsItsMutationOnly(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		line := func(price string) string {
			return `[{product: "p1", seller: "s", price: ` + price + `, freight: "1", quantity: 1}]`
		}
		for _, price := range []string{`"much"`, `true`, `"1e9999"`, `"NaN"`, `12345678901234567890.123456789012345678`} {
			s.do(`mutation { a: noteOrder(id: "o1", note: "n") { receipt { version } errors { code } } b: createOrder(customer: "c1", lines: `+line(price)+`) { receipt { version } errors { code field } } }`).
				want("data.a.errors", "[]", "data.b.errors.0.code", "INVALID_INPUT", "data.b.errors.0.field", "lines[0].price")
		}
		s.do(`mutation { createOrder(id: "exact", customer: "c1", lines: `+line(`1.00000000000000000000000001`)+`) { order { lines { price } total } errors { code } } }`).
			want("data.createOrder.order.lines.0.price", "1.00000000000000000000000001", "data.createOrder.order.total", "2.00000000000000000000000001")
		s.do(`mutation { createOrder(customer: "c1", lines: [{product: "p1", seller: "s", price: "9999999999999999999999999999999999", freight: "0", quantity: 2000000000}]) { receipt { version } errors { code field } } }`).
			want("data.createOrder.errors.0.code", "INVALID_INPUT", "data.createOrder.errors.0.field", "total", "data.createOrder.receipt", "<nil>")
		s.do(`{ orders(where: {total: {gt: "much"}}) { totalCount } }`).want("errors.0.extensions.code", "INVALID_INPUT")
	})
}

func TestNumbersThatNoTypeHolds(t *testing.T) {
	s := start(t, "--data", t.TempDir())
	for _, m := range []string{`createProduct(photos: 99999999999999999999) { errors { code } }`, `createOrder(customer: "c", lines: [{product: "p", seller: "s", price: 1e400, freight: 1, quantity: 1}]) { errors { code } }`} {
		if a := s.do("mutation { " + m + " }"); strings.Contains(a.raw, "INTERNAL") || !strings.Contains(a.raw, `"code":"`) {
			t.Errorf("%s: %s", m, a.raw)
		}
	}
}
