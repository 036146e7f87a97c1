package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// client is a WebSocket that a test holds.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

func (r *running) socket(protocol string) *client {
	r.t.Helper()
	conn, resp, err := websocket.Dial(r.t.Context(), "ws://"+r.addr+"/graphql", &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.Body != nil {
		resp.Body.Close()
	}
	r.t.Cleanup(func() { conn.CloseNow() })
	return &client{r.t, conn}
}

func (c *client) send(text string) *client {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
	return c
}

func (c *client) subscribe(id, q string) *client {
	c.t.Helper()
	return c.send(fmt.Sprintf(`{"type":"subscribe","id":%q,"payload":%s}`, id, query(q)))
}

// next returns the next message of one of the types.
func (c *client) next(types ...string) message {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	for {
		var m message
		if err := wsjson.Read(ctx, c.conn, &m); err != nil {
			c.t.Fatal(err)
		}
		for _, t := range types {
			if m.Type == t {
				return m
			}
		}
	}
}

// closed reads until the server closes, and returns the code.
func (c *client) closed() int {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	for {
		if _, _, err := c.conn.Read(ctx); err != nil {
			return int(websocket.CloseStatus(err))
		}
	}
}

func TestCloseCodes(t *testing.T) {
	r := serve(t, nil)
	const hello = `{"type":"connection_init"}`
	const subscribe = `{"type":"subscribe","id":"1","payload":{"query":"subscription{never}"}}`
	for name, c := range map[string]struct {
		messages []string
		code     int
	}{
		"no JSON":                   {[]string{hello, `{`}, 4400},
		"no JSON at first":          {[]string{`secret`}, 4400},
		"not UTF-8":                 {[]string{hello, `{"type":"ping","payload":{"a":"` + "\xff" + `"}}`}, 4400},
		"an unknown type":           {[]string{hello, `{"type":"begin"}`}, 4400},
		"no id":                     {[]string{hello, `{"type":"subscribe","payload":{"query":"subscription{never}"}}`}, 4400},
		"a wrong payload of init":   {[]string{`{"type":"connection_init","payload":"x"}`}, 4400},
		"no position in init":       {[]string{`{"type":"connection_init","payload":{"Daybook-At-Least":"x"}}`}, 4400},
		"a position as a number":    {[]string{`{"type":"connection_init","payload":{"Daybook-At-Least":7}}`}, 4400},
		"subscribe before init":     {[]string{subscribe}, 4401},
		"init twice":                {[]string{hello, hello}, 4429},
		"an id in use":              {[]string{hello, subscribe, subscribe}, 4409},
		"an id in use by the other": {[]string{hello, subscribe, strings.Replace(subscribe, "subscription{never}", "{text(size:1)}", 1)}, 4409},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.socket("graphql-transport-ws")
			for _, m := range c.messages {
				s.send(m)
			}
			if code := s.closed(); code != c.code {
				t.Errorf("closed with %d", code)
			}
		})
	}
	if strings.Contains(r.log.String(), "secret") {
		t.Error(r.log)
	}
}

func TestAnIDIsFreeAfterItsEnd(t *testing.T) {
	r := serve(t, nil)
	s := r.socket("graphql-transport-ws").send(`{"type":"connection_init"}`)
	for range 20 {
		s.subscribe("1", `subscription{never}`)
		<-r.stub.began
		s.send(`{"type":"complete","id":"1"}`)
	}
	s.subscribe("2", `{text(size:1)}`)
	if m := s.next("next"); m.ID != "2" {
		t.Errorf("%+v", m)
	}
	if m := s.next("complete"); m.ID != "2" {
		t.Errorf("%+v", m)
	}
	s.subscribe("2", `{nothing}`)
	if m := s.next("error", "next"); m.Type != "error" || m.ID != "2" || !strings.Contains(string(m.Payload), "GRAPHQL_VALIDATION_FAILED") {
		t.Errorf("%+v", m)
	}
	s.subscribe("2", `{text(size:1)}`)
	if m := s.next("next", "complete", "error"); m.Type != "next" { // no complete of the one that failed
		t.Errorf("%+v", m)
	}
}

