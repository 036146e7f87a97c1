package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/graph"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/rules"
)

// store is a running store, seen over HTTP.
type store struct {
	t    testing.TB
	addr string            // "127.0.0.1:12345"
	done position.Position // what commands have done
}

var definition = app.Definition{
	Schema: model, Fingerprint: graph.Fingerprint, Graph: graph.New, API: graph.API, Command: graph.Command, Query: graph.Query, Rules: rules.Table(), Reactions: rules.Reactions(), Projections: rules.Projections(), Example: example,
}

var playgroundURL = regexp.MustCompile(`http://(\S+)/playground`)

// start runs the application in this process until the test ends.
func start(t testing.TB, args ...string) *store {
	t.Helper()
	return startAs(t, definition, args...)
}

// startAs runs an application that is not quite this one.
func startAs(t testing.TB, def app.Definition, args ...string) *store {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	logs := &buffer{}
	done := make(chan int, 1)
	go func() {
		done <- app.Do(ctx, def, append([]string{"--listen", "127.0.0.1:0"}, args...), nil, in, logs)
		in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case code := <-done:
			if code != 0 {
				t.Errorf("exit code %d\n%s", code, logs)
			}
		case <-time.After(15 * time.Second):
			t.Errorf("it did not stop\n%s", logs)
		}
	})
	var text strings.Builder
	for buf := make([]byte, 4096); ; {
		n, err := out.Read(buf)
		text.Write(buf[:n])
		if m := playgroundURL.FindStringSubmatch(text.String()); m != nil {
			go io.Copy(io.Discard, out) //nolint:errcheck // ends with the pipe
			return &store{t: t, addr: m[1]}
		}
		if err != nil {
			t.Fatalf("it did not start: %s\n%s", text.String(), logs)
		}
	}
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// answer is a decoded JSON value that tests look into by path.
type answer struct {
	t    testing.TB
	raw  string
	data any
}

func (s *store) post(path, query string, header ...string) answer {
	s.t.Helper()
	return s.send(path, map[string]any{"query": query}, header...)
}

func (s *store) send(path string, request map[string]any, header ...string) answer {
	s.t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+s.addr+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{t: s.t, raw: string(text)}
	if err := json.Unmarshal(text, &a.data); err != nil {
		s.t.Fatalf("%v: %s", err, text)
	}
	return a
}

func (s *store) do(query string) answer { s.t.Helper(); return s.post("/graphql", query) }

// at returns what is at a path such as "data.orders.edges.0.node.id", as text.
func (a answer) at(path string) string {
	a.t.Helper()
	v, there := a.look(path)
	if !there {
		a.t.Fatalf("nothing at %s in %s", path, a.raw)
	}
	return v
}

// look is at without a failure.
func (a answer) look(path string) (text string, there bool) {
	v := a.data
	for key := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			return "", false
		}
	}
	return fmt.Sprint(v), true
}

// want compares pairs of path and text.
func (a answer) want(pairs ...string) answer {
	a.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := a.at(pairs[i]); got != pairs[i+1] {
			a.t.Errorf("%s is %q, not %q in %s", pairs[i], got, pairs[i+1], a.raw)
		}
	}
	return a
}

// seed makes the customer c1, the product p1 and the order o1, as the README does.
func (s *store) seed() answer {
	s.t.Helper()
	s.do(`mutation { registerCustomer(id: "c1", name: "Ana", email: "ana@example.org", city: "Recife", region: "PE") { customer { id name status } receipt { commandId position version duplicate durability events { entity id name from to version } } errors { code reason message field state allowed } } }`).
		want("data.registerCustomer.customer.status", "ACTIVE", "data.registerCustomer.receipt.events.0.name", "CustomerRegistered", "data.registerCustomer.errors", "[]")
	s.do(`mutation { createProduct(id: "p1", category: "toys", weightGrams: 250) { product { id category } receipt { version } errors { code } } }`).
		want("data.createProduct.receipt.version", "1")
	return s.do(`mutation { createOrder(id: "o1", customer: "c1", lines: [{product: "p1", seller: "s1", price: "21.33", freight: "15.10", quantity: 3}], note: "gift") { order { id status total customer { name } lines { product { category } quantity } } receipt { position version } errors { code message } } }`).
		want("data.createOrder.order.total", "79.09", "data.createOrder.order.customer.name", "Ana", "data.createOrder.order.lines.0.product.category", "toys")
}

// settle waits until what seed made is consolidated: it is in several partitions, of which each goes its own pace.
func (s *store) settle() {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		a := s.do(`{ customer(id: "c1") { id } product(id: "p1") { id } order(id: "o1") { customerName } }`)
		if !strings.Contains(a.raw, "null") {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("not consolidated: %s", a.raw)
		}
	}
}

// try posts a query and reports whether an answer came.
func (s *store) try(query string) bool {
	body, _ := json.Marshal(map[string]string{"query": query})
	resp, err := http.Post("http://"+s.addr+"/graphql", "application/json", bytes.NewReader(body)) //nolint:noctx // the process may be gone
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK && strings.Contains(string(text), `"errors":[]`)
}
