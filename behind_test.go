package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/position"
)

// stream subscribes over server-sent events and reads a message whenever it is called: what it doesn't read waits at the server.
func (s *store) stream(query string) (read func() answer) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	body, _ := json.Marshal(map[string]string{"query": query})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/graphql", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cancel(); resp.Body.Close() })
	lines := bufio.NewReader(resp.Body)
	return func() answer {
		s.t.Helper()
		timeout := time.AfterFunc(20*time.Second, cancel)
		defer timeout.Stop()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				s.t.Fatalf("the stream ended: %v", err)
			}
			a := answer{t: s.t, raw: line}
			if text, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(text), &a.data) == nil {
				return a
			}
		}
	}
}

// TestASlowSubscriberResyncs reads next to nothing while more changes come than are kept for it, each of them large to send, and then goes on.
func TestASlowSubscriberResyncs(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		seeded := s.seed().at("data.createOrder.receipt.position")
		s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { note } }`, seeded)).want("data.order.note", "gift")
		fields := ""
		for i := range 240 {
			fields += fmt.Sprintf(" n%d: note", i)
		}
		read := s.stream(`subscription { ordersChanged(where: {status: {eq: CREATED}}, snapshot: true) { type order {` + fields + ` note version } } }`)
		for a := read(); a.at("data.ordersChanged.type") != "LIVE"; a = read() {
			a.want("data.ordersChanged.type", "SNAPSHOT")
		}
		quick := s.stream(`subscription { ordersChanged(snapshot: true) { type order { version } } }`)
		for a := quick(); a.at("data.ordersChanged.type") != "LIVE"; a = quick() {
			a.want("data.ordersChanged.type", "SNAPSHOT")
		}
		const rounds, perRound = 13, 45 // more than a subscriber has taken, at most 256 at once, and what is kept for it, 256 more
		large := strings.Repeat("x", 4<<10)
		told, resynced := 0, false
		next := func() {
			a := read()
			if resynced = a.at("data.ordersChanged.type") == "RESYNC"; !resynced {
				a.want("data.ordersChanged.type", "UPDATED")
				told++
			}
		}
		for i := 0; i < rounds && !resynced; i++ {
			m := "mutation {"
			for i := range perRound {
				m += fmt.Sprintf(` m%d: noteOrder(id: "o1", note: "%d%s") { errors { code } }`, i, i, large)
			}
			s.do(m+" }").want("data.m0.errors", "[]")
			next() // a client that takes nothing at all for a while is dropped
		}
		last := s.do(`mutation { noteOrder(id: "o1", note: "the last") { receipt { version } errors { code } } }`).at("data.noteOrder.receipt.version")
		for quick().at("data.ordersChanged.order.version") != last { // what one subscriber has been told of, the other was to be told of too
		}
		for !resynced {
			if next(); told > rounds*perRound {
				t.Fatal("everything came: nothing was missed")
			}
		}
		for again := 0; resynced; again++ { // it may have fallen behind twice: what it is told from the last resync on is whole
			if again == rounds {
				t.Fatal("it never keeps up, although nothing else changes")
			}
			after := fmt.Sprintf("after that, %d", again)
			s.do(fmt.Sprintf(`mutation { noteOrder(id: "o1", note: %q) { errors { code } } }`, after)).want("data.noteOrder.errors", "[]")
			for a := read(); ; a = read() {
				if resynced = a.at("data.ordersChanged.type") == "RESYNC"; resynced || a.want("data.ordersChanged.type", "UPDATED").at("data.ordersChanged.order.note") == after {
					break
				}
			}
		}
		s.do(`mutation { approveOrder(id: "o1") { errors { code } } }`).want("data.approveOrder.errors", "[]")
		read().want("data.ordersChanged.type", "LEFT")
	})
}

// behind asks for a position that isn't consolidated, and expects to be told so in time.
func (s *store) behind(p string) {
	s.t.Helper()
	began := time.Now()
	s.do(fmt.Sprintf(`{ order(id: "o1", atLeast: %q) { id } }`, p)).want("errors.0.extensions.code", "NOT_CONSOLIDATED", "data.order", "<nil>")
	if d := time.Since(began); d < 4*time.Second || d > 8*time.Second {
		s.t.Errorf("it took %s; the bound is 5 s", d)
	}
}

func TestAPositionThatIsNotConsolidated(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		t.Parallel() // it waits
		s := start(t, args...)
		p, err := position.Parse(s.seed().at("data.createOrder.receipt.position"))
		if err != nil {
			t.Fatal(err)
		}
		n := p.Partitions()[0]
		place, _ := p.Place(n)
		place.Seq += 1000
		s.behind(p.Join(position.At(n, place)).String()) // in the future
	})
	t.Run("no consolidator", func(t *testing.T) {
		t.Parallel()
		args := servers(t)
		commands := start(t, append(args, "--roles", "command")...)
		queries := start(t, append(args, "--roles", "query")...)
		line := `mutation { registerCustomer(id: "c1", name: "Ana", email: "a@example.org", city: "x", region: "y") { receipt { position } errors { code } } }`
		p := commands.post("/command", line).at("data.registerCustomer.receipt.position")
		q := &store{t: t, addr: queries.addr}
		q.behind(p)
		start(t, append(args, "--roles", "consolidator")...)
		q.do(fmt.Sprintf(`{ customer(id: "c1", atLeast: %q) { name } }`, p)).want("data.customer.name", "Ana") // it only was late
	})
}
