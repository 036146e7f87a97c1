package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/daybook-cqrs/daybook/position"
)

// note writes a note on the order o1, and returns the receipt's position.
func (s *store) note(text string) string {
	s.t.Helper()
	return s.do(fmt.Sprintf(`mutation { noteOrder(id: "o1", note: %q) { receipt { position } errors { code } } }`, text)).
		want("data.noteOrder.errors", "[]").at("data.noteOrder.receipt.position")
}

// TestEveryReadTakesAPosition reads right after each write, in every way there is.
func TestEveryReadTakesAPosition(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		seeded := s.seed().at("data.createOrder.receipt.position")
		const notes = `orders(where: {note: {eq: %q}}%s) { totalCount }`
		for i := range 8 {
			n := fmt.Sprint("n", i)
			p := s.note(n)
			s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { note } }`, p)).want("data.order.note", n)
			p = s.note(n + "b")
			s.do(fmt.Sprintf(`{ orders(where: {note: {eq: %q}}, atLeast: %q) { totalCount edges { node { id } } } }`, n+"b", p)).want("data.orders.totalCount", "1", "data.orders.edges.0.node.id", "o1")
			p = s.note(n + "c")
			s.do(fmt.Sprintf(`{ node(id: "Order:o1", atLeast: %q) { ... on Order { note } } }`, p)).want("data.node.note", n+"c")
			p = s.note(n + "d")
			s.do(fmt.Sprintf(`{ causationOf(event: "Order:o1@%d", atLeast: %q) { name } }`, 1+10*i+4, p)).want("data.causationOf.0.name", "OrderNoted")
			p = s.note(n + "e")
			first := s.events(fmt.Sprintf(`subscription { ordersChanged(snapshot: true, atLeast: %q) { order { note } } }`, p))
			next(t, first).want("data.ordersChanged.order.note", n+"e")
			p = s.note(n + "j")
			next(t, s.events(`subscription { ordersChanged(snapshot: true) { order { note } } }`, "Daybook-At-Least", p)).want("data.ordersChanged.order.note", n+"j")
			p = s.note(n + "f")
			s.post("/graphql", fmt.Sprintf("{ "+notes+" b: order(id: \"o1\") { note } }", n+"f", ""), "Daybook-At-Least", seeded+", "+p).want("data.orders.totalCount", "1", "data.b.note", n+"f")
			p = s.note(n + "g")
			s.send("/query", map[string]any{"query": `{ order(id: "o1") { note } }`, "extensions": map[string]any{"atLeast": p}}).want("data.order.note", n+"g")
			p = s.note(n + "h")
			s.send("/graphql", map[string]any{"query": `query($p: Position) { order(id: "o1", atLeast: $p) { note } }`, "variables": map[string]any{"p": p}}).want("data.order.note", n+"h")
			p = s.note(n + "i")
			s.do(fmt.Sprintf(`{ a: customer(id: "c1", atLeast: %q) { orders { edges { node { note } } } } b: order(id: "o1", atLeast: %q) { note } }`, p, seeded)).want("data.a.orders.edges.0.node.note", n+"i")
		}
	})
}

// TestAPositionOverASocket: what the connection was opened with is for all that runs on it; an operation may ask for more.
func TestAPositionOverASocket(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		conn, resp, err := websocket.Dial(t.Context(), "ws://"+s.addr+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		if resp.Body != nil {
			resp.Body.Close()
		}
		ask := func(id, query string, extensions any) answer {
			t.Helper()
			if err := wsjson.Write(t.Context(), conn, map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": query, "extensions": extensions}}); err != nil {
				t.Fatal(err)
			}
			for {
				var m struct {
					Type, ID string
					Payload  any
				}
				if err := wsjson.Read(t.Context(), conn, &m); err != nil {
					t.Fatal(err)
				}
				if raw, _ := json.Marshal(m); m.ID == id && m.Type == "next" {
					return answer{t, string(raw), m.Payload}
				}
			}
		}
		if err := wsjson.Write(t.Context(), conn, map[string]any{"type": "connection_init", "payload": map[string]string{"Daybook-At-Least": s.note("one")}}); err != nil {
			t.Fatal(err)
		}
		ask("1", `{ order(id: "o1") { note } }`, nil).want("data.order.note", "one")
		p := s.note("two")
		a := ask("2", `{ order(id: "o1") { note } }`, map[string]string{"atLeast": p}).want("data.order.note", "two")
		if !includes(t, a.at("extensions.position"), p) {
			t.Error(a.raw)
		}
		p = s.note("three")
		ask("3", `subscription { orderChanged(id: "o1") { type } }`, map[string]string{"atLeast": "nonsense"}).want("errors.0.extensions.code", "INVALID_INPUT")
		ask("4", fmt.Sprintf(`subscription { ordersChanged(snapshot: true, atLeast: %q) { order { note } } }`, p), nil).want("data.ordersChanged.order.note", "three")
	})
}

// includes reports whether one text of a position includes another.
func includes(t *testing.T, all, part string) bool {
	t.Helper()
	a, err := position.Parse(all)
	b, berr := position.Parse(part)
	if err != nil || berr != nil {
		t.Fatal(err, berr, all, part)
	}
	return a.Includes(b)
}

// TestAnswersSayTheirPosition: a client that sends back the last position it got sees what it wrote, and never less than it saw.
func TestAnswersSayTheirPosition(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		last := ""
		remember := func(a answer) answer {
			t.Helper()
			p := a.at("extensions.position")
			if !includes(t, p, last) {
				t.Errorf("the position fell back: %s", a.raw)
			}
			last = p
			return a
		}
		for i := range 20 {
			n := fmt.Sprint("n", i)
			r := remember(s.post("/graphql", fmt.Sprintf(`mutation { a: noteOrder(id: "o1", note: %q) { receipt { position } } b: updateProduct(id: "p1", photos: %d) { receipt { position } } }`, n, i), "Daybook-At-Least", last))
			if !includes(t, last, r.at("data.a.receipt.position")) || !includes(t, last, r.at("data.b.receipt.position")) {
				t.Error(r.raw)
			}
			remember(s.post("/graphql", `{ order(id: "o1") { note } product(id: "p1") { photos } }`, "Daybook-At-Least", last)).want("data.order.note", n, "data.product.photos", fmt.Sprint(i))
			remember(s.post("/graphql", fmt.Sprintf(`mutation { noteOrder(id: "o1", note: "%s.") { order { customer { orders { edges { node { note } } } } } } }`, n), "Daybook-At-Least", last)).
				want("data.noteOrder.order.customer.orders.edges.0.node.note", n+".")
		}
		if a := s.do(`{ daybook }`); strings.Contains(a.raw, "extensions") {
			t.Error("nothing was read:", a.raw)
		}
		if a := s.do(`{ order(id: "o1", asOf: "2020-01-01T00:00:00Z") { note } }`).want("data.order", "<nil>"); strings.Contains(a.raw, "extensions") {
			t.Error("an answer of the past is the same for ever:", a.raw)
		}
		if a := s.do(`mutation { noteOrder(id: "o1", note: "x", command: {dryRun: true}) { errors { code } } }`); strings.Contains(a.raw, "extensions") {
			t.Error("nothing was done:", a.raw)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addr+"/graphql", strings.NewReader(`{"query":"{ order(id: \"o1\") { id } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Daybook-At-Least", last)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if p := resp.Header.Get("Daybook-Position"); !includes(t, p, last) || p == "" {
			t.Errorf("the header says %q", p)
		}
	})
}

