package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// socket subscribes over a WebSocket and returns the payloads' data as they come.
func (s *store) socket(protocol, query string) <-chan answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	conn, resp, err := websocket.Dial(ctx, "ws://"+s.addr+"/query", &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.Body != nil {
		resp.Body.Close()
	}
	if conn.Subprotocol() != protocol {
		s.t.Fatalf("the server speaks %q", conn.Subprotocol())
	}
	begin := map[string]string{"graphql-transport-ws": "subscribe", "graphql-ws": "start"}[protocol]
	for _, m := range []any{
		map[string]any{"type": "connection_init"},
		map[string]any{"type": begin, "id": "1", "payload": map[string]string{"query": query}},
	} {
		if err := wsjson.Write(ctx, conn, m); err != nil {
			s.t.Fatal(err)
		}
	}
	out := make(chan answer, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m struct {
				Type    string
				Payload any
			}
			if err := wsjson.Read(ctx, conn, &m); err != nil {
				return
			}
			if m.Type == "next" || m.Type == "data" || m.Type == "error" {
				raw, _ := json.Marshal(m)
				out <- answer{s.t, string(raw), m.Payload}
			}
		}
	}()
	s.t.Cleanup(func() { conn.CloseNow(); cancel(); <-done })
	return out
}

// events subscribes over server-sent events.
func (s *store) events(query string, header ...string) <-chan answer {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	body, _ := json.Marshal(map[string]string{"query": query})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	out := make(chan answer, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				a := answer{t: s.t, raw: text}
				if json.Unmarshal([]byte(text), &a.data) == nil {
					out <- a
				}
			}
		}
	}()
	s.t.Cleanup(func() { cancel(); resp.Body.Close(); <-done })
	return out
}

func next(t *testing.T, c <-chan answer) answer {
	t.Helper()
	select {
	case a := <-c:
		return a
	case <-time.After(15 * time.Second):
		t.Fatal("nothing came")
		return answer{}
	}
}

// nextEvent leaves out news of copies alone, which may come at any time: customers are in another partition than their orders.
func nextEvent(t *testing.T, c <-chan answer, subscription string) answer {
	t.Helper()
	for {
		a := next(t, c)
		if a.at("data."+subscription+".type") != "UPDATED" || a.at("data."+subscription+".event") != "<nil>" {
			return a
		}
	}
}

const shipped = `subscription { ordersChanged(where: {status: {eq: SHIPPED}}, snapshot: true) { type id order { id status customer { name } } event { eventId name version } token } }`

func TestLiveQueries(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := start(t, args...)
		s.seed()
		r := s.do(`mutation { approveOrder(id: "o1") { receipt { position } errors { code } } }`)
		s.do(`{ order(id: "o1", atLeast: "`+r.at("data.approveOrder.receipt.position")+`") { id } }`).want("data.order.id", "o1")
		lists := map[string]<-chan answer{
			"graphql-transport-ws": s.socket("graphql-transport-ws", shipped), "graphql-ws": s.socket("graphql-ws", shipped), "sse": s.events(shipped),
		}
		for _, c := range lists {
			next(t, c).want("data.ordersChanged.type", "LIVE")
		}
		one := s.socket("graphql-transport-ws", `subscription { orderChanged(id: "o1") { type order { id status } event { name } } }`)
		s.do(`mutation { shipOrder(id: "o1") { errors { code } } }`).want("data.shipOrder.errors", "[]")
		var token string
		for name, c := range lists {
			a := nextEvent(t, c, "ordersChanged").want("data.ordersChanged.type", "ENTERED", "data.ordersChanged.order.status", "SHIPPED", "data.ordersChanged.order.customer.name", "Ana",
				"data.ordersChanged.event.name", "OrderShipped", "data.ordersChanged.event.version", "3", "data.ordersChanged.event.eventId", "Order:o1@3")
			token = a.at("data.ordersChanged.token")
			t.Log(name, a.raw)
		}
		s.do(`mutation { deliverOrder(id: "o1") { errors { code } } blockCustomer(id: "c1") { errors { code } } }`).want("data.deliverOrder.errors", "[]")
		for _, c := range lists {
			nextEvent(t, c, "ordersChanged").want("data.ordersChanged.type", "LEFT", "data.ordersChanged.order.status", "DELIVERED")
		}
		for a := nextEvent(t, one, "orderChanged"); a.at("data.orderChanged.event.name") != "OrderDelivered"; a = nextEvent(t, one, "orderChanged") {
			a.want("data.orderChanged.event.name", "OrderShipped") // it may have begun before or after that
		}
		// Who comes back with a token misses nothing.
		again := s.socket("graphql-transport-ws", strings.Replace(shipped, "snapshot: true", `token: "`+token+`"`, 1))
		nextEvent(t, again, "ordersChanged").want("data.ordersChanged.type", "LEFT", "data.ordersChanged.event.name", "OrderDelivered")
		bad := s.socket("graphql-transport-ws", strings.Replace(shipped, "snapshot: true", `token: "garbage"`, 1))
		if a := next(t, bad); !strings.Contains(a.raw, "resume token") {
			t.Error(a.raw)
		}
	})
}