func TestOperationsOfOneSocketAreBounded(t *testing.T) {
	for protocol, begin := range map[string]string{"graphql-transport-ws": "subscribe", "graphql-ws": "start"} {
		r := serve(t, func(c *Config) { c.Limits.Subscriptions = 3 })
		s := r.socket(protocol).send(`{"type":"connection_init"}`)
		for i := range 4 {
			s.send(fmt.Sprintf(`{"type":%q,"id":"%d","payload":{"query":"subscription{never}"}}`, begin, i))
		}
		m := s.next("error")
		if m.ID != "3" || !strings.Contains(string(m.Payload), `"TOO_MUCH"`) {
			t.Errorf("%s: %+v", protocol, m)
		}
		end := map[string]string{"subscribe": "complete", "start": "stop"}[begin]
		s.send(fmt.Sprintf(`{"type":%q,"id":"0"}`, end))
		s.next("complete")
		s.send(fmt.Sprintf(`{"type":%q,"id":"9","payload":{"query":"{text(size:1)}"}}`, begin))
		if m := s.next("next", "data", "error"); m.ID != "9" || m.Type == "error" {
			t.Errorf("%s: %+v", protocol, m)
		}
	}
}

func TestWrongPayloadsOnSockets(t *testing.T) {
	r := serve(t, nil)
	s := r.socket("graphql-transport-ws").send(`{"type":"connection_init"}`)
	for _, payload := range []string{`"secret"`, `[{"query":"{text(size:1)}"}]`, `{"query":5}`, `{"query":"{x}","variables":[]}`, `null`} {
		m := s.send(`{"type":"subscribe","id":"1","payload":`+payload+`}`).next("error", "next")
		if !strings.Contains(string(m.Payload), `"INVALID_INPUT"`) || strings.Contains(string(m.Payload), "secret") {
			t.Errorf("%s: %s", payload, m.Payload)
		}
	}
	if strings.Contains(r.log.String(), "secret") {
		t.Error(r.log)
	}
}

func TestPingsAndWhoDoesNotAnswer(t *testing.T) {
	r := serve(t, func(c *Config) { c.Limits.KeepAlive = 100 * time.Millisecond })
	alive := r.socket("graphql-transport-ws").send(`{"type":"connection_init"}`)
	dead := r.socket("graphql-transport-ws").send(`{"type":"connection_init"}`)
	for range 5 { // longer than two intervals
		alive.next("ping")
		alive.send(`{"type":"pong"}`)
	}
	dead.next("ping")
	if code := dead.closed(); code != -1 {
		t.Errorf("closed with %d", code)
	}
	alive.subscribe("1", `{text(size:1)}`).next("next")
}

func TestAShutdownClosesSocketsAsGoingAway(t *testing.T) {
	r := serve(t, nil)
	addr, end := serving(t, r)
	r.addr = addr
	s := r.socket("graphql-transport-ws").send(`{"type":"connection_init"}`).subscribe("1", `subscription{never}`)
	<-r.stub.began
	code := make(chan int, 1)
	go func() { code <- s.closed() }()
	if took, err := end(); err != nil || took > ShutdownBound {
		t.Errorf("%v after %s", err, took)
	}
	if c := <-code; c != int(websocket.StatusGoingAway) {
		t.Errorf("closed with %d", c)
	}
}

func TestAQueryOverASocketHasItsTime(t *testing.T) {
	r := serve(t, func(c *Config) { c.Limits.Timeout = 50 * time.Millisecond })
	s := r.socket("graphql-transport-ws").send(`{"type":"connection_init"}`).subscribe("1", `{wait}`)
	if m := s.next("next", "complete"); m.ID != "1" {
		t.Errorf("%+v", m)
	}
}

func TestHandshakesThatAreNone(t *testing.T) {
	r := serve(t, nil)
	for name, header := range map[string][]string{
		"no version": {"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
		"no key":     {"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13"},
	} {
		status, body, _ := r.send("GET", "/query", "", header...)
		var out struct {
			Errors []struct{ Extensions struct{ Code string } }
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil || len(out.Errors) != 1 || out.Errors[0].Extensions.Code != "INVALID_INPUT" || status < 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body, _ := r.send("POST", "/query", query(`{text(size:1)}`), "Upgrade", "h2c", "Connection", "Upgrade"); status != 200 {
		t.Errorf("another upgrade: %d %s", status, body)
	}
}

// closing notes what a socket is closed with.
type closing struct {
	transport.WebsocketConn
	code int
}

func (c *closing) WriteClose(code int, _ string) error { c.code = code; return nil }

// TestGqlgensCloses has the text that gqlgen closes with when connection_init does not come, which takes longer than a test may.
func TestGqlgensCloses(t *testing.T) {
	r := serve(t, nil)
	for reason, want := range map[string]int{"connection initialisation timeout": 4408, "unexpected message": 1002} {
		to := &closing{}
		s := &socket{WebsocketConn: to, server: r.Server}
		if err := s.WriteClose(transport.WebsocketCloseProtocolError, reason); err != nil || to.code != want {
			t.Errorf("%s: %d, %v", reason, to.code, err)
		}
	}
}