// TestWhatIsNoPosition is refused, and says where it stood.
func TestWhatIsNoPosition(t *testing.T) {
	s := start(t, "--data", t.TempDir())
	s.seed()
	const query = `{ order(id: "o1") { id } }`
	for _, a := range []answer{
		s.do(`{ order(id: "o1", atLeast: "nonsense") { id } }`),
		s.do(`{ order(id: "o1", atLeast: 5) { id } }`),
		s.do(`{ orders(atLeast: {a: 1}) { totalCount } }`),
		s.do(`{ node(id: "Order:o1", atLeast: ["x"]) { nodeId } }`),
		s.send("/graphql", map[string]any{"query": `query($p: Position) { causationOf(event: "Order:o1@1", atLeast: $p) { name } }`, "variables": map[string]any{"p": true}}),
		s.send("/graphql", map[string]any{"query": query, "extensions": map[string]any{"atLeast": 7}}),
		s.send("/graphql", map[string]any{"query": query, "extensions": map[string]any{"atLeast": "x,y"}}),
		s.post("/graphql", query, "Daybook-At-Least", "nonsense"),
		s.post("/graphql", query, "Daybook-At-Least", strings.Repeat("AQAAAQ,", 200)),
		s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { id } }`, position.At(60_000, position.Place{Seq: 1}))), // of a log with more partitions
	} {
		a.want("errors.0.extensions.code", "INVALID_INPUT")
		if m := a.at("errors.0.message"); !strings.Contains(strings.ToLower(m), "position") || !strings.Contains(strings.ToLower(m), "atleast") && !strings.Contains(m, "Daybook-At-Least") && !strings.Contains(m, "partition") {
			t.Errorf("it does not say what is wrong: %s", m)
		}
	}
	s.do(`{ order(id: "o1", atLeast: null) { id } }`)
	s.send("/graphql", map[string]any{"query": `query($p: Position) { orders(atLeast: $p) { totalCount } }`, "extensions": nil}).at("data.orders.totalCount")
	s.post("/graphql", query, "Daybook-At-Least", "")
}

// rounds is how many times a test writes and reads: so many as the suite has time for, or DAYBOOK_TEST_ROUNDS.
func rounds(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("DAYBOOK_TEST_ROUNDS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tally counts reads that saw the write before them, and those that said that it is not consolidated.
type tally struct{ seen, late atomic.Int64 }

// readYourWrites has clients write and read at once, so many times in all.
func (c *tally) readYourWrites(t *testing.T, commands, queries *store, prefix string, total int) {
	t.Helper()
	const clients = 4
	var running sync.WaitGroup
	for n := range clients {
		id := fmt.Sprint(prefix, n)
		running.Go(func() {
			for i := n; i < total && !t.Failed(); i += clients {
				command := "updateProduct"
				if i < clients {
					command = "createProduct"
				}
				w := commands.post("/command", fmt.Sprintf(`mutation { m: %s(id: %q, photos: %d) { receipt { position } errors { code } } }`, command, id, i))
				p, _ := w.look("data.m.receipt.position")
				r := queries.post("/query", fmt.Sprintf(`{ product(id: %q, atLeast: %q) { photos } }`, id, p))
				photos, _ := r.look("data.product.photos")
				code, failed := r.look("errors.0.extensions.code")
				switch {
				case failed && code == "NOT_CONSOLIDATED":
					c.late.Add(1)
				case photos == fmt.Sprint(i):
					c.seen.Add(1)
				default:
					t.Errorf("written: %s, read: %s", w.raw, r.raw)
				}
			}
		})
	}
	running.Wait()
}

// TestReadYourWrites: every read at the position of a write sees it.
func TestReadYourWrites(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		n := rounds(t, 100)
		began := time.Now()
		var c tally
		if c.readYourWrites(t, s, s, "p", n); c.seen.Load() != int64(n) {
			t.Errorf("%d of %d reads saw the write", c.seen.Load(), n)
		}
		t.Logf("%d writes, each read at once, in %s", n, time.Since(began))
	})
}

// readViews has clients buy and read at once what the view says of them, so many times each: it is never less than they bought.
func readViews(t *testing.T, commands, queries *store, prefix string, times int) {
	t.Helper()
	var running sync.WaitGroup
	for n := range 4 {
		customer := fmt.Sprint(prefix, n)
		running.Go(func() {
			command := func(mutation string) string {
				raw := commands.post("/command", "mutation { m: "+mutation+" { receipt { position } errors { code } } }")
				p, _ := raw.look("data.m.receipt.position")
				return p
			}
			command(fmt.Sprintf(`registerCustomer(id: %q, name: "n", email: "%s@example.org", city: "x", region: "y")`, customer, customer))
			for i := 1; i <= times && !t.Failed(); i++ {
				id := fmt.Sprint(customer, "-", i)
				command(fmt.Sprintf(`createOrder(id: %q, customer: %q, lines: [{product: "p", seller: "s", price: "10", freight: "0", quantity: 1}])`, id, customer))
				p := command(fmt.Sprintf(`approveOrder(id: %q)`, id))
				a := queries.post("/query", fmt.Sprintf(`{ customerRevenue(id: %q, atLeast: %q) { orders } }`, customer, p))
				if orders, _ := a.look("data.customerRevenue.orders"); orders != fmt.Sprint(i) {
					t.Errorf("the order %s was approved at %q, read: %s", id, p, a.raw)
				}
			}
		})
	}
	running.Wait()
}

// TestReadYourWritesInAView: a view is waited for as entities are, in one process and across three.
func TestReadYourWritesInAView(t *testing.T) {
	n := rounds(t, 24) / 4
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.command(`createProduct(id: "p")`)
		began := time.Now()
		readViews(t, s, s, "c", n)
		t.Logf("%d orders, each read at once, in %s", 4*n, time.Since(began))
	})
	t.Run("processes", func(t *testing.T) {
		args := servers(t)
		commands := spawn(t, append(args, "--roles", "command")...)
		spawn(t, append(args, "--roles", "consolidator")...)
		queries := spawn(t, append(args, "--roles", "query")...)
		commands.post("/command", `mutation { createProduct(id: "p") { errors { code } } }`).want("data.createProduct.errors", "[]")
		began := time.Now()
		readViews(t, commands.store, queries.store, "c", n)
		t.Logf("%d orders, each read at once, in %s", 4*n, time.Since(began))
	})
}

// TestReadYourWritesOverProcesses has each role in a process of its own, and kills the consolidator in the middle: a read may come too late then, but never see less
// than it asked for.
func TestReadYourWritesOverProcesses(t *testing.T) {
	args := servers(t)
	commands := spawn(t, append(args, "--roles", "command")...)
	projects := spawn(t, append(args, "--roles", "consolidator")...)
	queries := spawn(t, append(args, "--roles", "query")...)
	n := rounds(t, 100)
	began := time.Now()
	var quiet tally
	if quiet.readYourWrites(t, commands.store, queries.store, "p", n); quiet.seen.Load() != int64(n) {
		t.Errorf("%d of %d reads saw the write", quiet.seen.Load(), n)
	}
	t.Logf("%d writes, each read at once, in %s", n, time.Since(began))
	var killed tally
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		killed.readYourWrites(t, commands.store, queries.store, "k", n)
	}()
	times := 0
	for going := true; going; times++ {
		projects.Kill()
		next := killed.seen.Load() + 20
		projects = spawn(t, append(args, "--roles", "consolidator")...)
		for going && killed.seen.Load() < next {
			select {
			case <-done:
				going = false
			case <-time.After(time.Millisecond):
			}
		}
	}
	t.Logf("with %d kills of the consolidator, %d reads saw the write and %d were told that it is not consolidated", times, killed.seen.Load(), killed.late.Load())
	if seen, late := killed.seen.Load(), killed.late.Load(); seen+late != int64(n) || seen == 0 {
		t.Errorf("%d and %d reads of %d", seen, late, n)
	}
}
